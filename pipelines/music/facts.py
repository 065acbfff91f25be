"""What is known about the music of a clip: the options and the result of its analysis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import Result
from pipelines.music.harmony.types import Chord, Key, KeySpan
from pipelines.music.loudness import Loudness
from pipelines.music.rhythm.types import Beats, Tempo
from pipelines.music.sections.types import Section
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.tagging.tags import SoundTags

MIN_BPM, MAX_BPM = 40.0, 240.0
"""Limits of the options, which have to be an octave or more apart."""


@dataclass(frozen=True)
class Vocals(Result):
    """Singing, rapping or humming; plain speech does not count."""

    present: bool | None
    """Whether there are vocals; None where that stays open."""
    probability: float
    """0 to 1, that there are vocals in the clip."""
    spans: tuple[tuple[float, float], ...]
    """(start, end) in seconds of each segment with vocals, ascending, without overlaps; () unless `present`."""


@dataclass(frozen=True)
class FactOptions:
    """Options of `music_facts`."""

    min_bpm: float = MIN_BPM
    """Lower limit of the tempo, beats per minute."""
    max_bpm: float = MAX_BPM
    """Upper limit of the tempo, beats per minute."""
    beats_per_bar: int | None = None
    """2 to 5 where the metre is known; None to find out."""


@dataclass(frozen=True)
class MusicFacts(ModelUse):
    """The facts so far; the last one of a run is the result. None and () stand for 'not known (yet)'."""

    duration: float
    """Duration of the clip in seconds."""
    music: float | None = None
    """Mean score of music over the clip, 0 to 1."""
    is_music: bool | None = None
    """Whether the clip is music, as its tags decide it."""
    tempo: Tempo | None = None
    """None also for a clip without a pulse: speech, birdsong, noise, a held chord, less than about 3 s."""
    beats: Beats | None = None
    """None exactly if there is no tempo."""
    no_tempo_reason: str = ""
    """Why there is no tempo, in a few words for people; '' where there is one, or before it is known."""
    tuning_cents: float | None = None
    """Deviation of the notes from A4 = 440 Hz in cents of a semitone; 0 where the clip has no single tuning."""
    no_key_reason: str = ""
    """Why there is no key, in a few words for people; '' where there is one, or before it is known."""
    key: Key | None = None
    """None also for a clip without a tonal centre."""
    key_spans: tuple[KeySpan, ...] = ()
    """From 0 to the end of the clip; one where the key does not change, () for a clip without a tonal centre."""
    chords: tuple[Chord, ...] = ()
    """From 0 to the end of the clip; () also for a clip without a tonal centre."""
    sections: tuple[Section, ...] = ()
    """From 0 to the end of the clip; one section where there is no boundary, () where there is no music."""
    loudness: Loudness | None = None
    vocals: Vocals | None = None
    position: float = 0.0
    """Progress of the job, 0 to 1."""
    state: Literal["loading", "analysing", "done", "stopped"] = field(default="loading", kw_only=True)


@dataclass(frozen=True)
class ClipTags(Result):
    """Tags of the clip that are known already; a missing one is computed."""

    sounds: SoundTags | None = None
    music: MusicTags | None = None
