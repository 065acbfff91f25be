"""What can be said of the music in a clip: tempo, beats, key, chords, sections, loudness, vocals.

Every fact has a confidence and what else it might have been. Where there is no music, no pulse or no tonal centre, the fact is
None, not a guess. What the networks say is kept in the feature store block by block, so a second request for a clip only decides
anew; beside that, hours of audio need no more memory than a few minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.arrays import AnyArray, FloatArray, IntArray
from models.cache.feature_store import FeatureKey
from models.errors import InvalidOption
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.music.beat_network import (
    METRES,
    RHYTHM_SAMPLE_RATE,
    RhythmActivations,
    joined,
    level_gain,
    rhythm_block,
    rhythm_block_count,
)
from pipelines.music.beat_tracking import (
    Beats,
    MetreCandidate,
    RhythmOptions,
    Tempo,
    TempoCandidate,
    beat_frames,
    rhythm_of_beats,
)
from pipelines.music.chord_recognition import (
    CHORD_COUNT,
    Chord,
    ChordCandidate,
    find_chords,
    harmony_share,
)
from pipelines.music.harmony_network import HARMONY_HOP_SAMPLES, harmony_logits, pooled_notes
from pipelines.music.key_detection import Key, KeyCandidate, find_key
from pipelines.music.loudness import (
    Loudness,
    LoudnessReader,
    loudness_block_count,
    loudness_of,
)
from pipelines.music.music_tagging import MusicTagOptions, MusicTags, tag_music
from pipelines.music.note_activations import NOTE_SAMPLE_RATE, note_block, note_block_count
from pipelines.music.structure import Section, find_sections
from pipelines.music.vocals import Vocals, find_vocals, music_score
from pipelines.tagging.sound_tagging import SoundTags, TagOptions, tag_sounds

__all__ = [
    "Beats",
    "Chord",
    "ChordCandidate",
    "FactOptions",
    "Key",
    "KeyCandidate",
    "Loudness",
    "MetreCandidate",
    "MusicFacts",
    "Section",
    "Tempo",
    "TempoCandidate",
    "Vocals",
    "music_facts",
]

WORKING_BYTES = 200 * 2**20
"""Spectrograms and activations of one block, with room to spare."""
SLOWEST_BPM, FASTEST_BPM = 40.0, 240.0
"""Between them the options have to lie, an octave apart or more."""
LOUDNESS_REVISION = "1"
WEAKEST_PULSE, STRONG_PULSE = 0.35, 0.8
"""Mean probability of the beats from which there is a tempo: in music, and in what does not sound like it, as a metronome."""
SHARES = {"listening": 0.15, "voices": 0.25, "beats": 0.2, "notes": 0.25, "loudness": 0.15}
"""Of the work that each part of the job is."""


@dataclass(frozen=True)
class FactOptions:
    """What the person can choose."""

    slowest_bpm: float = SLOWEST_BPM
    """Beats per minute; a reading below is not considered."""
    fastest_bpm: float = FASTEST_BPM
    beats_per_bar: int | None = None
    """Of the metre if the person knows it, 2 to 5; None to find out."""


@dataclass(frozen=True)
class MusicFacts:
    """What is known so far; the last one of a run is the result. None and () stand for 'not known (yet)'."""

    duration: float
    """Of the clip, in seconds."""
    music: float | None = None
    """Mean score of music over the clip, 0 to 1."""
    is_music: bool | None = None
    """Whether the clip is music, as its tags decide it."""
    tempo: Tempo | None = None
    """None also for a clip without a pulse: speech, birdsong, noise, a held chord, less than about 3 s."""
    beats: Beats | None = None
    """None exactly if there is no tempo."""
    key: Key | None = None
    """None also for a clip without a tonal centre."""
    chords: tuple[Chord, ...] = ()
    """From 0 to the end of the clip; () also for a clip without a tonal centre."""
    sections: tuple[Section, ...] = ()
    """From 0 to the end of the clip; one section where nothing divides it, () where there is no music."""
    loudness: Loudness | None = None
    vocals: Vocals | None = None
    models: tuple[str, ...] = ()
    """Titles of the models in use."""
    device: str = ""
    position: float = 0.0
    """How far the job is, 0 to 1 of all its work."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["loading", "listening", "done", "stopped"] = "loading"


