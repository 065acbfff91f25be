"""Baselines of the music facts: librosa's defaults, and chord and key templates on chroma and on Basic Pitch's notes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.accuracy.scores import Reading
from models.arrays import AnyArray, FloatArray
from models.specs.music import BASIC_PITCH
from pipelines.clip.clip import AudioClip
from pipelines.music.harmony.chord_recognition import chord_grid, chord_name, smoothed_path
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND, chroma_of, pooled_notes
from pipelines.music.harmony.notation import MODES, tonic_name
from pipelines.music.harmony.note_activations import (
    NOTE_SAMPLE_RATE,
    note_block,
    note_block_count,
)
from services import Services

BEATS_PER_BAR = 4
CHROMA_HOP_SAMPLES = 2048
CHROMA_FRAMES_PER_SECOND = NOTE_SAMPLE_RATE / CHROMA_HOP_SAMPLES
TEMPLATE_EVIDENCE = 20.0
"""Nats for a correlation of 1, against `chord_recognition.CHANGE_COST`."""
MIN_CORRELATION = 0.3
"""Correlation that stands for no chord."""
KEY_PROFILES = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
"""Key profiles of major and minor (Krumhansl and Kessler 1982)."""
TEMPLATES = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 10))


def librosa_reading(clip: AudioClip) -> Reading:
    """Read the clip with librosa: `beat_track`, every fourth beat a downbeat, and templates on the constant-Q chroma."""
    from librosa.beat import beat_track
    from librosa.feature import chroma_cqt

    sound = np.array(clip.waveform(NOTE_SAMPLE_RATE))
    bpm, found = beat_track(y=sound, sr=NOTE_SAMPLE_RATE, units="time")
    beats = tuple(float(beat) for beat in found)
    chroma = chroma_cqt(y=sound, sr=NOTE_SAMPLE_RATE, hop_length=CHROMA_HOP_SAMPLES).T
    return _reading(float(np.atleast_1d(bpm)[0]), beats, chroma, CHROMA_FRAMES_PER_SECOND, clip.duration)


def note_reading(clip: AudioClip, services: Services, base: Reading) -> Reading:
    """Return the beats of `base`, with chords and key from templates on the chroma of Basic Pitch's note activations."""
    waveform = clip.waveform(NOTE_SAMPLE_RATE)
    with services.runtime.cache.lease(BASIC_PITCH) as (model,):
        blocks = [pooled_notes(*note_block(model, waveform, block))[:, 0] for block in range(note_block_count(len(waveform)))]
    notes = np.concatenate(blocks)
    return _reading(base.bpm, base.beats, chroma_of(notes), HARMONY_FRAMES_PER_SECOND, clip.duration)


def _reading(bpm: float, beats: tuple[float, ...], chroma: FloatArray, frames_per_second: float, duration: float) -> Reading:
    edges = chord_grid(beats, duration)
    places = np.clip(np.round(edges * frames_per_second).astype(int), 0, len(chroma) - 1)
    parts = np.stack([chroma[first : max(first + 1, last)].mean(axis=0) for first, last in pairwise(places)])
    path = smoothed_path(TEMPLATE_EVIDENCE * np.maximum(_correlations(parts), -1))
    chords = tuple((float(edges[i]), float(edges[i + 1]), chord_name(int(chord))) for i, chord in enumerate(path))
    return Reading(bpm, beats, beats[::BEATS_PER_BAR], f"{BEATS_PER_BAR}/4", _key(chroma.mean(axis=0)), chords)


def _correlations(parts: FloatArray) -> FloatArray:
    """Return the correlation [parts, 37] of each chroma with the template of each chord."""
    columns = []
    for root in range(12):
        for intervals in TEMPLATES:
            template = np.zeros(12)
            template[[(root + interval) % 12 for interval in intervals]] = 1
            columns.append(_standard(parts) @ _standard(template[np.newaxis])[0] / 12)
    return np.stack([*columns, np.full(len(parts), MIN_CORRELATION)], axis=1).astype(np.float32)


def _standard(rows: AnyArray) -> AnyArray:
    standard: AnyArray = (rows - rows.mean(axis=1, keepdims=True)) / np.maximum(rows.std(axis=1, keepdims=True), 1e-9)
    return standard


def _key(chroma: FloatArray) -> str:
    rated = [
        (float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1]), tonic, mode)
        for mode, profile in zip(MODES, KEY_PROFILES, strict=True)
        for tonic in range(12)
    ]
    _, tonic, mode = max(rated)
    return f"{tonic_name(tonic, mode)} {mode}"
