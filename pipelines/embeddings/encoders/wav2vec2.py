"""Encoders trained on speech without its text: wav2vec 2.0, HuBERT and data2vec on the waveform, w2v-BERT 2.0 on log-mel frames.

Their frames lie wholly within the sound: convolutions and windows are not padded at its ends. A frame of the first three sees
25 ms, one of w2v-BERT 35 ms, 20 ms from the next. Sounds shorter than one frame are padded with zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.hidden_states import hidden_state_selection
from models.specs.model_spec import EncoderFacts
from pipelines.embeddings.encoders.base import (
    FrameFamily,
    Grid,
    layer_names,
)

SAMPLE_RATE = 16_000
FRAME_HOP_SAMPLES = 320
FADE_SECONDS = 1
CONVOLUTION_SAMPLES = 400
"""Receptive field of one frame of the convolutions: kernels 10, 3, 3, 3, 3, 2, 2 with strides 5, 2, 2, 2, 2, 2, 2."""
STACKED_SAMPLES = 560
"""Receptive field of one frame of w2v-BERT: two log-mel frames of 25 ms, 10 ms apart."""


class WaveformEncoder(FrameFamily):
    """wav2vec 2.0 (Baevski et al. 2020), HuBERT (Hsu et al. 2021), data2vec (Baevski et al. 2022)."""

    description = "A speech encoder trained on waveforms alone, by predicting what was masked"
    sample_rate = SAMPLE_RATE
    has_layer_norm = True
    frame_samples = CONVOLUTION_SAMPLES
    window_seconds = 20
    working_bytes = 700 * 2**20
    """Mostly for the first convolution: 512 channels, 3200 a second."""

    def __init__(self, facts: EncoderFacts) -> None:
        self.layers = layer_names(facts.layers)
        self.default_layer = self.layers[-1]
        self._width = facts.width

    def grid(self, layer: str) -> Grid:
        """Return the grid of 20 ms a frame."""
        window, hop = self.window_seconds * SAMPLE_RATE, (self.window_seconds - 3) * SAMPLE_RATE
        return Grid(FRAME_HOP_SAMPLES, self.frame_samples // 2, window, hop, self._frames, 50 * FADE_SECONDS)

    def width(self, layer: str) -> int:
        """Return the width, which is the same for all layers."""
        return self._width

    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return [frames, width] of each layer."""
        import torch

        shortest = np.pad(sound, (0, max(0, self.frame_samples - len(sound))))
        inputs = model.processor(shortest, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        wanted = [self.layers.index(layer) for layer in layers]
        with torch.inference_mode():
            output = model.model(
                **inputs.to(model.model.device, model.model.dtype), output_hidden_states=hidden_state_selection(wanted)
            )
        states = [*output.hidden_states[:-1], output.last_hidden_state]
        return [states[number][0, : self._frames(len(sound))].float().cpu().numpy() for number in wanted]

    def _frames(self, samples: int) -> int:
        return 1 + max(0, samples - self.frame_samples) // FRAME_HOP_SAMPLES


class W2vBert(WaveformEncoder):
    """w2v-BERT 2.0 (Barrault et al. 2023, Seamless)."""

    description = "w2v-BERT 2.0, trained on speech in 143 languages alone, by predicting what was masked"
    frame_samples = STACKED_SAMPLES
    window_seconds = 30
    working_bytes = 900 * 2**20
    """Its relative positions need the whole matrix of attention: 16 heads, 1500 by 1500."""
