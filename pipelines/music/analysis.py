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
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import model_fields
from pipelines.music.calibration import calibrated
from pipelines.music.facts import MAX_BPM, MIN_BPM, ClipTags, FactOptions, MusicFacts
from pipelines.music.harmony.harmonies import Harmonies, find_harmonies
from pipelines.music.harmony.note_reading import WORKING_BYTES
from pipelines.music.harmony.reading import HarmonyReader
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
from pipelines.music.rhythm.beat_tracking import MIN_PULSE, BeatOptions, rhythm_of_beats
from pipelines.music.rhythm.beatnet import beatnet_block, with_beatnet
from pipelines.music.rhythm.tempo_levels import character_of
from pipelines.music.rhythm.types import Beats
from pipelines.music.sections.beat_features import SoundFrames
from pipelines.music.sections.segmentation import find_sections
from pipelines.music.sounding_part import sounding_part
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions, MusicTags
from pipelines.music.vocals import find_vocals, music_score
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import SoundTags, TagOptions

LOUDNESS_REVISION = SECTIONS_REVISION = "1"
MIN_TEMPO_SECONDS = 3.0
"""Duration without silence at the ends, below which a clip without a tempo is too short for one."""
MIN_OTHER_PULSE = 0.15
"""`BeatOptions.min_pulse` of sound that is not music, such as a metronome."""
JOB_FRACTIONS = {"sounds": 0.15, "tags": 0.25, "beats": 0.2, "notes": 0.25, "loudness": 0.15}
"""Fraction of the work that each part of the job is."""


@in_cluster("music")
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
        self._part = sounding_part(clip.waveform(BEAT_SAMPLE_RATE), BEAT_SAMPLE_RATE)
        self._harmony = HarmonyReader(clip, self._part, runtime)
        self._position = 0.0

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """All models in use."""
        return YAMNET, self._beats, self._beatnet, *self._harmony.specs

    def steps(self, stopped: Callable[[], bool]) -> Generator[NewFacts, None, None]:
        """Yield what becomes known, one part after the other."""
        sounds = yield from self._sound_tags(stopped)
        tags = yield from self._music_tags(stopped)
        is_music = bool(tags.is_music)
        yield {"music": music_score(sounds), "is_music": is_music, "vocals": find_vocals(sounds, tags)}
        activations, bands = yield from self._activations()
        options = BeatOptions(
            self._options.min_bpm,
            self._options.max_bpm,
            self._options.beats_per_bar,
            MIN_PULSE if is_music else MIN_OTHER_PULSE,
            not is_music,
            character_of(tags),
        )
        reading = yield from self._harmony.read(lambda fraction: self._advance(JOB_FRACTIONS["notes"] * fraction))
        frames = self._beat_frames(activations, options)
        tempo, beats = rhythm_of_beats(frames, activations, reading.activations.chroma, options) or (None, None)
        yield {
            "tempo": calibrated(tempo, "tempo") if tempo else None,
            "beats": self._part.beats(calibrated(beats, "beats")) if beats else None,
            "no_tempo_reason": "" if tempo else self._no_tempo_reason(),
            "tuning_cents": reading.cents,
        }
        harmonies = find_harmonies(reading, self._part.duration, beats.times if beats else ()) if is_music else Harmonies()
        spans = tuple(replace(span, key=calibrated(span.key, "key")) for span in harmonies.key_spans)
        chords = tuple(calibrated(chord, "chord") for chord in harmonies.chords)
        yield {
            "key": calibrated(harmonies.key, "key") if harmonies.key else None,
            "key_spans": self._part.key_spans(spans, self._clip.duration),
            "chords": self._part.chords(chords, self._clip.duration),
            "no_key_reason": "" if harmonies.key else "no tonal centre" if is_music else "not music",
        }
        inputs = SoundFrames(reading.notes, bands, sounds.scores, -self._part.start)
        keep = partial(self._kept_for_beats, beats)
        found = find_sections(inputs, beats, self._part.duration, keep=keep) if is_music else ()
        sections = tuple(calibrated(section, "section") for section in found) if len(found) > 1 else found
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
        layer = f"beats of both networks, weighed, between {options.min_bpm} and {options.max_bpm}"
        key = FeatureKey(self._clip.content_hash, self._beats.key, repr(self._beats.source), layer)
        search = partial(search_beats, activations.beats[:, 0], activations.tempo, options.min_bpm, options.max_bpm)
        return self._runtime.features.get_or_compute(key, search)

    def _kept_for_beats(self, beats: Beats | None, name: str, compute: Callable[[], FloatArray]) -> FloatArray:
        """Return the array of `name` from the store; with other options there can be other beats."""
        key = FeatureKey(self._clip.content_hash, "sections", SECTIONS_REVISION, f"{name}, {hash(beats and beats.times)}")
        return self._runtime.features.get_or_compute(key, compute)

    def _no_tempo_reason(self) -> str:
        return "too short" if self._part.duration < MIN_TEMPO_SECONDS else "no steady pulse"

    def _loudness(self) -> Generator[NewFacts, None, Loudness]:
        """Return the loudness of the original with all of its channels."""
        reader, blocks = LoudnessReader(self._clip.player_file, self._clip.isolation), []
        count = loudness_block_count(self._clip.duration, self._clip.sample_rate)
        for block in range(count):
            key = FeatureKey(self._clip.content_hash, "loudness", LOUDNESS_REVISION, f"block {block}")
            blocks.append(self._runtime.features.get_or_compute(key, partial(reader.block, block)))
            yield self._progress("loudness", count)
        return loudness_of(blocks)

    def _progress(self, part: str, blocks: int) -> NewFacts:
        return self._advance(JOB_FRACTIONS[part] / blocks)

    def _advance(self, fraction: float) -> NewFacts:
        self._position += fraction
        return {"position": min(0.999, self._position)}

    def _part_features(self, spec: ModelSpec, layer: str, compute: Callable[[Any], ArrayT]) -> ArrayT:
        """Return what the feature store has for the part that sounds, else `compute(model)` under a lease."""
        return cached_features(self._clip, spec, f"{layer}, {self._part.name}", compute, self._runtime, WORKING_BYTES)


def _beats_of(waveform: FloatArray, gain: float, block: int, session: Any) -> HalfArray:
    return beat_block(session, waveform, gain, block).astype(np.float16)


def _beatnet_of(waveform: FloatArray, gain: float, block: int, before: FloatArray | None, session: Any) -> FloatArray:
    return beatnet_block(session, waveform, gain, block, before)
