"""Hits of drums: kick, snare and hat, from the rise and the fall of the power in bands.

A small network tells the three apart from other onsets; any of them may sound together. It was fitted by `python -m
training.music.fit_drums` on the pieces of `benchmarks/notes/pieces.json` that are for tuning, and on made drum patterns. Single
onsets of a bass or a piano pass for hits, but in music without drums few do.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from pipelines.music.harmony.note_activations import NOTE_HOP_SAMPLES, NOTE_SAMPLE_RATE
from pipelines.notes.detection.small_network import small_network
from pipelines.notes.notes import CLOSED_HAT, KICK, MAX_VELOCITY, SNARE

WEIGHTS_FILE = Path(__file__).with_name("drum_weights.json")
DRUMS = (KICK, SNARE, CLOSED_HAT)
"""Outputs of the network."""
EDGES = (30, 50, 70, 95, 130, 175, 235, 320, 450, 650, 950, 1400, 2000, 2800, 4000, 5600, 7800, 11_000)
"""Edges of the bands in Hz."""
LOW_BANDS = 7
"""Bands, up to 320 Hz, that are measured in long windows."""
LONG_WINDOW, SHORT_WINDOW = 2048, 512
"""Samples."""
GROUPS = ((0, 4), (4, 11), (11, 17))
"""Bands of low, middle and high onsets."""
MIN_RISE_DB = 3.0
"""Mean rise of a group of bands over two frames from which there may be a hit."""
PEAK_FRAMES, MIN_DISTANCE_FRAMES = 7, 3
LAG_SECONDS = 0.006
"""Median time by which the frames of the hits are later than the hits of the tuning pieces."""
MIN_PROBABILITY = 0.35
MIN_MEAN_PROBABILITY, AROUND_SECONDS = 0.33, 5.0
"""Mean probability of the candidates within so many seconds from which drums play: on 94 % of the time of the tuning pieces with
drums, on 0.4 % of that of those without."""
FLATNESS_EDGES = (30, 150, 1000, 4000, 11_000)
"""Edges in Hz of the ranges in which the flatness of a rise is measured."""
MIN_RELATIVE_POWER = 1e-6
FLATNESS_WINDOW, FLATNESS_LEAD = 1024, 512
"""Samples of a spectrum, and from the candidate to the middle of the spectra before and after it."""
HIT_SECONDS = 0.1
"""Duration of a hit as a note."""
LOUD_PERCENTILE, LOUD_VELOCITY, VELOCITY_PER_DB = 90, 100, 2.0
BLOCK_FRAMES = 20_000
"""Frames of the spectra that are made at once: four minutes."""


class DrumHit(NamedTuple):
    """One hit."""

    onset: float
    """Seconds."""
    pitch: int
    """General MIDI key, one of `DRUMS`."""
    velocity: int
    """1 to 127."""


def drum_hits(waveform: FloatArray) -> list[DrumHit]:
    """Return the hits, by onset.

    Args:
        waveform: float32 [samples], mono at 22 050 Hz.
    """
    levels = band_levels(waveform)
    frames = hit_candidates(levels)
    if not len(frames):
        return []
    features = hit_features(waveform, levels, frames)
    probabilities = small_network(WEIGHTS_FILE).probabilities(features)
    is_hit = (probabilities >= MIN_PROBABILITY) & drums_play(frames, probabilities)[:, np.newaxis]
    rises = features[:, : len(EDGES) - 1].mean(axis=1)
    loud = np.percentile(rises[is_hit.any(axis=1)], LOUD_PERCENTILE) if is_hit.any() else 0.0
    velocities = np.clip(np.round(LOUD_VELOCITY + VELOCITY_PER_DB * (rises - loud)), 1, MAX_VELOCITY).astype(np.int64)
    onsets = np.maximum(0.0, frames * (NOTE_HOP_SAMPLES / NOTE_SAMPLE_RATE) - LAG_SECONDS)
    return [
        DrumHit(round(float(onsets[hit]), 4), DRUMS[drum], int(velocities[hit])) for hit, drum in np.argwhere(is_hit).tolist()
    ]


def drums_play(frames: IntArray, probabilities: FloatArray) -> BoolArray:
    """Return for each candidate [candidates] whether drums play around it.

    Args:
        frames: [candidates], ascending.
        probabilities: [candidates, 3].
    """
    around = round(AROUND_SECONDS * NOTE_SAMPLE_RATE / NOTE_HOP_SAMPLES)
    total = np.concatenate([[0.0], np.cumsum(probabilities.max(axis=1))])
    first, last = np.searchsorted(frames, frames - around), np.searchsorted(frames, frames + around, side="right")
    playing: BoolArray = (total[last] - total[first]) / (last - first) >= MIN_MEAN_PROBABILITY
    return playing


def band_levels(waveform: FloatArray) -> FloatArray:
    """Return the power of each band in dB [frames, 17], 86 frames a second; silence is 90 dB below the maximum."""
    from librosa import stft

    parts = []
    size = BLOCK_FRAMES * NOTE_HOP_SAMPLES
    for start in range(0, max(1, len(waveform)), size):
        # Each block sees what is around it, so that its ends are no onsets.
        first = max(0, start - LONG_WINDOW)
        block = waveform[first : start + size + LONG_WINDOW]
        block = np.pad(block, (0, max(0, LONG_WINDOW - len(block))))
        powers = []
        for window, bands in ((LONG_WINDOW, range(LOW_BANDS)), (SHORT_WINDOW, range(LOW_BANDS, len(EDGES) - 1))):
            spectrum = np.abs(stft(y=block, n_fft=window, hop_length=NOTE_HOP_SAMPLES)) ** 2
            hertz = np.arange(len(spectrum)) * NOTE_SAMPLE_RATE / window
            powers += [spectrum[(hertz >= EDGES[band]) & (hertz < EDGES[band + 1])].sum(axis=0) / window for band in bands]
        skipped = (start - first) // NOTE_HOP_SAMPLES
        parts.append(np.stack(powers, axis=1)[skipped : skipped + BLOCK_FRAMES])
    power = np.concatenate(parts)
    levels: FloatArray = (10 * np.log10(power + 1e-9 * power.max() + 1e-12)).astype(np.float32)
    return levels


def hit_candidates(levels: FloatArray) -> IntArray:
    """Return the frames [candidates] at which the power of low, middle or high bands rises most."""
    from scipy.ndimage import maximum_filter1d

    rise = np.maximum(levels - np.pad(levels, ((2, 0), (0, 0)), mode="edge")[:-2], 0)
    groups = np.stack([rise[:, first:last].mean(axis=1) for first, last in GROUPS], axis=1)
    is_peak = (groups > MIN_RISE_DB) & (groups == maximum_filter1d(groups, PEAK_FRAMES, axis=0))
    strength = groups.sum(axis=1)
    kept: list[int] = []
    for frame in np.flatnonzero(is_peak.any(axis=1)).tolist():
        if not kept or frame - kept[-1] > MIN_DISTANCE_FRAMES:
            kept.append(frame)
        elif strength[frame] > strength[kept[-1]]:
            kept[-1] = frame
    return np.asarray(kept, dtype=np.int64)


def hit_features(waveform: FloatArray, levels: FloatArray, frames: IntArray) -> FloatArray:
    """Return what is known of candidates [candidates, 106].

    It is the rise, the level, the falls after 60, 100 and 150 ms, and the rise above the mean rise, of each band in dB; and how
    flat the spectrum of the rise is.
    """

    def at(shift: int) -> FloatArray:
        found: FloatArray = levels[np.clip(frames + shift, 0, len(levels) - 1)]
        return found

    before = np.min([at(-2), at(-3), at(-4)], axis=0)
    peak = np.max([at(0), at(1), at(2)], axis=0)
    rise: DoubleArray = np.maximum(peak - before, 0)
    level = peak - np.percentile(levels, 95, axis=0)
    falls = [peak - at(shift) for shift in (5, 9, 13)]
    above_mean = rise - rise.mean(axis=1, keepdims=True)
    flatness = rise_flatness(waveform, frames)
    found: FloatArray = np.concatenate([rise, level, *falls, above_mean, flatness], axis=1).astype(np.float32)
    return found


def rise_flatness(waveform: FloatArray, frames: IntArray) -> FloatArray:
    """Return the spectral flatness in dB [candidates, 4] of what is added at each candidate: high for noise, low for tones.

    It is the geometric mean of the power in a range of frequencies, relative to the mean power of all.
    """
    half = FLATNESS_WINDOW // 2
    padded = np.pad(waveform, (FLATNESS_WINDOW, FLATNESS_WINDOW))
    middles = frames * NOTE_HOP_SAMPLES + FLATNESS_WINDOW
    window = np.hanning(FLATNESS_WINDOW).astype(np.float32)
    hertz = np.fft.rfftfreq(FLATNESS_WINDOW, 1 / NOTE_SAMPLE_RATE)
    places = [np.flatnonzero((hertz >= low) & (hertz < high)) for low, high in pairwise(FLATNESS_EDGES)]
    found = np.empty((len(frames), len(places)), dtype=np.float32)
    for candidate, middle in enumerate(middles.tolist()):
        before, after = (
            np.square(np.abs(np.fft.rfft(window * padded[start : start + FLATNESS_WINDOW])))
            for start in (middle - half - FLATNESS_LEAD, middle - half + FLATNESS_LEAD)
        )
        added = np.maximum(after - before, 0)
        levels = 10 * np.log10(np.maximum(added / max(float(added.mean()), 1e-10), MIN_RELATIVE_POWER))
        found[candidate] = [levels[bins].mean() for bins in places]
    return found
