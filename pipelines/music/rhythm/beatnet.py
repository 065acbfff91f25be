"""Runs BeatNet, which was trained on recordings, over a clip: it looks only back, and its state goes from block to block.

Heydari, Cwitkowitz and Duan 2021, arXiv 2108.03576; the features are those of madmom's logarithmic filter bank.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from models.arrays import AnyArray, FloatArray
from pipelines.music.rhythm.beat_network import (
    BEAT_BLOCK_FRAMES,
    BEAT_SAMPLE_RATE,
    HOP_SAMPLES,
    BeatActivations,
    frame_count,
)
from pipelines.music.rhythm.beat_search import sigmoid
from pipelines.music.rhythm.pulse import pulse_correlation, pulse_logits

WINDOW_SAMPLES = 1411
MIN_HZ, MAX_HZ = 30.0, 17_000.0
BANDS_PER_OCTAVE = 24
REFERENCE_HZ = 440.0
CLASSES = 3
"""Beat that is no downbeat, downbeat, neither."""
STATE_SHAPE = (12, 1, 150)
"""h and c of two layers in three networks."""
STATE_ROWS = 600
"""Rows of `CLASSES` values that hold the state."""
BEATNET_WEIGHT, DOWNBEAT_WEIGHT = 0.6, 0.3
"""Weights of BeatNet's beat and downbeat logits; the rest are those of our network, which learned from renderings. On 28 real
pieces of the tuning sources the F-measure of the beats is 0.875 with 0.5, 0.950 with 0.6 and 0.960 with 0.75; on 21 rendered
pieces of the validation split it is 0.919, 0.919 and 0.872. That of the downbeats, where the beats are right, is 0.598, 0.661 and
0.683 with 0, 0.3 and 0.5 on 39 real pieces, and 0.826, 0.882 and 0.849 on 18 rendered ones."""
MIN_PROB = 1e-4
"""Limit of the probabilities, so that logits are finite."""


def beatnet_block(session: Any, waveform: FloatArray, gain: float, block: int, before: FloatArray | None) -> FloatArray:
    """Run BeatNet over one block of a minute.

    Args:
        session: its onnxruntime session.
        waveform: float32 [samples], mono at 22 050 Hz.
        gain: of the whole clip, see `input_gain`.
        block: number of the block.
        before: the result for the block before; None for the first block.

    Returns:
        [up to 3000 frames + 600, 3]: the probabilities of a beat that is no downbeat, a downbeat and neither, then the state.
    """
    start, end = block * BEAT_BLOCK_FRAMES, min(frame_count(len(waveform)), (block + 1) * BEAT_BLOCK_FRAMES)
    state = np.zeros(STATE_SHAPE, dtype=np.float32) if before is None else before[-STATE_ROWS:].reshape(STATE_SHAPE)
    inputs = {"features": beatnet_features(waveform, start, end, gain), "state": state}
    probs, after = session.run(["probs", "next_state"], inputs)
    result: FloatArray = np.concatenate([probs, after.reshape(STATE_ROWS, CLASSES)])
    return result


def with_beatnet(activations: BeatActivations, blocks: list[FloatArray]) -> BeatActivations:
    """Return `activations` with beat and downbeat logits that are weighted means of both networks', and the pulse in the tempo.

    Args:
        activations: of our network.
        blocks: those of `beatnet_block`.
    """
    probs = np.concatenate([block[:-STATE_ROWS] for block in blocks])
    beats = activations.beats.copy()
    beats[:, 0] += BEATNET_WEIGHT * (beat_logits(probs) - beats[:, 0])
    beats[:, 1] += DOWNBEAT_WEIGHT * (logits(probs[:, 1]) - beats[:, 1])
    tempo = activations.tempo + pulse_logits(pulse_correlation(sigmoid(beats[:, 0])))
    return replace(activations, beats=beats, tempo=tempo)


def beat_logits(probs: FloatArray) -> FloatArray:
    """Return the logit [frames] of a beat, downbeat or not, from BeatNet's probabilities [frames, 3]."""
    return logits(probs[:, :2].sum(axis=1))


def logits(probs: FloatArray) -> FloatArray:
    """Return the logits of probabilities, which are limited to `MIN_PROB` from 0 and 1."""
    bounded = np.clip(probs, MIN_PROB, 1 - MIN_PROB)
    result: FloatArray = np.log(bounded / (1 - bounded)).astype(np.float32)
    return result


def beatnet_features(waveform: FloatArray, start: int, end: int, gain: float) -> FloatArray:
    """Return [end - start, 272]: log10(1 + filtered magnitude) of the frames, and its increase since the frame before."""
    first = max(0, start - 1)
    begin = first * HOP_SAMPLES - WINDOW_SAMPLES // 2
    stop = (end - 1) * HOP_SAMPLES - WINDOW_SAMPLES // 2 + WINDOW_SAMPLES
    inside = gain * np.asarray(waveform[max(0, begin) : max(0, stop)], dtype=np.float32)
    padded = np.pad(inside, (max(0, -begin), max(0, stop - max(0, begin) - len(inside))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    windowed = frames * np.hanning(WINDOW_SAMPLES).astype(np.float32)
    magnitude = np.abs(np.fft.rfft(windowed, axis=1))[:, : WINDOW_SAMPLES // 2].astype(np.float32)
    level = np.log10(1 + magnitude @ filter_bank())
    rise = np.maximum(0, np.diff(level, axis=0, prepend=level[:1]))
    result: FloatArray = np.hstack([level, rise])[start - first :].astype(np.float32)
    return result


@cache
def filter_bank() -> FloatArray:
    """Return [705, 136]: triangles between neighbouring distinct FFT bins of a logarithmic scale, each with the sum 1."""
    bins = WINDOW_SAMPLES // 2
    hertz = np.arange(bins) * (BEAT_SAMPLE_RATE / (2 * bins))
    edges = _distinct_bins(hertz)
    filters = np.zeros((bins, len(edges) - 2), dtype=np.float32)
    for column, (start, centre, stop) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        if stop - start < 2:
            centre, stop = start, start + 1
        filters[start:centre, column] = np.linspace(0, 1, centre - start, endpoint=False)
        filters[centre:stop, column] = np.linspace(1, 0, stop - centre, endpoint=False)
    summed: FloatArray = filters / filters.sum(axis=0)
    return summed


def _distinct_bins(hertz: AnyArray) -> list[int]:
    """Return the FFT bins nearest to a scale of 24 bands an octave, without repeats."""
    low, high = (BANDS_PER_OCTAVE * np.log2(limit / REFERENCE_HZ) for limit in (MIN_HZ, MAX_HZ))
    centres = REFERENCE_HZ * 2 ** (np.arange(np.floor(low), np.ceil(high)) / BANDS_PER_OCTAVE)
    centres = centres[(centres >= MIN_HZ) & (centres <= MAX_HZ)]
    places = np.clip(hertz.searchsorted(centres), 1, len(hertz) - 1)
    places = np.unique(places - (centres - hertz[places - 1] < hertz[places] - centres))
    return [int(place) for place in places]
