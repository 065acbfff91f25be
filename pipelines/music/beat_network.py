"""Runs the beat network over a clip, block by block, so that hours need no more memory than a minute and a half."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.music.beat_tracking import METRES, TEMPO_BINS, RhythmActivations
from pipelines.rhythm_features import MEL_BANDS, Floats, frame_count, log_mel

RHYTHM_BLOCK_FRAMES = 3000
"""A minute."""
CONTEXT_FRAMES = 1030
"""What the network hears before and after a frame: two convolutions of 3 and nine of 5 with dilations up to 256."""
COLOURS = 20
"""Bands of the coarse spectrum that is kept for the sections."""
PULSE, METRE, TEMPO, COLOUR = (
    slice(0, 2),
    slice(2, 2 + len(METRES)),
    slice(2 + len(METRES), 2 + len(METRES) + TEMPO_BINS),
    slice(2 + len(METRES) + TEMPO_BINS, None),
)
"""Columns of a block."""


def rhythm_block_count(samples: int) -> int:
    """How many blocks of a minute cover `samples` samples; at least one."""
    return ceil(frame_count(samples) / RHYTHM_BLOCK_FRAMES)


def rhythm_block(beats: Any, waveform: Floats, gain: float, block: int) -> Floats:
    """[up to 3000 frames, 91] of block `block` of `waveform` [samples], mono at 22 050 Hz; `gain` as `level_gain` has it.

    The columns are logits of beat and downbeat, of 5 metres and of 64 tempi, then 20 bands of the log-mel spectrogram. `beats` is
    an onnxruntime session.
    """
    frames = frame_count(len(waveform))
    start, end = block * RHYTHM_BLOCK_FRAMES, min(frames, (block + 1) * RHYTHM_BLOCK_FRAMES)
    first, last = max(0, start - CONTEXT_FRAMES), min(frames, end + CONTEXT_FRAMES)
    mel = log_mel(waveform, first, last - first, gain)
    outputs = beats.run(["pulse", "metre", "tempo"], {"mel": mel[np.newaxis]})
    colour = mel.reshape(len(mel), COLOURS, MEL_BANDS // COLOURS).mean(axis=2)
    wide = np.concatenate([*(output[0] for output in outputs), colour], axis=1)
    result: Floats = wide[start - first : end - first].astype(np.float32)
    return result


def joined(blocks: list[NDArray[Any]]) -> tuple[RhythmActivations, Floats]:
    """(activations, coarse spectrum [frames, 20]) of the whole clip."""
    frames = sum(len(block) for block in blocks)
    metre, tempo = (
        sum(block[:, columns].sum(axis=0, dtype=np.float64) for block in blocks) / frames for columns in (METRE, TEMPO)
    )
    pulse, colour = (np.concatenate([block[:, columns].astype(np.float32) for block in blocks]) for columns in (PULSE, COLOUR))
    onsets = np.maximum(0, np.diff(colour, axis=0, prepend=colour[:1])).sum(axis=1)
    return RhythmActivations(pulse, metre, tempo, onsets), colour
