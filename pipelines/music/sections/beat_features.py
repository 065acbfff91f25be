"""Features of every beat: harmony, pitches, onsets, spectrum and timbre.

Between two beats each is the mean over time. Where there are no beats, a grid of half seconds takes their place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND, chroma_of
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND
from pipelines.music.rhythm.types import Beats
from pipelines.tagging.yamnet import PATCH_HOP_SECONDS, PATCH_SECONDS

BEAT_SECONDS = 0.5
"""Distance of the grid where there are no beats."""
BEATS_PER_BAR = 4
MIN_BEATS = 8
"""Beats from which they are the grid."""
MIN_GAP = 0.3
"""Part of a beat up to which the rest before the first and after the last beat is no beat of its own."""
MIN_CHROMA = 1e-2
"""Length of a chroma vector below which it is not brought to length 1: there are no notes."""
REGISTER_PITCHES = 8
"""Neighbouring pitches whose onsets count together."""
LOWEST_PITCH_CLASS = 9
"""Pitch class of the lowest pitch, A0."""
REGISTER_STARTS = (0, 27, 51)
"""First pitch of the low, middle and high register: A0, C3, C5."""
ACCENT_SECONDS = (-0.06, 0.1)
"""Start and end of the time around a beat in which its accent lies."""
ACCENT_BANDS = {"low": slice(0, 5), "middle": slice(5, 14), "high": slice(14, 20)}
"""Log-mel bands whose rises are summed: bass drum, snare and tones, cymbals."""
MIN_TIMBRE_SCORE = 1e-3
"""Score of a class of sounds below which it counts as this."""
BEAT_PARTS = 4
"""Parts of a beat in which a rhythm has its own rises."""
RHYTHM_LEAD_SECONDS = 0.02
"""Time before a part of a beat from which its rises count."""


@dataclass(frozen=True)
class BeatGrid:
    """The beats of a clip from its start to its end."""

    times: DoubleArray
    """[beats + 1], start of each beat and end of the last, seconds."""
    positions: IntArray
    """[beats], position in the bar; 1 is the downbeat."""


@dataclass(frozen=True)
class SoundFrames:
    """What the networks made of a clip, over time."""

    notes: FloatArray
    """[frames, 2, 88] as `pooled_notes` returns them, 10.8 a second."""
    bands: FloatArray
    """Log-mel bands [frames, 20], 50 a second."""
    timbre: FloatArray
    """YAMNet's scores [patches, 521], one every 0.48 s."""
    timbre_start: float
    """Start of the first patch in seconds; negative where it begins before the part that sounds."""


def beat_grid(beats: Beats | None, duration: float) -> BeatGrid:
    """Return the beats, continued over gaps and to both ends of the clip."""
    if beats is None or len(beats.times) < MIN_BEATS:
        regular = np.arange(0, duration, BEAT_SECONDS)
        return BeatGrid(np.append(regular, duration), np.arange(len(regular)) % BEATS_PER_BAR + 1)
    known, known_positions = _without_gaps(beats)
    beat, shortest = float(np.median(np.diff(known))), MIN_GAP * float(np.median(np.diff(known)))
    before = np.arange(known[0] - beat, -shortest, -beat)[::-1]
    after = np.arange(known[-1] + beat, duration - shortest, beat)
    times: DoubleArray = np.concatenate([before, known, after])
    bar = beats.beats_per_bar
    positions: IntArray = np.concatenate(
        [
            (known_positions[0] - 1 - np.arange(len(before), 0, -1)) % bar + 1,
            known_positions,
            (known_positions[-1] + np.arange(len(after))) % bar + 1,
        ]
    )
    inside = (times >= 0) & (times < duration)
    times, positions = times[inside], positions[inside]
    if times[0] > 0:
        times, positions = np.append(0.0, times), np.append((positions[0] - 2) % bar + 1, positions)
    return BeatGrid(np.append(times, duration), positions)


def _without_gaps(beats: Beats) -> tuple[DoubleArray, IntArray]:
    """Return times and positions of the beats, with regular ones where none were found for more than one and a half."""
    times: DoubleArray = np.array(beats.times)
    steps = np.diff(times)
    counts = np.append(np.maximum(1, np.rint(steps / np.median(steps)).astype(np.int64)), 1)
    within = np.concatenate([np.arange(count) for count in counts])
    filled: DoubleArray = np.repeat(times, counts) + within * np.repeat(np.append(steps, 0.0) / counts, counts)
    return filled, (np.repeat(beats.positions, counts) - 1 + within) % beats.beats_per_bar + 1


def beat_features(frames: SoundFrames, grid: BeatGrid) -> dict[str, FloatArray]:
    """Return each feature [beats, columns], centred, with the mean square of a row brought to 1."""
    edges = grid.times
    harmony = mean_between(chroma_of(frames.notes[:, 0]), edges * HARMONY_FRAMES_PER_SECOND)
    harmony /= np.maximum(np.linalg.norm(harmony, axis=1, keepdims=True), MIN_CHROMA)
    pitches, onsets = (
        np.sqrt(np.maximum(0, mean_between(frames.notes[:, kind], edges * HARMONY_FRAMES_PER_SECOND))) for kind in (0, 1)
    )
    rises = np.maximum(0, np.diff(frames.bands, axis=0, prepend=frames.bands[:1]))
    features = {
        "harmony": harmony,
        "pitches": pitches,
        "onsets": onsets.reshape(len(onsets), -1, REGISTER_PITCHES).sum(axis=2),
        "spectrum": mean_between(frames.bands, edges * FRAMES_PER_SECOND),
        "flux": mean_between(rises, edges * FRAMES_PER_SECOND),
        "timbre": _timbre(frames, edges),
    }
    return {name: standardised(rows) for name, rows in features.items()}


