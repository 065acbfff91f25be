"""Reads a clip with Basic Pitch at the clip's own tuning, block by block, for the chords as for the notes."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.cache.feature_store import FeatureKey
from models.runtime import ModelRuntime
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.music.harmony.note_activations import (
    NOTE_HOP_SAMPLES,
    NOTE_SAMPLE_RATE,
    PITCHES,
    NoteFrames,
    note_block,
    note_block_count,
)
from pipelines.music.harmony.tuning import MIN_TUNING_CENTS, tuning_cents
from pipelines.music.sounding_part import SoundingPart

WORKING_BYTES = 200 * 2**20
"""Memory for spectrograms and activations of one block of any network, beside the weights; rounded up."""
TUNING_REVISION = "3"
LEVELS = 255
"""Activations are stored as whole multiples of 1/255: 1 MB for each block."""


class NoteReader:
    """The activations of the part of a clip that sounds. Each lease is for one block, and stored blocks need none."""

    def __init__(self, clip: AudioClip, part: SoundingPart, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._part = part
        self._runtime = runtime
        self.spec = runtime.catalog.choose("transcribe_notes", working_bytes=WORKING_BYTES).spec

    @cached_property
    def cents(self) -> float:
        """Tuning of the clip."""
        key = FeatureKey(self._clip.content_hash, "tuning", TUNING_REVISION, f"cents, {self._part.name}")
        waveform = self._part.cut(self._clip.waveform(NOTE_SAMPLE_RATE), NOTE_SAMPLE_RATE)
        return float(self._runtime.features.get_or_compute(key, partial(_tuning_of, waveform))[0])

    @cached_property
    def sample_rate(self) -> int:
        """Rate in Hz to which the clip is resampled; read as if it were the usual one, all notes are shifted to A4 = 440 Hz."""
        return round(NOTE_SAMPLE_RATE * 2 ** (self.cents / 1200)) if abs(self.cents) >= MIN_TUNING_CENTS else NOTE_SAMPLE_RATE

    @property
    def frames_per_second(self) -> float:
        """Frame rate on the clip's time axis."""
        return self.sample_rate / NOTE_HOP_SAMPLES

    @cached_property
    def waveform(self) -> FloatArray:
        """Samples of the part [samples] at `sample_rate`."""
        return self._part.cut(self._clip.waveform(self.sample_rate), self.sample_rate)

    @property
    def count(self) -> int:
        """Number of blocks."""
        return note_block_count(len(self.waveform))

    def block(self, number: int) -> NoteFrames:
        """Return the activations of one block; the first block begins where the part does."""
        layer = f"note frames of block {number} at {self.sample_rate} Hz, {self._part.name}"
        compute = partial(_stored_frames, self.waveform, number)
        stored = cached_features(self._clip, self.spec, layer, compute, self._runtime, WORKING_BYTES)
        frames = stored * np.float32(1 / LEVELS)
        return NoteFrames(frames[:, :PITCHES], frames[:, PITCHES : 2 * PITCHES], frames[:, 2 * PITCHES :])


def _tuning_of(waveform: FloatArray) -> FloatArray:
    return np.array([tuning_cents(waveform, NOTE_SAMPLE_RATE)], dtype=np.float32)


def _stored_frames(waveform: FloatArray, block: int, session: Any) -> NDArray[np.uint8]:
    """Return [2272, 88 + 88 + 264]."""
    frames = np.concatenate(note_block(session, waveform, block), axis=1)
    return np.round(LEVELS * frames).astype(np.uint8)
