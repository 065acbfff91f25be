"""Reads a clip with the networks of harmony: Basic Pitch and the harmony network, and crema, all at the clip's own tuning."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.cache.feature_store import ArrayT, FeatureKey
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.specs.music import CREMA, HARMONY_NETWORK
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.music.frame_power import frame_power
from pipelines.music.harmony.chord_recognition import CHORD_COUNT, chord_probability, fused_log_probs
from pipelines.music.harmony.crema import (
    CREMA_HOP_SAMPLES,
    CREMA_SAMPLE_RATE,
    crema_block,
    crema_block_count,
    joined_crema,
)
from pipelines.music.harmony.harmony_network import HARMONY_HOP_SAMPLES, chroma_of, harmony_logits, pooled_notes
from pipelines.music.harmony.key_evidence import HarmonyActivations, level_weights, melody_chroma
from pipelines.music.harmony.note_activations import NOTE_SAMPLE_RATE
from pipelines.music.harmony.note_reading import WORKING_BYTES, NoteReader
from pipelines.music.harmony.tonality import Tonality, tonality_of
from pipelines.music.harmony.tuning import MIN_TUNING_CENTS
from pipelines.music.sounding_part import SoundingPart

NOTES_FRACTION = 0.75
"""Fraction of the reading that the notes take; crema takes the rest."""

HalfArray = NDArray[np.float16]
"""Type of what is stored for a long time; it need not be more exact."""
StepT = TypeVar("StepT")


@dataclass(frozen=True)
class HarmonyReading:
    """What the networks found."""

    notes: FloatArray
    """[frames, 2, 88], pooled notes and onsets."""
    activations: HarmonyActivations
    tonality: Tonality
    cents: float
    """Tuning of the clip."""


class HarmonyReader:
    """One clip and the models for it. Each lease is for one block, and stored blocks need none."""

    def __init__(self, clip: AudioClip, part: SoundingPart, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._part = part
        self._runtime = runtime
        self._reader = NoteReader(clip, part, runtime)
        choose = runtime.catalog.choose
        self._harmony = choose("name_chords", HARMONY_NETWORK.key, WORKING_BYTES).spec
        self._crema = choose("name_chords", CREMA.key, WORKING_BYTES).spec

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """All models in use."""
        return self._reader.spec, self._harmony, self._crema

    def read(self, step: Callable[[float], StepT]) -> Generator[StepT, None, HarmonyReading]:
        """Return what the networks find; yield `step(fraction)` after each block, which was this fraction of the work."""
        cents = self._reader.cents
        notes = yield from self._pooled_notes(step)
        layer = f"chords and keys at {cents:.0f} cents"
        logits = self._features(self._harmony, layer, partial(_harmony_of, notes)).astype(np.float32)
        waveform = self._waveform(CREMA_SAMPLE_RATE)
        count, blocks = crema_block_count(len(waveform)), []
        for block in range(count):
            layer = f"crema of block {block} at {cents:.0f} cents"
            blocks.append(self._features(self._crema, layer, partial(_crema_of, waveform, cents, block)))
            yield step((1 - NOTES_FRACTION) / count)
        crema = joined_crema([block.astype(np.float32) for block in blocks])
        frames = min(len(notes), len(crema.chords))
        crema = crema.part(slice(frames))
        chord_logits, key_logits = logits[:frames, :CHORD_COUNT], logits[:frames, CHORD_COUNT:]
        activations = HarmonyActivations(
            chords=np.exp(fused_log_probs(chord_logits, crema.chords)),
            keys=key_logits,
            chroma=chroma_of(notes[:frames, 0]),
            melody=melody_chroma(notes[:frames, 0]),
            crema=crema,
            weights=level_weights(_frame_rms(waveform, frames)),
        )
        tonality = tonality_of(notes[:frames], activations.weights, chord_probability(chord_logits))
        return HarmonyReading(notes, activations, tonality, cents)

    def _pooled_notes(self, step: Callable[[float], StepT]) -> Generator[StepT, None, FloatArray]:
        """Return the pooled notes [frames, 2, 88] at the usual frame rate."""
        count, blocks = self._reader.count, []
        for block in range(count):
            layer = f"notes of block {block} at {self._reader.sample_rate} Hz, {self._part.name}"
            key = FeatureKey(self._clip.content_hash, self._reader.spec.key, repr(self._reader.spec.source), layer)
            blocks.append(self._runtime.features.get_or_compute(key, partial(_pooled_block, self._reader, block)))
            yield step(NOTES_FRACTION / count)
        notes = np.concatenate(blocks)
        samples = len(self._waveform(NOTE_SAMPLE_RATE))
        frames_at = np.arange(ceil(samples / HARMONY_HOP_SAMPLES)) * (self._reader.sample_rate / NOTE_SAMPLE_RATE)
        at_usual_rate: FloatArray = notes[np.minimum(np.round(frames_at).astype(np.int64), len(notes) - 1)].astype(np.float32)
        return at_usual_rate

    def _waveform(self, sample_rate: int) -> FloatArray:
        """Return the samples of the part that sounds."""
        return self._part.cut(self._clip.waveform(sample_rate), sample_rate)

    def _features(self, spec: ModelSpec, layer: str, compute: Callable[[Any], ArrayT]) -> ArrayT:
        """Return what the feature store has for the part that sounds, else `compute(model)` under a lease."""
        return cached_features(self._clip, spec, f"{layer}, {self._part.name}", compute, self._runtime, WORKING_BYTES)


def _frame_rms(waveform: FloatArray, frames: int) -> FloatArray:
    """Return the RMS [frames] of each of crema's frames."""
    power = frame_power(waveform[: frames * CREMA_HOP_SAMPLES], CREMA_HOP_SAMPLES)
    rms: FloatArray = np.sqrt(np.pad(power, (0, frames - len(power))) / CREMA_HOP_SAMPLES).astype(np.float32)
    return rms


def _pooled_block(reader: NoteReader, block: int) -> HalfArray:
    frames = reader.block(block)
    return pooled_notes(frames.notes, frames.onsets).astype(np.float16)


def _harmony_of(notes: FloatArray, session: Any) -> HalfArray:
    """Return [frames, 37 + 24]: the logits of chords and of keys."""
    return np.concatenate(harmony_logits(session, notes), axis=1).astype(np.float16)


def _crema_of(waveform: FloatArray, cents: float, block: int, session: Any) -> HalfArray:
    return crema_block(session, waveform, cents if abs(cents) >= MIN_TUNING_CENTS else 0.0, block).astype(np.float16)
