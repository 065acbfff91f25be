"""Beats, bars and tempo of a clip from the activations of the beat network.

The network gives each frame a probability of a beat and of a downbeat. One Viterbi search finds the beats (`beat_search`),
another the position of each beat in its bar (`metre`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray, IntArray
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND, BeatActivations
from pipelines.music.rhythm.beat_search import SEARCH_RATE, max_around, sigmoid
from pipelines.music.rhythm.metre import bar_positions
from pipelines.music.rhythm.pulse import pulse_regularity
from pipelines.music.rhythm.regular_onsets import regular_onsets
from pipelines.music.rhythm.tempo import MIN_CANDIDATE_PROB, estimate_tempo, median_bpm
from pipelines.music.rhythm.tempo_levels import NEUTRAL, Character, tempo_levels
from pipelines.music.rhythm.types import Beats, MetreCandidate, Tempo

MIN_BEATS = 5
MIN_PULSE = 0.1
"""Usual `BeatOptions.min_pulse`. The product is at most 0.06 in made tones, noises and rain without a rhythm, 0.03 in speech and
birdsong, at most 0.11 in LMMS's pads, and at least 0.11 on the tuning sources where the tempo is right."""
MIN_PULSE_SECONDS = 2.0
"""Time from the first beat to the last below which there is no tempo: six beats at 174 may as well be four at 87."""


@dataclass(frozen=True)
class BeatOptions:
    """Options of `rhythm_of_beats`."""

    min_bpm: float = 40.0
    """Beats per minute."""
    max_bpm: float = 240.0
    beats_per_bar: int | None = None
    """None to find out."""
    min_pulse: float = MIN_PULSE
    """Product of the mean probability of the beats and their `pulse_regularity` below which there is no pulse."""
    accept_clicks: bool = False
    """Whether onsets at equal distances with nothing between them are beats: taps, a metronome."""
    character: Character = NEUTRAL
    """Whether the music is calm, by its tags."""


def rhythm_of_beats(
    frames: IntArray,
    activations: BeatActivations,
    chroma: FloatArray,
    options: BeatOptions = BeatOptions(),
) -> tuple[Tempo, Beats] | None:
    """Return the tempo and the beats; None where there is no pulse.

    Args:
        frames: those of `search_beats`.
        activations: of the beat network.
        chroma: [frames at 10.8 a second, 12]; empty where it is not known.
        options: limits of the tempo, and the metre if it is known.
    """
    limits = options.min_bpm, options.max_bpm
    clicks = regular_onsets(activations.onsets, *limits) if options.accept_clicks else ()
    if len(clicks):
        frames = np.round(np.asarray(clicks) * (SEARCH_RATE / FRAMES_PER_SECOND)).astype(np.int64)
        strength, times = 1.0, (np.asarray(clicks) / FRAMES_PER_SECOND).astype(np.float32)
        tempo = Tempo(median_bpm(times, limits), 1.0, (), "Every interval between the clicks is the same.")
    else:
        if len(frames) < MIN_BEATS or frames[-1] - frames[0] < MIN_PULSE_SECONDS * SEARCH_RATE:
            return None
        probs = sigmoid(activations.beats[:, 0])
        strength = float(max_around(probs, frames).mean())
        if strength * pulse_regularity(probs, frames) < options.min_pulse:
            return None
        levels = tempo_levels(activations, frames, limits, options.character)
        frames = levels[0].frames
        times = _refined_times(activations.beats[:, 0], frames)
        tempo = estimate_tempo(activations, times, levels, limits)
    positions, metres = bar_positions(activations, frames, chroma, options.beats_per_bar)
    (beats, unit), metre_prob = metres[0]
    others = tuple(MetreCandidate(*metre, round(strength * prob, 3)) for metre, prob in metres[1:] if prob >= MIN_CANDIDATE_PROB)
    return tempo, Beats(
        tuple(round(float(t), 3) for t in times),
        tuple(positions.tolist()),
        beats,
        unit,
        round(strength * metre_prob, 3),
        others,
    )


def _refined_times(logits: FloatArray, frames: IntArray) -> FloatArray:
    """Return the seconds of the beats: the centroid of the probability around each frame."""
    centres = np.round(frames / 2).astype(np.int64)
    around = np.clip(centres[:, np.newaxis] + np.arange(-2, 3), 0, len(logits) - 1)
    weight = sigmoid(logits[around]) + 1e-3
    times: FloatArray = ((around * weight).sum(axis=1) / weight.sum(axis=1) / FRAMES_PER_SECOND).astype(np.float32)
    return times
