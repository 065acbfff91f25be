"""Encoders of spectrogram images: the audio spectrogram transformer (Gong et al. 2021) and CLAP (Wu et al. 2023).

Both have inputs of 10 s. The frequency bands of one moment are averaged into one frame, as the models themselves average them.
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
from pipelines.tagging.audio_spectrogram_transformer import AST_SAMPLE_RATE, AST_TIME_PATCHES, ast_hidden_states
from pipelines.tagging.clap import CLAP_SAMPLE_RATE, CLAP_WINDOW_SAMPLES, clap_audio_embed, clap_frame_embeds

AST_HOP_SAMPLES = 1600
"""Patches are 10 log-mel frames of 10 ms apart."""
AST_CENTRE_SAMPLES = 1400
"""A patch spans 16 log-mel frames, each of 25 ms."""
AST_WINDOW_SAMPLES = AST_CENTRE_SAMPLES + AST_TIME_PATCHES * AST_HOP_SAMPLES
AST_WINDOW_HOP_SAMPLES = 84 * AST_HOP_SAMPLES
AST_FADE_FRAMES = 10

CLAP_FRAMES = 32
"""Frames of one window, of 312.5 ms each."""
CLAP_HOP_SAMPLES = CLAP_WINDOW_SAMPLES // CLAP_FRAMES
CLAP_TEXT_HOP_SAMPLES = 2 * CLAP_SAMPLE_RATE
CLAP_TEXT_WINDOWS = 6
"""Windows under one lease."""
CLAP_FADE_FRAMES = 6
FRAMES = "frames"


class AstEncoder(FrameFamily):
    """Ten frames a second of the audio spectrogram transformer."""

    description = "The audio spectrogram transformer, trained to name the 527 kinds of sound of AudioSet"
    sample_rate = AST_SAMPLE_RATE
    has_layer_norm = True
    working_bytes = 400 * 2**20

    def __init__(self, facts: EncoderFacts) -> None:
        self.layers = layer_names(facts.layers)
        self.default_layer = self.layers[-1]
        self._width = facts.width

    def grid(self, layer: str) -> Grid:
        """Return the grid of 0.1 s a frame; a sound has the frames whose centre lies within it."""
        return Grid(AST_HOP_SAMPLES, AST_CENTRE_SAMPLES, AST_WINDOW_SAMPLES, AST_WINDOW_HOP_SAMPLES, _ast_frames, AST_FADE_FRAMES)

    def width(self, layer: str) -> int:
        """Return the width, which is the same for all layers."""
        return self._width

    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return [frames, width] of each layer."""
        states = ast_hidden_states(model, sound, [self.layers.index(layer) for layer in layers])
        return [state[: _ast_frames(len(sound))] for state in states]


class ClapEncoder(FrameFamily):
    """Three frames a second, or one embedding in the space of texts for each window of 10 s, every 2 s."""

    description = "CLAP, trained to put sounds and sentences about them into one space"
    sample_rate = CLAP_SAMPLE_RATE
    layers = (FRAMES, TEXT_SPACE)
    default_layer = FRAMES
    working_bytes = 600 * 2**20

    def __init__(self, facts: EncoderFacts) -> None:
        self._facts = facts

    def grid(self, layer: str) -> Grid:
        """Return the grid: the frames whose centre lies within a sound, or the windows that cover it."""
        if layer == FRAMES:
            fade, hop = CLAP_FADE_FRAMES, CLAP_HOP_SAMPLES
            return Grid(hop, hop // 2, CLAP_WINDOW_SAMPLES, 24 * hop, _clap_frames, fade)
        block = CLAP_WINDOW_SAMPLES + (CLAP_TEXT_WINDOWS - 1) * CLAP_TEXT_HOP_SAMPLES
        hop = CLAP_TEXT_HOP_SAMPLES
        return Grid(hop, CLAP_WINDOW_SAMPLES // 2, block, CLAP_TEXT_WINDOWS * hop, _clap_windows)

    def width(self, layer: str) -> int:
        """Return the width of the encoder, or of the space of texts."""
        return self._facts.width if layer == FRAMES else self._facts.text_width

    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return [frames, width] of each layer; those in the space of texts have length 1."""
        return [_clap_states(model, sound) if layer == FRAMES else _clap_embeds(model, sound) for layer in layers]


def _ast_frames(samples: int) -> int:
    return max(1, ceil((samples - AST_CENTRE_SAMPLES) / AST_HOP_SAMPLES))


def _clap_frames(samples: int) -> int:
    return max(1, ceil((samples - CLAP_HOP_SAMPLES // 2) / CLAP_HOP_SAMPLES))


def _clap_windows(samples: int) -> int:
    return 1 + max(0, ceil((samples - CLAP_WINDOW_SAMPLES) / CLAP_TEXT_HOP_SAMPLES))


def _clap_states(clap: Any, sound: FloatArray) -> FloatArray:
    return clap_frame_embeds(clap, sound)[: _clap_frames(len(sound))]


def _clap_embeds(clap: Any, sound: FloatArray) -> FloatArray:
    begins = [number * CLAP_TEXT_HOP_SAMPLES for number in range(_clap_windows(len(sound)))]
    return np.stack([clap_audio_embed(clap, sound[begin : begin + CLAP_WINDOW_SAMPLES]) for begin in begins])
