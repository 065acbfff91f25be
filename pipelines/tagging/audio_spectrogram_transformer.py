"""The audio spectrogram transformer (Gong et al. 2021, arXiv 2104.01778): scores of AudioSet's classes and hidden states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.hidden_states import hidden_state_selection

AST_SAMPLE_RATE = 16_000
AST_FRAME_SAMPLES, AST_FRAME_HOP_SAMPLES = 400, 160
"""Log-mel frames of 25 ms, every 10 ms."""
AST_INPUT_FRAMES = 1024
AST_INPUT_SAMPLES = (AST_INPUT_FRAMES - 1) * AST_FRAME_HOP_SAMPLES + AST_FRAME_SAMPLES
"""10.24 s, the length of one input."""
AST_TIME_PATCHES = 101
"""Columns of patches along the time axis."""
AST_EXTRA_TOKENS = 2
"""The class token and the distillation token, before the patches."""


def ast_class_names(model: Any) -> tuple[str, ...]:
    """Return the names of the classes in the order of the model's output, from the checkpoint's configuration."""
    names = model.model.config.id2label
    return tuple(names[i] for i in range(len(names)))


def ast_scores(model: Any, sound: FloatArray) -> FloatArray:
    """Return scores [classes], 0 to 1, of `sound` [samples] at 16 kHz, at most `AST_INPUT_SAMPLES` long."""
    import torch

    with torch.inference_mode():
        logits = model.model(_inputs(model, sound)).logits[0]
        return np.asarray(logits.sigmoid().float().cpu().numpy())


def ast_hidden_states(model: Any, sound: FloatArray, layers: Sequence[int]) -> list[FloatArray]:
    """Return [AST_TIME_PATCHES, width] for each of `layers`, averaged over the frequency bands.

    Args:
        model: the processor and the model, as the loader gives them.
        sound: float32 [samples] at 16 kHz, at most `AST_INPUT_SAMPLES`, at least one log-mel frame of 400 samples.
        layers: 0 for the embedding, 1 to the number of layers; the last one has the model's final norm.
    """
    import torch

    transformer = model.model.audio_spectrogram_transformer
    with torch.inference_mode():
        output = transformer(_inputs(model, sound), output_hidden_states=hidden_state_selection(layers))
        states = [*output.hidden_states[:-1], output.last_hidden_state]
        # [patches, width] -> [bands, time patches, width] -> [time patches, width]
        means = [states[layer][0, AST_EXTRA_TOKENS:].unflatten(0, (-1, AST_TIME_PATCHES)).mean(dim=0) for layer in layers]
    return [mean.float().cpu().numpy() for mean in means]


def _inputs(model: Any, sound: FloatArray) -> Any:
    """Return the spectrogram [1, frames, bands] on the model's device."""
    padded = np.pad(np.asarray(sound, dtype=np.float32), (0, max(0, AST_FRAME_SAMPLES - len(sound))))
    inputs = model.processor(padded, sampling_rate=AST_SAMPLE_RATE, return_tensors="pt")
    return inputs["input_values"].to(model.model.device, model.model.dtype)
