"""All that is found in a clip, part after part: its sounds, the music's tags and facts, and a caption that is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from models.model_catalog import AUTO, ModelCatalog
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.description.caption import FROM_FACTS, CheckedCaption, caption_clip
from pipelines.description.findings import ClipFindings
from pipelines.description.model_caption import CaptionOptions
from pipelines.music.analysis import music_facts
from pipelines.music.facts import ClipTags, FactOptions, MusicFacts
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions, MusicTags
from pipelines.speech.transcription import Transcription, TranscriptionOptions, find_stored
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import SoundTags, TagOptions

SOUNDS_SHARE, MUSIC_SHARE, FACTS_SHARE = 0.1, 0.25, 0.35
"""Of the work; the caption is the rest."""


@dataclass(frozen=True)
class DescriptionOptions:
    """What the person can choose."""

    sound_model: str = AUTO
    names: int = 5
    """How many tags of each kind may name the clip."""
    facts: FactOptions = field(default_factory=FactOptions)
    caption: CaptionOptions = field(default_factory=lambda: CaptionOptions(model=FROM_FACTS))


@dataclass(frozen=True, eq=False)
class ClipDescription:
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Of the clip, in seconds."""
    sounds: SoundTags | None = None
    music: MusicTags | None = None
    facts: MusicFacts | None = None
    caption: CheckedCaption | None = None
    doing: str = ""
    """What is at work, in a word or two for people; '' when it is done."""
    models: tuple[str, ...] = ()
    """Titles, in the order of their use."""
    device: str = ""
    position: float = 0.0
    """0 to 1, of the whole work."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["listening", "done", "stopped"] = "listening"
    speech: Transcription | None = None
    """What was said, if it has been written down before."""

    @property
    def findings(self) -> ClipFindings:
        """What was measured, for captions, questions and evidence."""
        return ClipFindings(self.duration, self.facts, self.music, self.sounds, self.speech)


def describe_clip(
    clip: AudioClip,
    options: DescriptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[ClipDescription]:
    """Find what is in `clip`: a snapshot whenever more is known, and ten a second in between, so that the caller can stop.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    now = ClipDescription(clip.duration, device=runtime.catalog.device.upper(), speech=_known_speech(clip, runtime.catalog))
    for step in _steps(clip, options, runtime, should_stop, now):
        now = replace(step, elapsed=clock() - began)
        yield now
    if should_stop():
        yield replace(now, state="stopped", doing="", elapsed=clock() - began)
    else:
        yield replace(now, state="done", doing="", position=1.0, elapsed=clock() - began)


def _steps(
    clip: AudioClip,
    options: DescriptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
    now: ClipDescription,
) -> Iterator[ClipDescription]:
    with_models = runtime, should_stop
    for sounds in tag_sounds(clip, TagOptions(options.sound_model, options.names), *with_models):
        share = SOUNDS_SHARE * sounds.position / clip.duration
        now = replace(now, sounds=sounds, models=(sounds.model,), doing="Listening for sounds", position=share)
        yield now
    if should_stop():
        return
    for music in tag_music(clip, MusicTagOptions(options.names), *with_models):
        share = SOUNDS_SHARE + MUSIC_SHARE * music.position / clip.duration
        now = replace(
            now, music=music, models=_joined(now.models, music.model.split(", ")), doing="Naming the music", position=share
        )
        yield now
    if should_stop():
        return
    for facts in music_facts(clip, options.facts, *with_models, tags=ClipTags(sounds, music)):
        share = SOUNDS_SHARE + MUSIC_SHARE + FACTS_SHARE * facts.position
        now = replace(
            now, facts=facts, models=_joined(now.models, facts.model.split(", ")), doing="Measuring the music", position=share
        )
        yield now
    if should_stop():
        return
    models, measured = now.models, SOUNDS_SHARE + MUSIC_SHARE + FACTS_SHARE
    for caption in caption_clip(clip, now.findings, options.caption, runtime, should_stop):
        share = measured + (1 - measured) * caption.position
        now = replace(now, caption=caption, models=_joined(models, (caption.model,)), doing="Writing", position=share)
        yield now


def _known_speech(clip: AudioClip, catalog: ModelCatalog) -> Transcription | None:
    """A transcript with the usual options, if there is one already."""
    return find_stored(clip, TranscriptionOptions(), catalog)


def _joined(known: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
