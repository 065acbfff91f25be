"""Encoders that see the spectrogram as a picture: the audio spectrogram transformer (Gong et al. 2021) and CLAP (Wu et al. 2023).

Both look at 10 s. The bands of one moment make one frame: their mean, as the models themselves take means over them.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.specs.model_spec import EncoderFacts
from pipelines.embeddings.encoders.base import (
    TEXT_SPACE,
    FrameFamily,
    Grid,
    layer_names,
)

AST_SAMPLE_RATE = 16_000
AST_FRAMES = 101
AST_HOP_SAMPLES = 1600
"""Patches are 10 log-mel frames of 10 ms apart."""
AST_CENTRE_SAMPLES = 1400
"""A patch spans 16 log-mel frames, each of 25 ms."""
AST_WINDOW_SAMPLES = AST_CENTRE_SAMPLES + AST_FRAMES * AST_HOP_SAMPLES
AST_WINDOW_HOP_SAMPLES = 84 * AST_HOP_SAMPLES
AST_SHORTEST_SAMPLES = 400
"""One log-mel frame."""
AST_TOKENS_BEFORE = 2
"""For the class and for distillation."""
AST_FADE_FRAMES = 10

CLAP_SAMPLE_RATE = 48_000
CLAP_WINDOW_SAMPLES = 10 * CLAP_SAMPLE_RATE
CLAP_FRAMES = 32
"""Of one window; 312.5 ms each."""
CLAP_HOP_SAMPLES = CLAP_WINDOW_SAMPLES // CLAP_FRAMES
CLAP_TEXT_HOP_SAMPLES = 2 * CLAP_SAMPLE_RATE
CLAP_TEXT_WINDOWS = 6
"""For one lease."""
CLAP_FADE_FRAMES = 6
FRAMES = "frames"


class AudioSpectrogramTransformer(FrameFamily):
    """Ten frames a second."""

    what = "The audio spectrogram transformer, trained to name the 527 kinds of sound of AudioSet"
    sample_rate = AST_SAMPLE_RATE
    working_bytes = 400 * 2**20

    def __init__(self, facts: EncoderFacts) -> None:
        self.layers = layer_names(facts.layers)
        self.default_layer = self.layers[-1]
        self._width = facts.width

    def grid(self, layer: str) -> Grid:
        """0.1 s a frame; a sound has those whose centre lies within it."""
        return Grid(AST_HOP_SAMPLES, AST_CENTRE_SAMPLES, AST_WINDOW_SAMPLES, AST_WINDOW_HOP_SAMPLES, _ast_frames, AST_FADE_FRAMES)

    def width(self, layer: str) -> int:
        """The same for all layers."""
        return self._width

    def states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """[frames, width] of each layer: the mean over the bands of the patches of one moment."""
        import torch

        shortest = np.pad(sound, (0, max(0, AST_SHORTEST_SAMPLES - len(sound))))
        inputs = model.processor(shortest, sampling_rate=AST_SAMPLE_RATE, return_tensors="pt")
        transformer = model.model.audio_spectrogram_transformer
        wanted = [self.layers.index(layer) for layer in layers]
        with torch.inference_mode():
            output = transformer(inputs["input_values"].to(transformer.device, transformer.dtype), output_hidden_states=wanted)
            states = [*output.hidden_states[:-1], output.last_hidden_state]
            # [patches, width] -> [bands, moments, width] -> [moments, width]
            moments = [states[number][0, AST_TOKENS_BEFORE:].unflatten(0, (-1, AST_FRAMES)).mean(dim=0) for number in wanted]
        return [layer[: _ast_frames(len(sound))].float().cpu().numpy() for layer in moments]


class Clap(FrameFamily):
    """Three frames a second, or one state in the space of texts for each window of 10 s, every 2 s."""

    what = "CLAP, trained to put sounds and sentences about them into one space"
    sample_rate = CLAP_SAMPLE_RATE
    layers = (FRAMES, TEXT_SPACE)
    default_layer = FRAMES
    working_bytes = 600 * 2**20

    def __init__(self, facts: EncoderFacts) -> None:
        self._facts = facts

    def grid(self, layer: str) -> Grid:
        """A sound has the frames whose centre lies within it, and as many windows as it takes to reach its end."""
        if layer == FRAMES:
            fade, hop = CLAP_FADE_FRAMES, CLAP_HOP_SAMPLES
            return Grid(hop, hop // 2, CLAP_WINDOW_SAMPLES, 24 * hop, _clap_frames, fade)
        block = CLAP_WINDOW_SAMPLES + (CLAP_TEXT_WINDOWS - 1) * CLAP_TEXT_HOP_SAMPLES
        hop = CLAP_TEXT_HOP_SAMPLES
        return Grid(hop, CLAP_WINDOW_SAMPLES // 2, block, CLAP_TEXT_WINDOWS * hop, _clap_windows)

    def width(self, layer: str) -> int:
        """Of the encoder, or of the space of texts."""
        return self._facts.width if layer == FRAMES else self._facts.text_width

    def states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """[frames, width] of each layer; those in the space of texts have length 1."""
        return [_clap_frame_states(model, sound) if layer == FRAMES else _clap_text_states(model, sound) for layer in layers]


def _ast_frames(samples: int) -> int:
    return max(1, ceil((samples - AST_CENTRE_SAMPLES) / AST_HOP_SAMPLES))


def _clap_frames(samples: int) -> int:
    return max(1, ceil((samples - CLAP_HOP_SAMPLES // 2) / CLAP_HOP_SAMPLES))


def _clap_windows(samples: int) -> int:
    return 1 + max(0, ceil((samples - CLAP_WINDOW_SAMPLES) / CLAP_TEXT_HOP_SAMPLES))


def _clap_inputs(clap: Any, sound: FloatArray) -> dict[str, Any]:
    """Of up to 10 s; a shorter sound is repeated by the processor."""
    inputs = clap.processor.feature_extractor(sound, sampling_rate=CLAP_SAMPLE_RATE, return_tensors="pt")
    model = clap.model
    return {
        "input_features": inputs["input_features"].to(model.device, model.dtype),
        "is_longer": inputs["is_longer"].to(model.device),
    }


def _clap_frame_states(clap: Any, sound: FloatArray) -> FloatArray:
    import torch

    with torch.inference_mode():
        states = clap.model.audio_model(**_clap_inputs(clap, sound)).last_hidden_state  # [1, width, bands, moments]
    frames: FloatArray = states[0].mean(dim=1).T[: _clap_frames(len(sound))].float().cpu().numpy()
    return np.ascontiguousarray(frames)


def _clap_text_states(clap: Any, sound: FloatArray) -> FloatArray:
    import torch

    rows = []
    with torch.inference_mode():
        for number in range(_clap_windows(len(sound))):
            begin = number * CLAP_TEXT_HOP_SAMPLES
            output = clap.model.get_audio_features(**_clap_inputs(clap, sound[begin : begin + CLAP_WINDOW_SAMPLES]))
            rows.append(output.pooler_output[0].float().cpu().numpy())
    return np.stack(rows)
