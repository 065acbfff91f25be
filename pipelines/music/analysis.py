"""Music facts of a clip: tempo, beats, key, chords, sections, loudness, vocals.

Every fact has a confidence and alternatives. Where there is no music, no pulse or no tonal centre, the fact is None. The feature
store keeps the networks' outputs block by block, so a second request for a clip runs only the decisions, and hours of audio need
no more memory than a few minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray, IntArray
from models.cache.feature_store import ArrayT, FeatureKey
from models.errors import InvalidOption
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.specs.music import BEAT_NETWORK, BEATNET
from models.specs.sound import YAMNET
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.jobs.model_use import model_fields
from pipelines.music.calibration import calibrated
from pipelines.music.facts import MAX_BPM, MIN_BPM, ClipTags, FactOptions, MusicFacts
from pipelines.music.harmony.chord_recognition import CHORD_COUNT, Chord, chord_probability, find_chords
from pipelines.music.harmony.harmony_network import HARMONY_HOP_SAMPLES, chroma_of, harmony_logits, pooled_notes
from pipelines.music.harmony.key_detection import Key, find_key
from pipelines.music.harmony.note_activations import NOTE_SAMPLE_RATE, note_block, note_block_count
from pipelines.music.harmony.tuning import MIN_TUNING_CENTS, tuning_cents
from pipelines.music.loudness import Loudness, LoudnessReader, loudness_block_count, loudness_of
from pipelines.music.rhythm.beat_network import (
    BEAT_SAMPLE_RATE,
    METRES,
    BeatActivations,
    beat_block,
    beat_block_count,
    input_gain,
    joined_blocks,
)
from pipelines.music.rhythm.beat_search import search_beats
from pipelines.music.rhythm.beat_tracking import BeatOptions, rhythm_of_beats
from pipelines.music.rhythm.beatnet import beatnet_block, with_beatnet
from pipelines.music.sounding_part import sounding_part
from pipelines.music.structure import find_sections
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions, MusicTags
from pipelines.music.vocals import find_vocals, music_score
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import SoundTags, TagOptions

WORKING_BYTES = 200 * 2**20
"""Memory for spectrograms and activations of one block, beside the weights; rounded up."""
LOUDNESS_REVISION = "1"
TUNING_REVISION = "2"
MIN_TEMPO_SECONDS = 3.0
"""Duration without silence at the ends, below which a clip without a tempo is too short for one."""
MIN_STRENGTH, MIN_METRONOME_STRENGTH = 0.35, 0.8
"""Mean probability of the beats from which there is a tempo: in music, and in other sound, such as a metronome."""
JOB_FRACTIONS = {"sounds": 0.15, "tags": 0.25, "beats": 0.2, "notes": 0.25, "loudness": 0.15}
"""Fraction of the work that each part of the job is."""


def music_facts(
    clip: AudioClip,
    options: FactOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
    tags: ClipTags = ClipTags(),
) -> Iterator[MusicFacts]:
    """Find the facts of `clip`: yield a snapshot whenever more is known, and ten a second in between.

    Args:
        clip: the clip.
        options: limits of the tempo, and the metre if it is known.
        runtime: catalogue, models and feature store.
        should_stop: whether to stop.
        clock: seconds.
        tags: what `tag_sounds` and `tag_music` have found already.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    _check(options)
    finder = _FactFinder(clip, options, runtime, tags)
    now = MusicFacts(clip.duration, **model_fields(finder.specs, runtime.catalog.device))
    yield now
    for step in in_background(finder.steps, should_stop):
        if step is not None:
            now = replace(now, **step, state="analysing")
        now = replace(now, elapsed=clock() - began)
        if step is None or now.position < 1:
            yield now
    yield replace(now, state="done" if now.position >= 1 else "stopped", elapsed=clock() - began)


def _check(options: FactOptions) -> None:
    """Raise InvalidOption for options outside their limits."""
    slowest, fastest = options.min_bpm, options.max_bpm
    if not MIN_BPM <= slowest <= fastest / 2 <= MAX_BPM / 2:
        raise InvalidOption(
            "range of tempi", f"{slowest:g} to {fastest:g}", f"an octave or more between {MIN_BPM:g} and {MAX_BPM:g} BPM"
        )
    lengths = {length for length, _ in METRES}
    if options.beats_per_bar is not None and options.beats_per_bar not in lengths:
        raise InvalidOption("beats per bar", options.beats_per_bar, f"{min(lengths)} to {max(lengths)}")


HalfArray = NDArray[np.float16]
"""Type of what is stored for a long time; it need not be more exact."""
NewFacts = dict[str, Any]
"""Fields of `MusicFacts` that became known."""


