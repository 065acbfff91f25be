"""Runs the piano network over a clip at the clip's own tuning, block by block."""

from __future__ import annotations

from functools import cached_property, partial
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.music import PIANO_NETWORK
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.music.harmony.tuning import MIN_TUNING_CENTS
from pipelines.music.sounding_part import SoundingPart
from pipelines.notes.piano.spectrogram import PIANO_SAMPLE_RATE, frame_count, log_mel

PIANO_HOP_SAMPLES = 320
BLOCK_FRAMES = 1500
"""30 s."""
CONTEXT_FRAMES = 150
"""Frames before and after a block that the recurrent layers read as well: 3 s."""
KEYS, CURVES, PEDAL_CURVES = 88, 4, 3
LEVELS = 255
"""Outputs are stored as whole multiples of 1/255."""
WORKING_BYTES = 200 * 2**20
"""Memory for the maps of the first convolutions of one block."""
PEAK = 0.7
"""Loudest sample of the network's input."""


class PianoFrames:
    """Outputs of the piano network for the part of a clip that sounds. A lease is for one block; stored blocks need none."""

    def __init__(self, clip: AudioClip, part: SoundingPart, cents: float, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._part = part
        self._runtime = runtime
        self.spec = runtime.catalog.choose("transcribe_notes", PIANO_NETWORK.key, WORKING_BYTES).spec
        factor = 2 ** (cents / 1200) if abs(cents) >= MIN_TUNING_CENTS else 1.0
        self._sample_rate = round(PIANO_SAMPLE_RATE * factor)

    @property
    def frames_per_second(self) -> float:
        """Frame rate on the clip's time axis."""
        return self._sample_rate / PIANO_HOP_SAMPLES

    @cached_property
    def _waveform(self) -> FloatArray:
        """Samples of the part, as loud as those that the network learned from."""
        samples = self._part.cut(self._clip.waveform(self._sample_rate), self._sample_rate)
        return samples * np.float32(PEAK / max(1e-6, float(np.abs(samples).max(initial=0.0))))

    @property
    def count(self) -> int:
        """Number of blocks."""
        return ceil(frame_count(len(self._waveform), PIANO_HOP_SAMPLES) / BLOCK_FRAMES)

    def block(self, number: int) -> tuple[FloatArray, FloatArray]:
        """Return (notes [frames, 4, 88], pedal [frames, 3]) of one block, 0 to 1; the first block begins where the part does."""
        layer = f"piano frames of block {number} at {self._sample_rate} Hz, {self._part.name}"
        compute = partial(_stored_block, self._waveform, number)
        stored = cached_features(self._clip, self.spec, layer, compute, self._runtime, WORKING_BYTES)
        values = stored * np.float32(1 / LEVELS)
        return values[:, : CURVES * KEYS].reshape(-1, CURVES, KEYS), values[:, CURVES * KEYS :]


def _stored_block(waveform: FloatArray, block: int, session: Any) -> NDArray[np.uint8]:
    """Return [up to 1500 frames, 4 · 88 + 3]."""
    start = block * BLOCK_FRAMES
    end = min(frame_count(len(waveform), PIANO_HOP_SAMPLES), start + BLOCK_FRAMES)
    first = max(0, start - CONTEXT_FRAMES)
    mel = log_mel(waveform, PIANO_HOP_SAMPLES, first, end + CONTEXT_FRAMES - first)
    notes, pedal = session.run(["notes", "pedal"], {"mel": mel[np.newaxis]})
    inside = slice(start - first, end - first)
    wide = np.concatenate([notes[0, inside].reshape(end - start, -1), pedal[0, inside]], axis=1)
    stored: NDArray[np.uint8] = np.round(LEVELS * wide).astype(np.uint8)
    return stored
