"""What the piano network learns of a stretch of a performance: targets at frames, exact to fractions of a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.arrays import DoubleArray, FloatArray
from pipelines.notes.notes import LOWEST_PITCH, MAX_VELOCITY
from pipelines.notes.piano.spectrogram import MEL_BANDS, PIANO_SAMPLE_RATE
from training.piano.dataset import Example
from training.piano.network import KEYS

RAMP_SECONDS = 0.05
"""Time from an onset or offset at which its triangle is zero; the paper's J of five frames of 10 ms."""
EQUALISER_DB = 3.0
"""Standard deviation at each of `EQUALISER_POINTS` over the mel bands."""
EQUALISER_POINTS = 8
NOISE_FLOOR_DB = (-85.0, -25.0)


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of a stretch, or of a batch of them with one more axis in front."""

    mel: Tensor
    """[frames, 229], dB."""
    onset: Tensor
    """[frames, 88], triangles around onsets."""
    offset: Tensor
    """[frames, 88], triangles around the ends of sounds."""
    frame: Tensor
    """[frames, 88], 1 where a note sounds."""
    velocity: Tensor
    """[frames, 88], velocity / 127 where a triangle of an onset is; 0 elsewhere."""
    pedal: Tensor
    """[frames, 3], triangles around pressing and releasing, and 1 where the pedal is down."""

    def to(self, device: torch.device) -> Targets:
        """Return the same on a device."""
        return Targets(*(values.to(device) for values in vars(self).values()))


def targets_of(example: Example, start: int, frames: int, hop_length: int, generator: torch.Generator | None = None) -> Targets:
    """Return the targets of `frames` frames from frame `start` on.

    Args:
        example: the performance.
        start: first frame.
        frames: number of frames; beyond the example there is silence.
        hop_length: samples at 16 kHz from frame to frame.
        generator: changes equaliser and noise at random; unchanged if None.
    """
    mel = np.full((frames, MEL_BANDS), -100.0, dtype=np.float32)
    inside = example.mel[start : start + frames]
    mel[: len(inside)] = inside
    seconds = (start + np.arange(frames)) * hop_length / PIANO_SAMPLE_RATE
    onset, offset, frame, velocity = (np.zeros((frames, KEYS), dtype=np.float32) for _ in range(4))
    near = (example.notes[:, 0] < seconds[-1] + RAMP_SECONDS) & (example.notes[:, 1] > seconds[0] - RAMP_SECONDS)
    for begin, end, _, pitch, level in example.notes[near]:
        key = int(pitch) - LOWEST_PITCH
        ramp = triangle(seconds, begin)
        velocity[ramp > onset[:, key], key] = level / MAX_VELOCITY
        onset[:, key] = np.maximum(onset[:, key], ramp)
        offset[:, key] = np.maximum(offset[:, key], triangle(seconds, end))
        frame[(seconds >= begin) & (seconds < end), key] = 1
    arrays = (mel if generator is None else augmented(mel, generator), onset, offset, frame, velocity)
    return Targets(*(torch.from_numpy(array) for array in (*arrays, _pedal_targets(example.pedals, seconds))))


def triangle(seconds: DoubleArray, time: float) -> FloatArray:
    """Return 1 at `time`, falling to 0 within `RAMP_SECONDS` on both sides."""
    return np.maximum(0, 1 - np.abs(seconds - time) / RAMP_SECONDS).astype(np.float32)


def augmented(mel: FloatArray, generator: torch.Generator) -> FloatArray:
    """Return [frames, 229] through a smooth equaliser, in noise. The level stays: it says how hard a key was struck."""
    floor = float(torch.rand(1, generator=generator))
    curve = EQUALISER_DB * torch.randn(EQUALISER_POINTS, generator=generator).numpy()
    bands = np.interp(np.arange(MEL_BANDS), np.linspace(0, MEL_BANDS - 1, EQUALISER_POINTS), curve)
    moved = mel + bands
    noise = NOISE_FLOOR_DB[0] + (NOISE_FLOOR_DB[1] - NOISE_FLOOR_DB[0]) * floor
    result: FloatArray = (10 * np.log10(10 ** (moved / 10) + 10 ** (noise / 10))).astype(np.float32)
    return result


def stacked(targets: list[Targets]) -> Targets:
    """Return a batch."""
    return Targets(*(torch.stack(list(values)) for values in zip(*(vars(one).values() for one in targets), strict=True)))


def _pedal_targets(pedals: DoubleArray, seconds: DoubleArray) -> FloatArray:
    found = np.zeros((len(seconds), 3), dtype=np.float32)
    for begin, end in pedals:
        found[:, 0] = np.maximum(found[:, 0], triangle(seconds, begin))
        found[:, 1] = np.maximum(found[:, 1], triangle(seconds, end))
        found[(seconds >= begin) & (seconds < end), 2] = 1
    return found