def change_features(frames: SoundFrames, grid: BeatGrid) -> dict[str, FloatArray]:
    """Return features [beats, columns] whose scale is the same in all clips, so that a clip in which little changes is seen.

    The rhythm has columns of its own for each beat of a bar: the mean over whole bars is their mean bar.
    """
    edges = grid.times
    parts = np.interp(np.arange(BEAT_PARTS * (len(edges) - 1) + 1) / BEAT_PARTS, np.arange(len(edges)), edges)
    rises = mean_between(_band_rises(frames), (parts - RHYTHM_LEAD_SECONDS) * FRAMES_PER_SECOND)
    pattern = np.sqrt(rises).reshape(len(edges) - 1, -1)
    bars = np.zeros((len(pattern), BEATS_PER_BAR, pattern.shape[1]), dtype=np.float32)
    places = np.arange(len(pattern))
    bars[places, places % BEATS_PER_BAR] = BEATS_PER_BAR * pattern / (pattern.std() + 1e-6)
    return {
        "rhythm": bars.reshape(len(bars), -1),
        "level": mean_between(frames.bands, edges * FRAMES_PER_SECOND),
        "sounds": _timbre(frames, edges),
    }


def note_features(frames: SoundFrames, grid: BeatGrid) -> dict[str, FloatArray]:
    """Return the probability of each pitch [beats, 88], and of each pitch class in three registers [beats, 36]."""
    pitches: FloatArray = np.maximum(0, mean_between(frames.notes[:, 0], grid.times * HARMONY_FRAMES_PER_SECOND))
    classes = np.zeros((len(pitches), len(REGISTER_STARTS), 12), dtype=np.float32)
    for pitch in range(pitches.shape[1]):
        register = int(np.searchsorted(REGISTER_STARTS, pitch, "right")) - 1
        column = classes[:, register, (pitch + LOWEST_PITCH_CLASS) % 12]
        np.maximum(column, pitches[:, pitch], out=column)
    return {"pitches": pitches, "pitch classes": classes.reshape(len(classes), -1)}


def _timbre(frames: SoundFrames, edges: DoubleArray) -> FloatArray:
    patches = (edges - frames.timbre_start - (PATCH_SECONDS - PATCH_HOP_SECONDS) / 2) / PATCH_HOP_SECONDS
    return mean_between(np.log(np.maximum(frames.timbre, MIN_TIMBRE_SCORE)), patches)


def _band_rises(frames: SoundFrames) -> FloatArray:
    """Return the rise of the level [frames, bands of `ACCENT_BANDS`]."""
    rises = np.maximum(0, np.diff(frames.bands, axis=0, prepend=frames.bands[:1]))
    return np.stack([rises[:, bands].sum(axis=1) for bands in ACCENT_BANDS.values()], axis=1)


def accents(frames: SoundFrames, grid: BeatGrid) -> dict[str, FloatArray]:
    """Return the rise of the level at each beat [beats] in low, middle and high bands, in standard deviations of the clip."""
    starts = grid.times[:-1]
    spans = np.stack([starts + ACCENT_SECONDS[0], starts + ACCENT_SECONDS[1]], axis=1).ravel() * FRAMES_PER_SECOND
    around = mean_between(_band_rises(frames), np.append(spans, spans[-1] + 1))[::2]
    scores = (around - around.mean(axis=0)) / (around.std(axis=0) + 1e-6)
    return {name: scores[:, column] for column, name in enumerate(ACCENT_BANDS)}


def standardised(rows: FloatArray) -> FloatArray:
    """Return `rows` without their mean; the mean square of a row's length is 1, or 0 where all rows are equal."""
    centred = rows - rows.mean(axis=0)
    scaled: FloatArray = (centred / max(1e-6, float(np.sqrt(np.square(centred).sum(axis=1).mean())))).astype(np.float32)
    return scaled


def mean_between(frames: FloatArray, edges: DoubleArray) -> FloatArray:
    """Return the mean [len(edges) - 1, columns] of `frames` between two edges.

    Edges are given in frames and lie anywhere within one; beyond the last frame, and in spans without length, it is the nearest.
    """
    sums = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, axis=0, dtype=np.float64)])
    places = np.clip(edges, 0, len(frames))
    starts, ends = np.minimum(places[:-1], len(frames) - 1.0), places[1:]
    ends = np.maximum(ends, np.minimum(starts + 1e-2, len(frames)))
    low = [np.minimum(np.floor(edge).astype(np.int64), len(frames) - 1) for edge in (starts, ends)]
    first, last = (
        sums[floor] + (edge - floor)[:, np.newaxis] * (sums[floor + 1] - sums[floor])
        for edge, floor in zip((starts, ends), low, strict=True)
    )
    means: FloatArray = ((last - first) / (ends - starts)[:, np.newaxis]).astype(np.float32)
    return means
