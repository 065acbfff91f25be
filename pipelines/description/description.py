"""The description of a clip, step by step: sound tags, music tags and facts, and a caption whose claims are checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO
from models.stopping import never_stop
from pipelines import APP_NAME, APP_VERSION
from pipelines.clip.clip import AudioClip
from pipelines.description.caption import FROM_FACTS, CheckedCaption, caption_clip
from pipelines.description.findings import ClipFindings
from pipelines.description.model_caption import CaptionOptions
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import ModelUse
from pipelines.music.analysis import music_facts
from pipelines.music.facts import ClipTags, FactOptions, MusicFacts
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions, MusicTags
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.speech.transcription import find_stored
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import SoundTags, TagOptions

DOCUMENT_VERSION = 1
"""Increased when a field of `description_document` changes its meaning or is removed."""
SOUNDS_FRACTION, MUSIC_FRACTION, FACTS_FRACTION = 0.1, 0.25, 0.35
"""Fractions of the whole work, for its progress; the caption is the rest."""


@dataclass(frozen=True)
class DescriptionOptions:
    """Models, number of tags, and options of facts and caption."""

    sound_model: str = AUTO
    max_tags: int = 5
    """Maximum number of tags of each kind."""
    facts: FactOptions = field(default_factory=FactOptions)
    caption: CaptionOptions = field(default_factory=lambda: CaptionOptions(model=FROM_FACTS))


@dataclass(frozen=True, eq=False)
class ClipDescription(ModelUse):
    """A snapshot of a description; the last one of a run is the result. `model` names all models in the order of their use."""

    duration: float
    """Duration of the clip in seconds."""
    sounds: SoundTags | None = None
    music: MusicTags | None = None
    facts: MusicFacts | None = None
    caption: CheckedCaption | None = None
    step: str = ""
    """Title of the step at work; '' at the end."""
    position: float = 0.0
    """Progress of the whole work, 0 to 1."""
    speech: Transcription | None = None
    """The transcript, if the clip has been transcribed before."""
    state: Literal["describing", "done", "stopped"] = field(default="describing", kw_only=True)

    @property
    def findings(self) -> ClipFindings:
        """The measurements, for captions, answers and the check of claims."""
        return ClipFindings(self.duration, self.facts, self.music, self.sounds, self.speech)


def description_document(clip: AudioClip, description: ClipDescription) -> dict[str, Any]:
    """Return the description as JSON values, with the title of the clip and what made it."""
    about = {"app": APP_NAME, "app_version": APP_VERSION, "version": DOCUMENT_VERSION, "title": clip.name}
    return {**about, **description.to_dict()}


@in_cluster("music", model="options.sound_model")
def describe_clip(
    clip: AudioClip,
    options: DescriptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[ClipDescription]:
    """Describe `clip`: yield a snapshot for each new result, and ten a second in between, so that the caller can stop.

    Args:
        clip: the audio.
        options: models, number of tags, and options of facts and caption.
        runtime: catalogue, models and feature store.
        should_stop: asked at every snapshot.
        clock: seconds, for `elapsed`.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be loaded; see `ModelCache.lease`.
    """
    began = clock()
    now = ClipDescription(clip.duration, speech=_known_speech(clip, runtime.catalog))
    for step in _steps(clip, options, runtime, should_stop, now):
        now = replace(step, elapsed=clock() - began)
        yield now
    if should_stop():
        yield replace(now, state="stopped", step="", elapsed=clock() - began)
    else:
        yield replace(now, state="done", step="", position=1.0, elapsed=clock() - began)


def _steps(
    clip: AudioClip,
    options: DescriptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
    now: ClipDescription,
) -> Iterator[ClipDescription]:
    for sounds in tag_sounds(clip, TagOptions(options.sound_model, options.max_tags), runtime, should_stop):
        done = SOUNDS_FRACTION * sounds.position / clip.duration
        now = replace(now, sounds=sounds, step="Tagging sounds", position=done, **_use(sounds))
        yield now
    if should_stop():
        return
    for music in tag_music(clip, MusicTagOptions(options.max_tags), runtime, should_stop):
        done = SOUNDS_FRACTION + MUSIC_FRACTION * music.position / clip.duration
        now = replace(now, music=music, step="Tagging music", position=done, **_use(sounds, music))
        yield now
    if should_stop():
        return
    for facts in music_facts(clip, options.facts, runtime, should_stop, tags=ClipTags(sounds, music)):
        done = SOUNDS_FRACTION + MUSIC_FRACTION + FACTS_FRACTION * facts.position
        now = replace(now, facts=facts, step="Measuring the music", position=done, **_use(sounds, music, facts))
        yield now
    if should_stop():
        return
    measured = SOUNDS_FRACTION + MUSIC_FRACTION + FACTS_FRACTION
    for caption in caption_clip(clip, now.findings, options.caption, runtime, should_stop):
        done = measured + (1 - measured) * caption.position
        use = _use(sounds, music, facts, caption)
        now = replace(now, caption=caption, step="Writing the caption", position=done, **use)
        yield now


def _use(*results: ModelUse) -> dict[str, Any]:
    """Return models, licences and devices of all results, each name once, and the number format of the first."""

    def names(field: str) -> str:
        return ", ".join(dict.fromkeys(name for result in results for name in getattr(result, field).split(", ") if name))

    return {field: names(field) for field in ("model", "licence", "device")} | {"dtype": results[0].dtype}


def _known_speech(clip: AudioClip, catalog: ModelCatalog) -> Transcription | None:
    """Return the stored transcript with default options, if there is one."""
    return find_stored(clip, TranscriptionOptions(), catalog)
