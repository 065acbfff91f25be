"""Embeddings of voices: windows of 1.6 s over the speech of a clip, through a speaker encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.arrays import FloatArray, IntArray
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.speech.voice_activity import SAMPLE_RATE, SpeechRegion

WINDOW_SAMPLES = 25_600
"""1.6 s, the length that Resemblyzer was trained on."""
HOP_SAMPLES = 6_400
"""0.4 s at most between the starts of two windows of a region."""
BATCH_WINDOWS = 32
LEVEL_DBFS = -30.0
"""RMS to which each window is scaled, as in Resemblyzer's training."""
MEL_BANDS, FFT_SAMPLES, MEL_HOP_SAMPLES = 40, 400, 160
WINDOW_FRAMES = WINDOW_SAMPLES // MEL_HOP_SAMPLES
WORKING_BYTES = 200_000_000
"""Activations of one batch in WavLM Base; Resemblyzer takes less."""
MIN_NORM = 1e-9


@dataclass(frozen=True)
class VoiceWindows:
    """Embeddings of one side of a clip, in order of time."""

    centres: FloatArray
    """[windows], seconds."""
    embeds: FloatArray
    """[windows, width], each of unit length."""


def choose_encoder(choice: str, catalog: ModelCatalog) -> ModelSpec:
    """Return the speaker encoder that `choice` names, or the best for 'auto'.

    Raises:
        ModelError: see `ModelCatalog.choose`.
    """
    return catalog.choose("embed_speakers", choice, WORKING_BYTES).spec


def window_starts(regions: Iterable[SpeechRegion]) -> IntArray:
    """Return the first sample of each window, which may be negative.

    Windows lie within their region, evenly spaced; a shorter region is the middle of its only window.
    """
    starts: list[IntArray] = []
    for region in regions:
        room = region.end - region.start - WINDOW_SAMPLES
        count = 1 + max(0, -(-room // HOP_SAMPLES))
        first, last = (region.start, region.end - WINDOW_SAMPLES) if room > 0 else (region.start + room // 2,) * 2
        starts.append(np.linspace(first, last, count).astype(np.int64))
    return np.concatenate(starts) if starts else np.zeros(0, np.int64)


def embed_voices(
    waveform: FloatArray, regions: Iterable[SpeechRegion], spec: ModelSpec, runtime: ModelRuntime, should_stop: Callable[[], bool]
) -> VoiceWindows:
    """Embed the speech regions of a waveform; a job that is stopped has the windows until then.

    Args:
        waveform: float32 [samples] at 16 kHz, may be a memory map.
        regions: where there is speech.
        spec: the encoder.
        runtime: where it is borrowed.
        should_stop: called before each batch.
    """
    starts, embeds = window_starts(regions), list[FloatArray]()
    with runtime.cache.lease(spec, working_bytes=WORKING_BYTES, should_stop=should_stop) as (encoder,):
        for at in range(0, len(starts), BATCH_WINDOWS):
            if should_stop():
                break
            windows = np.stack([_window(waveform, int(start)) for start in starts[at : at + BATCH_WINDOWS]])
            embeds.append(_encode(encoder, spec, windows))
    found = np.concatenate(embeds) if embeds else np.zeros((0, 1), np.float32)
    centres = (starts[: len(found)] + WINDOW_SAMPLES / 2) / SAMPLE_RATE
    return VoiceWindows(centres.astype(np.float32), found)


def _window(waveform: FloatArray, start: int) -> FloatArray:
    """Return the samples of a window, with silence beyond the clip, at `LEVEL_DBFS`."""
    end = start + WINDOW_SAMPLES
    inside = np.asarray(waveform[max(0, start) : max(0, end)], dtype=np.float32)
    samples = np.pad(inside, (max(0, -start), WINDOW_SAMPLES - max(0, -start) - len(inside)))
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return samples * np.float32(10 ** (LEVEL_DBFS / 20) / max(level, MIN_NORM))


def _encode(encoder: Any, spec: ModelSpec, windows: FloatArray) -> FloatArray:
    """Return the embeddings [windows, width] of windows [windows, samples]."""
    embeds = _resemblyzer(encoder, windows) if spec.loader == "onnx" else _x_vectors(encoder, windows)
    normed: FloatArray = embeds / np.maximum(np.linalg.norm(embeds, axis=1, keepdims=True), MIN_NORM)
    return normed


def _resemblyzer(session: Any, windows: FloatArray) -> FloatArray:
    """Return Resemblyzer's embeddings; its input is a mel spectrogram of power, without a logarithm."""
    from librosa.feature import melspectrogram

    mels = melspectrogram(y=windows, sr=SAMPLE_RATE, n_fft=FFT_SAMPLES, hop_length=MEL_HOP_SAMPLES, n_mels=MEL_BANDS)
    frames = np.ascontiguousarray(mels[:, :, :WINDOW_FRAMES].transpose(0, 2, 1), dtype=np.float32)  # [windows, frames, bands]
    (embeds,) = session.run(None, {"mels": frames})
    return np.asarray(embeds, dtype=np.float32)


def _x_vectors(encoder: Any, windows: FloatArray) -> FloatArray:
    """Return the embeddings of a `…ForXVector` of transformers."""
    import torch

    inputs = encoder.processor(list(windows), sampling_rate=SAMPLE_RATE, return_tensors="pt")
    model = encoder.model
    with torch.inference_mode():
        output = model(inputs["input_values"].to(model.device, model.dtype))
    embeds: FloatArray = output.embeddings.float().cpu().numpy()
    return embeds
