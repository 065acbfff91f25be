"""All that is found in a clip, one part after the other: its sounds, the music's tags, the music's facts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from models.feature_store import FeatureStore
from models.model_cache import ModelCache, never
from models.model_catalog import AUTO, ModelCatalog
from pipelines.audio_clip import AudioClip
from pipelines.music_facts import FactOptions, MusicFacts, music_facts
from pipelines.music_tagging import MusicTagOptions, MusicTags, tag_music
from pipelines.sound_tagging import SoundTags, TagOptions, tag_sounds

SOUNDS_SHARE, MUSIC_SHARE = 0.15, 0.3
"""Of the work; the facts are the rest."""


@dataclass(frozen=True)
class DescriptionOptions:
    """What the person can choose."""

    sound_model: str = AUTO
    names: int = 5
    """How many tags of each kind may name the clip."""
    facts: FactOptions = field(default_factory=FactOptions)


@dataclass(frozen=True, eq=False)
class ClipDescription:
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Of the clip, in seconds."""
    sounds: SoundTags | None = None
    music: MusicTags | None = None
    facts: MusicFacts | None = None
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


def describe_clip(
    clip: AudioClip,
    options: DescriptionOptions,
    catalog: ModelCatalog,
    cache: ModelCache,
    features: FeatureStore,
    should_stop: Callable[[], bool] = never,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[ClipDescription]:
    """Find what is in `clip`: a snapshot whenever more is known, and ten a second in between, so that the caller can stop.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    now = ClipDescription(clip.duration, device=catalog.device.upper())
    for step in _steps(clip, options, catalog, cache, features, should_stop, now):
        now = replace(step, elapsed=clock() - began)
        yield now
    if should_stop():
        yield replace(now, state="stopped", doing="", elapsed=clock() - began)
    else:
        yield replace(now, state="done", doing="", position=1.0, elapsed=clock() - began)


def _steps(
    clip: AudioClip,
    options: DescriptionOptions,
    catalog: ModelCatalog,
    cache: ModelCache,
    features: FeatureStore,
    should_stop: Callable[[], bool],
    now: ClipDescription,
) -> Iterator[ClipDescription]:
    with_models = catalog, cache, features, should_stop
    for sounds in tag_sounds(clip, TagOptions(options.sound_model, options.names), *with_models):
        share = SOUNDS_SHARE * sounds.position / clip.duration
        now = replace(now, sounds=sounds, models=(sounds.model,), doing="Listening for sounds", position=share)
        yield now
    if should_stop():
        return
    for music in tag_music(clip, MusicTagOptions(options.names), *with_models):
        share = SOUNDS_SHARE + MUSIC_SHARE * music.position / clip.duration
        now = replace(now, music=music, models=_joined(now.models, music.models), doing="Naming the music", position=share)
        yield now
    if should_stop():
        return
    for facts in music_facts(clip, options.facts, *with_models):
        share = SOUNDS_SHARE + MUSIC_SHARE + (1 - SOUNDS_SHARE - MUSIC_SHARE) * facts.position
        now = replace(now, facts=facts, models=_joined(now.models, facts.models), doing="Measuring the music", position=share)
        yield now


def _joined(known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
