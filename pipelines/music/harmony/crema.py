"""Runs crema, which was trained on recordings, over a clip: chords, pitch classes, root and bass of every frame.

McFee and Bello 2017, "Structured training for large-vocabulary chord recognition". Its input is two octave-shifted parts of one
constant-Q transform, in dB.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np

from models.arrays import FloatArray
from pipelines.music.harmony.chord_recognition import CHORD_COUNT

CREMA_SAMPLE_RATE = 11_025
CREMA_HOP_SAMPLES = 1024
"""93 ms, as many frames a second as the harmony network has; frame i is centred at sample 1024 i."""
BLOCK_FRAMES = 2048
"""Frames of one block: three minutes."""
CONTEXT_FRAMES = 64
"""Frames before and after a block, which the recurrent layers and the transform see: 6 s."""
BINS_PER_OCTAVE = 36
CQT_BINS = 252
INPUT_BINS = 216
MIN_HZ = 32.703
"""C1, the centre of the first bin."""
RANGE_DB = 80.0
"""Level below the maximum of a block that counts as silence."""
MIN_PEAK = 1e-5
"""Magnitude that a block's maximum is taken to be at least, so that silence stays silent."""
MIN_SAMPLES = 1 << 15
"""Samples to which a shorter clip is padded: the window of the lowest bin."""
COLUMNS = {"chords": CHORD_COUNT, "pitch": 12, "root": 13, "bass": 13}
"""Outputs and their sizes."""


@dataclass(frozen=True)
class CremaActivations:
    """Probabilities of every frame, 10.8 a second."""

    chords: FloatArray
    """[frames, 37], as the chords of the harmony network."""
    pitch: FloatArray
    """[frames, 12], of each pitch class that sounds, C first."""
    root: FloatArray
    """[frames, 13], of the root of the chord; the last column is 'no root'."""
    bass: FloatArray
    """[frames, 13], of the bass; the last column is 'no bass'."""

    def part(self, frames: slice) -> CremaActivations:
        """Return the activations of some frames."""
        return CremaActivations(self.chords[frames], self.pitch[frames], self.root[frames], self.bass[frames])


def crema_block_count(samples: int) -> int:
    """Return the number of blocks of 190 s that cover `samples` samples, at least one."""
    return max(1, ceil(samples / (BLOCK_FRAMES * CREMA_HOP_SAMPLES)))


def crema_block(session: Any, waveform: FloatArray, cents: float, block: int) -> FloatArray:
    """Run crema over one block.

    Args:
        session: its onnxruntime session.
        waveform: float32 [samples], mono at 11 025 Hz.
        cents: tuning of the clip, by which the bins of the transform are shifted.
        block: number of the block.

    Returns:
        [up to 2048 frames, 75]: the columns of `CremaActivations` side by side.
    """
    frames = ceil(len(waveform) / CREMA_HOP_SAMPLES)
    start, end = block * BLOCK_FRAMES, min(frames, (block + 1) * BLOCK_FRAMES)
    first, last = max(0, start - CONTEXT_FRAMES), end + CONTEXT_FRAMES
    part = np.asarray(waveform[first * CREMA_HOP_SAMPLES : last * CREMA_HOP_SAMPLES], dtype=np.float32)
    part = np.pad(part, (0, max(0, MIN_SAMPLES - len(part))))
    features = crema_features(part, cents)[: min(last, frames) - first]
    outputs = session.run(list(COLUMNS), {"cqt": features[np.newaxis]})
    result: FloatArray = np.concatenate([output[0, start - first : end - first] for output in outputs], axis=1)
    return result


def crema_features(waveform: FloatArray, cents: float) -> FloatArray:
    """Return the level [frames, 216, 2] of the bins and of those an octave higher, in dB below the maximum."""
    from librosa import amplitude_to_db, cqt

    magnitude = np.abs(
        cqt(
            waveform,
            sr=CREMA_SAMPLE_RATE,
            hop_length=CREMA_HOP_SAMPLES,
            fmin=MIN_HZ,
            n_bins=CQT_BINS,
            bins_per_octave=BINS_PER_OCTAVE,
            tuning=cents / 100 * BINS_PER_OCTAVE / 12,
        )
    ).T
    level = amplitude_to_db(magnitude, ref=max(MIN_PEAK, float(magnitude.max(initial=0))), amin=MIN_PEAK / 1e4, top_db=RANGE_DB)
    features: FloatArray = np.stack([level[:, :INPUT_BINS], level[:, -INPUT_BINS:]], axis=-1).astype(np.float32)
    return features


def joined_crema(blocks: list[FloatArray]) -> CremaActivations:
    """Return the activations of the blocks one after the other."""
    joined = np.concatenate(blocks).astype(np.float32)
    edges = np.cumsum([0, *COLUMNS.values()])
    return CremaActivations(*(joined[:, start:end] for start, end in pairwise(edges)))