class _FactFinder:
    """One clip and the models for it. Each lease is for one block, and stored blocks need none."""

    def __init__(self, clip: AudioClip, options: FactOptions, runtime: ModelRuntime, tags: ClipTags) -> None:
        self._clip = clip
        self._options = options
        self._runtime = runtime
        self._tags = tags
        self._beats = runtime.catalog.choose("track_beats", BEAT_NETWORK.key, WORKING_BYTES).spec
        self._beatnet = runtime.catalog.choose("track_beats", BEATNET.key, WORKING_BYTES).spec
        self._notes = runtime.catalog.choose("transcribe_notes", working_bytes=WORKING_BYTES).spec
        self._harmony = runtime.catalog.choose("name_chords", working_bytes=WORKING_BYTES).spec
        self._part = sounding_part(clip.waveform(BEAT_SAMPLE_RATE), BEAT_SAMPLE_RATE)
        self._position = 0.0

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """All models in use."""
        return YAMNET, self._beats, self._beatnet, self._notes, self._harmony

    def steps(self, stopped: Callable[[], bool]) -> Generator[NewFacts, None, None]:
        """Yield what becomes known, one part after the other."""
        sounds = yield from self._sound_tags(stopped)
        tags = yield from self._music_tags(stopped)
        is_music = bool(tags.is_music)
        yield {"music": music_score(sounds), "is_music": is_music, "vocals": find_vocals(sounds, tags)}
        activations, bands = yield from self._activations()
        min_strength = MIN_STRENGTH if is_music else MIN_METRONOME_STRENGTH
        options = BeatOptions(
            self._options.min_bpm, self._options.max_bpm, self._options.beats_per_bar, min_strength, not is_music
        )
        notes, cents = yield from self._pooled_notes()
        frames = self._beat_frames(activations, options)
        tempo, beats = rhythm_of_beats(frames, activations, chroma_of(notes[:, 0]), options) or (None, None)
        yield {
            "tempo": calibrated(tempo, "tempo") if tempo else None,
            "beats": self._part.beats(calibrated(beats, "beats")) if beats else None,
            "no_tempo_reason": "" if tempo else self._no_tempo_reason(),
            "tuning_cents": cents,
        }
        chords, key = self._harmonies(notes, cents, beats.times if beats else ())
        if not is_music or key is None:
            key, chords = None, ()
        reason = "" if key else "no tonal centre" if is_music else "not music"
        chords = tuple(calibrated(chord, "chord") for chord in chords)
        yield {
            "key": calibrated(key, "key") if key else None,
            "chords": self._part.chords(chords, self._clip.duration),
            "no_key_reason": reason,
        }
        found = find_sections(notes, bands, beats, self._part.duration) if is_music else ()
        sections = tuple(calibrated(section, "section") for section in found)
        yield {"sections": self._part.sections(sections, self._clip.duration)}
        loudness = yield from self._loudness()
        yield {"loudness": loudness, "position": 1.0}

    def _sound_tags(self, stopped: Callable[[], bool]) -> Generator[NewFacts, None, SoundTags]:
        """Return YAMNet's tags, on whose scores the thresholds of music and vocals were set."""
        known = self._tags.sounds
        if known and known.state == "done" and known.classes == class_tree().names:
            return known
        for tags in tag_sounds(self._clip, TagOptions(model=YAMNET.key), self._runtime, stopped):
            yield {"position": JOB_FRACTIONS["sounds"] * tags.position / self._clip.duration}
        return tags

    def _music_tags(self, stopped: Callable[[], bool]) -> Generator[NewFacts, None, MusicTags]:
        done = JOB_FRACTIONS["sounds"] + JOB_FRACTIONS["tags"]
        self._position = done
        known = self._tags.music
        if known and known.state == "done":
            return known
        for tags in tag_music(self._clip, MusicTagOptions(), self._runtime, stopped):
            yield {"position": done - JOB_FRACTIONS["tags"] * (1 - tags.position / self._clip.duration)}
        return tags

    def _waveform(self, sample_rate: int) -> FloatArray:
        """Return the samples of the part that sounds."""
        return self._part.cut(self._clip.waveform(sample_rate), sample_rate)

    def _activations(self) -> Generator[NewFacts, None, tuple[BeatActivations, FloatArray]]:
        """Return the outputs of both beat networks, and the log-mel bands."""
        waveform = self._waveform(BEAT_SAMPLE_RATE)
        count, gain = beat_block_count(len(waveform)), input_gain(waveform)
        blocks: list[HalfArray] = []
        beatnet: list[FloatArray] = []
        for block in range(count):
            layer, before = f"beats of block {block}", beatnet[-1] if beatnet else None
            blocks.append(self._part_features(self._beats, layer, partial(_beats_of, waveform, gain, block)))
            beatnet.append(self._part_features(self._beatnet, layer, partial(_beatnet_of, waveform, gain, block, before)))
            yield self._progress("beats", count)
        activations, bands = joined_blocks(list(blocks))
        return with_beatnet(activations, beatnet), bands

    def _beat_frames(self, activations: BeatActivations, options: BeatOptions) -> IntArray:
        """Return the frames of the beats from the store: the search takes as long as the network."""
        layer = f"beats of both networks between {options.min_bpm} and {options.max_bpm}"
        key = FeatureKey(self._clip.content_hash, self._beats.key, repr(self._beats.source), layer)
        search = partial(search_beats, activations.beats[:, 0], activations.tempo, options.min_bpm, options.max_bpm)
        return self._runtime.features.get_or_compute(key, search)

    def _no_tempo_reason(self) -> str:
        return "too short" if self._part.duration < MIN_TEMPO_SECONDS else "no steady pulse"

    def _pooled_notes(self) -> Generator[NewFacts, None, tuple[FloatArray, float]]:
        """Return the pooled notes [frames, 2, 88], read at the clip's own tuning, and that tuning in cents."""
        waveform = self._waveform(NOTE_SAMPLE_RATE)
        key = FeatureKey(self._clip.content_hash, "tuning", TUNING_REVISION, "cents")
        measure = partial(_tuning_of, waveform)
        cents = float(self._runtime.features.get_or_compute(key, measure)[0])
        # Resampled to another rate and read at the usual one, all notes are shifted to A4 = 440 Hz, and the time is stretched.
        stretch = 2 ** (cents / 1200) if abs(cents) >= MIN_TUNING_CENTS else 1.0
        rate = round(NOTE_SAMPLE_RATE * stretch)
        tuned = self._waveform(rate)
        count, blocks = note_block_count(len(tuned)), []
        for block in range(count):
            layer = f"notes of block {block} at {rate} Hz"
            blocks.append(self._part_features(self._notes, layer, partial(_notes_of, tuned, block)))
            yield self._progress("notes", count)
        notes = np.concatenate(blocks).astype(np.float32)
        frames = np.arange(ceil(len(waveform) / HARMONY_HOP_SAMPLES)) * (rate / NOTE_SAMPLE_RATE)
        return notes[np.minimum(np.round(frames).astype(np.int64), len(notes) - 1)], cents

    def _harmonies(self, notes: FloatArray, cents: float, beats: tuple[float, ...]) -> tuple[tuple[Chord, ...], Key | None]:
        layer = f"chords and keys at {cents:.0f} cents"
        logits = self._part_features(self._harmony, layer, partial(_harmony_of, notes))
        chord_logits, key_logits = logits[:, :CHORD_COUNT], logits[0, CHORD_COUNT:]
        chords = find_chords(chord_logits, self._part.duration, beats)
        key = find_key(key_logits, chord_probability(chord_logits))
        if key is not None:
            chords = find_chords(chord_logits, self._part.duration, beats, key.spelling)
        return chords, key

    def _loudness(self) -> Generator[NewFacts, None, Loudness]:
        """Return the loudness of the original with all of its channels."""
        reader, blocks = LoudnessReader(self._clip.player_file), []
        count = loudness_block_count(self._clip.duration, self._clip.sample_rate)
        for block in range(count):
            key = FeatureKey(self._clip.content_hash, "loudness", LOUDNESS_REVISION, f"block {block}")
            blocks.append(self._runtime.features.get_or_compute(key, partial(reader.block, block)))
            yield self._progress("loudness", count)
        return loudness_of(blocks)

    def _progress(self, part: str, blocks: int) -> NewFacts:
        self._position += JOB_FRACTIONS[part] / blocks
        return {"position": min(0.999, self._position)}

    def _part_features(self, spec: ModelSpec, layer: str, compute: Callable[[Any], ArrayT]) -> ArrayT:
        """Return what the feature store has for the part that sounds, else `compute(model)` under a lease."""
        where = f"{layer}, {self._part.start:.2f} to {self._part.end:.2f} s"
        return cached_features(self._clip, spec, where, compute, self._runtime, WORKING_BYTES)


def _beats_of(waveform: FloatArray, gain: float, block: int, session: Any) -> HalfArray:
    return beat_block(session, waveform, gain, block).astype(np.float16)


def _beatnet_of(waveform: FloatArray, gain: float, block: int, before: FloatArray | None, session: Any) -> FloatArray:
    return beatnet_block(session, waveform, gain, block, before)


def _tuning_of(waveform: FloatArray) -> FloatArray:
    return np.array([tuning_cents(waveform, NOTE_SAMPLE_RATE)], dtype=np.float32)


def _notes_of(waveform: FloatArray, block: int, session: Any) -> HalfArray:
    return pooled_notes(*note_block(session, waveform, block)).astype(np.float16)


def _harmony_of(notes: FloatArray, session: Any) -> FloatArray:
    """Return [frames, 37 + 24]: the chord logits, and in every row the key logits of the whole clip."""
    chords, keys = harmony_logits(session, notes)
    return np.concatenate([chords, np.broadcast_to(keys, (len(chords), len(keys)))], axis=1)
