"""Decisions on recorded outputs of the networks: neither sound nor networks are needed.

A file of recorded outputs holds every array that the analysis of some excerpts asks for, with the excerpts' annotations. In place
of their sound stands noise of the same level.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.accuracy.measurement import analyse, scores_of
from benchmarks.accuracy.stored_features import StoredFeatures, read_arrays, write_arrays
from benchmarks.accuracy.tracks import Annotation, from_json
from models.arrays import AnyArray, FloatArray
from models.cache.feature_store import FeatureKey
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_folders import FACTS_FILE, MIX, samples_path
from services import Services

SAMPLE_RATE = 22_050
LEVELS_PER_SECOND = 50
LEVELS, TRACKS = "levels", "tracks"
"""Names of the arrays that are no outputs: the RMS of every 20 ms of a clip, and the tracks as JSON."""
MANTISSA_BITS_LEFT = 6
"""Bits of float16's 10 that are kept: the file is a third smaller, and the outputs within 0.8 %."""


@dataclass(frozen=True)
class RecordedTrack:
    """An excerpt without its sound."""

    name: str
    content_hash: str
    duration: float
    """Seconds."""
    measures: tuple[str, ...]
    """Measures that its annotation is known well enough for."""
    annotation: Annotation


def record(tracks: Sequence[RecordedTrack], arrays: dict[FeatureKey, AnyArray], file: Path) -> None:
    """Write tracks with the outputs of the networks on them; `arrays` holds the `levels` of each too."""
    coarse = {key: _coarse(array) for key, array in arrays.items()}
    coarse[FeatureKey("", "", "", TRACKS)] = np.array(json.dumps([asdict(track) for track in tracks]))
    write_arrays(file, coarse)


def levels(clip: AudioClip) -> tuple[FeatureKey, FloatArray]:
    """Return the RMS [frames] of every 20 ms of a clip, and the key under which it is recorded."""
    waveform = clip.waveform(SAMPLE_RATE)
    hop = SAMPLE_RATE // LEVELS_PER_SECOND
    frames = waveform[: len(waveform) // hop * hop].reshape(-1, hop)
    return _levels_key(clip.content_hash), np.sqrt(np.square(frames).mean(axis=1))


def replayed_scores(file: Path, services: Services, folder: Path) -> Iterator[tuple[RecordedTrack, dict[str, float]]]:
    """Yield each track of a file with the scores of today's decisions.

    Args:
        file: as `record` writes it.
        services: whose models are not loaded.
        folder: for the clips.

    Raises:
        NotRecorded: a decision asks for an array that is not in the file.
    """
    arrays = read_arrays(file)
    store = StoredFeatures(services.settings.feature_store_bytes, arrays, is_complete=True)
    for fields in json.loads(str(arrays[FeatureKey("", "", "", TRACKS)])):
        track = _track(fields)
        clip = _clip(track, arrays[_levels_key(track.content_hash)], folder)
        facts, tags = analyse(clip, services, store)
        found = scores_of(track.annotation, facts, tags)
        yield track, {name: score for name, score in found.items() if name in track.measures}


def _track(fields: dict[str, Any]) -> RecordedTrack:
    annotation = from_json(Annotation, fields["annotation"])
    return from_json(RecordedTrack, {**fields, "annotation": annotation})


def _clip(track: RecordedTrack, rms: AnyArray, folder: Path) -> AudioClip:
    """Return a clip of noise with the levels of a track."""
    directory = folder / track.content_hash
    directory.mkdir(parents=True, exist_ok=True)
    (directory / FACTS_FILE).touch()
    count = round(track.duration * SAMPLE_RATE)
    hop = SAMPLE_RATE // LEVELS_PER_SECOND
    noise = np.random.default_rng(0).normal(size=count).astype(np.float32)
    level = np.repeat(rms, hop)
    sound = noise * np.pad(level, (0, max(0, count - len(level))), mode="edge")[:count].astype(np.float32)
    sound.tofile(samples_path(directory, SAMPLE_RATE, MIX))
    soundfile.write(directory / "player.wav", sound, SAMPLE_RATE)
    return AudioClip(track.content_hash, SAMPLE_RATE, track.duration, 1, "wav", "pcm", directory)


def _levels_key(content_hash: str) -> FeatureKey:
    return FeatureKey(content_hash, "", "", LEVELS)


def _coarse(array: AnyArray) -> AnyArray:
    """Return floating point numbers with fewer bits, in their own type."""
    if array.dtype.kind != "f":
        return array
    dropped = np.finfo(np.float16).nmant - MANTISSA_BITS_LEFT
    bits = array.astype(np.float16).view(np.uint16).astype(np.uint32)
    rounded = np.minimum(bits + (1 << dropped >> 1), np.uint32(0xFFFF)) >> dropped << dropped
    return rounded.astype(np.uint16).view(np.float16).astype(array.dtype)