def music_facts(
    clip: AudioClip,
    options: FactOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[MusicFacts]:
    """Find the facts of `clip`: a snapshot whenever more is known, and ten a second in between, so that the caller can stop.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    _check(options)
    finder = _FactFinder(clip, options, runtime)
    now = MusicFacts(clip.duration, models=finder.models, device=runtime.catalog.device.upper())
    yield now
    for step in in_background(finder.steps, should_stop):
        if step is not None:
            now = replace(now, **step, state="listening")
        now = replace(now, elapsed=clock() - began)
        if step is None or now.position < 1:
            yield now
    yield replace(now, state="done" if now.position >= 1 else "stopped", elapsed=clock() - began)


def _check(options: FactOptions) -> None:
    """Raise InvalidOption for what cannot be looked for."""
    slowest, fastest = options.slowest_bpm, options.fastest_bpm
    if not SLOWEST_BPM <= slowest <= fastest / 2 <= FASTEST_BPM / 2:
        raise InvalidOption(
            "range of tempi", f"{slowest:g} to {fastest:g}", f"an octave or more between {SLOWEST_BPM:g} and {FASTEST_BPM:g} BPM"
        )
    lengths = {length for length, _ in METRES}
    if options.beats_per_bar is not None and options.beats_per_bar not in lengths:
        raise InvalidOption("beats per bar", options.beats_per_bar, f"{min(lengths)} to {max(lengths)}")


ArrayT = TypeVar("ArrayT", bound=AnyArray)
Halves = NDArray[np.float16]
"""What is kept for a long time; it need not be more exact."""
Found = dict[str, Any]
"""Fields of `MusicFacts` that became known."""


class _FactFinder:
    """One clip and the models for it. Each lease is for one block, and blocks that are known need none."""

    def __init__(self, clip: AudioClip, options: FactOptions, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._options = options
        self._runtime = runtime
        self._beats = runtime.catalog.choose("track_beats", working_bytes=WORKING_BYTES).spec
        self._notes = runtime.catalog.choose("transcribe_notes", working_bytes=WORKING_BYTES).spec
        self._harmony = runtime.catalog.choose("name_chords", working_bytes=WORKING_BYTES).spec
        self._sounds = runtime.catalog.choose("tag_sounds", working_bytes=WORKING_BYTES).spec
        self._position = 0.0

    @property
    def models(self) -> tuple[str, ...]:
        """Titles of all models in use."""
        return tuple(spec.title for spec in (self._sounds, self._beats, self._notes, self._harmony))

    def steps(self, stopped: Callable[[], bool]) -> Generator[Found, None, None]:
        """What becomes known, one part after the other."""
        tags = yield from self._sound_tags(stopped)
        music_tags = yield from self._music_tags(stopped)
        is_music = bool(music_tags.is_music)
        yield {"music": music_score(tags.scores), "is_music": is_music, "vocals": find_vocals(tags, music_tags)}
        activations, colour = yield from self._rhythm()
        weakest_pulse = WEAKEST_PULSE if is_music else STRONG_PULSE
        options = RhythmOptions(self._options.slowest_bpm, self._options.fastest_bpm, self._options.beats_per_bar, weakest_pulse)
        tempo, beats = rhythm_of_beats(self._beat_frames(activations, options), activations, options) or (None, None)
        yield {"tempo": tempo, "beats": beats}
        chords, key, notes = yield from self._harmonies(beats.times if beats else ())
        if not is_music or key is None:
            key, chords = None, ()
        yield {"key": key, "chords": chords}
        yield {"sections": find_sections(notes, colour, beats, self._clip.duration) if is_music else ()}
        loudness = yield from self._loudness()
        yield {"loudness": loudness, "position": 1.0}

    def _sound_tags(self, stopped: Callable[[], bool]) -> Generator[Found, None, SoundTags]:
        """YAMNet's scores, which the tags of the clip share."""
        for tags in tag_sounds(self._clip, TagOptions(), self._runtime, stopped):
            yield {"position": SHARES["listening"] * tags.position / self._clip.duration}
        return tags

    def _music_tags(self, stopped: Callable[[], bool]) -> Generator[Found, None, MusicTags]:
        """musicnn's, which the tags of the clip share; they cost nothing where there is no music."""
        for tags in tag_music(self._clip, MusicTagOptions(), self._runtime, stopped):
            yield {"position": SHARES["listening"] + SHARES["voices"] * tags.position / self._clip.duration}
        self._position = SHARES["listening"] + SHARES["voices"]
        return tags

    def _rhythm(self) -> Generator[Found, None, tuple[RhythmActivations, FloatArray]]:
        """What the beat network says, with the coarse spectrum."""
        waveform = self._clip.waveform(RHYTHM_SAMPLE_RATE)
        count, gain, blocks = rhythm_block_count(len(waveform)), level_gain(waveform), []
        for block in range(count):
            blocks.append(self._remembered(self._beats, f"rhythm of block {block}", partial(_rhythm_of, waveform, gain, block)))
            yield self._progress("beats", count)
        return joined(blocks)

    def _beat_frames(self, activations: RhythmActivations, options: RhythmOptions) -> IntArray:
        """The search for beats takes as long as the network."""
        slowest, fastest = options.slowest_bpm, options.fastest_bpm
        layer = f"beats between {slowest} and {fastest}"
        key = FeatureKey(self._clip.content_hash, self._beats.key, repr(self._beats.source), layer)
        search = partial(beat_frames, activations.pulse[:, 0], activations.tempo, slowest, fastest)
        return self._runtime.features.get_or_compute(key, search)

    def _harmonies(self, beats: tuple[float, ...]) -> Generator[Found, None, tuple[tuple[Chord, ...], Key | None, FloatArray]]:
        """Chords, key, and pooled notes [frames, 2, 88]."""
        waveform = self._clip.waveform(NOTE_SAMPLE_RATE)
        count, blocks = note_block_count(len(waveform)), []
        for block in range(count):
            blocks.append(self._remembered(self._notes, f"notes of block {block}", partial(_notes_of, waveform, block)))
            yield self._progress("notes", count)
        notes = np.concatenate(blocks)[: ceil(len(waveform) / HARMONY_HOP_SAMPLES)].astype(np.float32)
        logits = self._remembered(self._harmony, "chords and keys", partial(_harmony_of, notes))
        chord_logits, key_logits = logits[:, :CHORD_COUNT], logits[0, CHORD_COUNT:]
        chords = find_chords(chord_logits, self._clip.duration, beats)
        key = find_key(key_logits, harmony_share(chords))
        if key is not None:
            chords = find_chords(chord_logits, self._clip.duration, beats, key.spelling)
        return chords, key, notes

    def _loudness(self) -> Generator[Found, None, Loudness]:
        """From the original with all of its channels."""
        reader, blocks = LoudnessReader(self._clip.player_file), []
        count = loudness_block_count(self._clip.duration, self._clip.sample_rate)
        for block in range(count):
            key = FeatureKey(self._clip.content_hash, "loudness", LOUDNESS_REVISION, f"block {block}")
            blocks.append(self._runtime.features.get_or_compute(key, partial(reader.block, block)))
            yield self._progress("loudness", count)
        return loudness_of(blocks)

    def _progress(self, part: str, blocks: int) -> Found:
        self._position += SHARES[part] / blocks
        return {"position": min(0.999, self._position)}

    def _remembered(self, spec: ModelSpec, layer: str, compute: Callable[[Any], ArrayT]) -> ArrayT:
        """What the feature store has, else `compute` with the model on loan."""
        return cached_features(self._clip, spec, layer, compute, self._runtime, WORKING_BYTES)


def _rhythm_of(waveform: FloatArray, gain: float, block: int, beats: Any) -> Halves:
    return rhythm_block(beats, waveform, gain, block).astype(np.float16)


def _notes_of(waveform: FloatArray, block: int, basic_pitch: Any) -> Halves:
    return pooled_notes(*note_block(basic_pitch, waveform, block)).astype(np.float16)


def _harmony_of(notes: FloatArray, harmony: Any) -> FloatArray:
    """[frames, 37 + 24]: the chords, and the keys of the whole clip in every row."""
    chords, keys = harmony_logits(harmony, notes)
    return np.concatenate([chords, np.broadcast_to(keys, (len(chords), len(keys)))], axis=1)
