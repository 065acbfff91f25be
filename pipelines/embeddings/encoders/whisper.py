"""Encoders whose input is 30 s as 3000 log-mel frames: Whisper's (Radford et al. 2022) and Qwen2-Audio's tower (Chu et al. 2024).

A frame of Whisper is centred on every other log-mel frame, 20 ms from the next; the first one on the first sample. Sounds are
padded with zeros to 30 s, as in training, and the frames of the padding are dropped. Both models have positional embeddings, so a
state depends on its place in the window: that is why the crossfade of two windows takes 2 s.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from models.arrays import FloatArray
from models.batching.batcher import Lend
from models.batching.encoder import SharedEncoder
from models.hidden_states import hidden_state_selection
from models.specs.model_spec import EncoderFacts
from pipelines.embeddings.encoders.base import (
    FrameFamily,
    Grid,
    layer_names,
)

SAMPLE_RATE = 16_000
WINDOW_SAMPLES = 30 * SAMPLE_RATE
WINDOW_HOP_SAMPLES = 26 * SAMPLE_RATE
"""Windows overlap by 4 s: states settle within the first half second of a window."""
WINDOW_FRAMES = 1500
FRAME_SAMPLES = 320
FADE_SECONDS = 2
ACTIVATIONS = 64
"""Arrays as large as one layer's states that exist at once, all layers of a small model among them; measured."""


class WhisperEncoder(FrameFamily):
    """Whisper's encoder, 50 frames a second."""

    description = "Whisper's encoder, trained to write down and translate speech in many languages"
    sample_rate = SAMPLE_RATE
    has_layer_norm = True
    lend: Lend | None = SharedEncoder
    default_index = -2
    """Index of the default layer: the last but one. In loops of speech, music and a bird, equal moments spread there by 0.39 to
    0.61 of the standard deviation of all normalised frames of Whisper base, and by 0.63 to 0.84 in the last layer, whose first
    two components are the position in the window (0.83 to 1.00 against 0.13 to 0.25); see `training.evaluate_layers`. Without
    normalisation, sparse loops (drums, a phrase between pauses) spread by 0.7 to 0.95 in every layer; YAMNet and musicnn, without
    positions, by 0.01 to 0.14 in dense ones."""

    def __init__(self, facts: EncoderFacts) -> None:
        self.layers = layer_names(facts.layers)
        self.default_layer = self.layers[self.default_index]
        self._width = facts.width
        self.working_bytes = ACTIVATIONS * WINDOW_FRAMES * facts.width * 4

    def grid(self, layer: str) -> Grid:
        """Return the grid of 20 ms a frame; a sound has every frame whose centre lies within it."""
        return Grid(FRAME_SAMPLES, 0, WINDOW_SAMPLES, WINDOW_HOP_SAMPLES, whisper_frames, 50 * FADE_SECONDS)

    def width(self, layer: str) -> int:
        """Return the width, which is the same for all layers."""
        return self._width

    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return [frames, width] of each layer."""
        import torch

        inputs = model.processor.feature_extractor(sound, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        encoder = model.model.get_encoder()
        wanted = [self.layers.index(layer) for layer in layers]
        with torch.inference_mode():
            output = encoder(
                inputs.input_features.to(encoder.device, encoder.dtype), output_hidden_states=hidden_state_selection(wanted)
            )
        frames = whisper_frames(len(sound))
        return [output.hidden_states[number][0, :frames].float().cpu().numpy() for number in wanted]


class Qwen2AudioTower(WhisperEncoder):
    """Qwen2-Audio's tower: 50 frames a second inside, 25 at its end."""

    description = "Qwen2-Audio's audio encoder, trained with a language model on speech, sounds and music"
    lend: Lend | None = None
    default_index = -1

    def grid(self, layer: str) -> Grid:
        """Return the grid; a frame of the last layer is the mean of two, 40 ms, and counts if it has both."""
        if layer != self.layers[-1]:
            return super().grid(layer)
        pair = FRAME_SAMPLES // 2
        return Grid(2 * FRAME_SAMPLES, pair, WINDOW_SAMPLES, WINDOW_HOP_SAMPLES, tower_frames, 25 * FADE_SECONDS)

    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return [frames, width] of each layer; padding is masked, as Qwen2-Audio does it."""
        import torch
        from transformers.masking_utils import create_bidirectional_mask

        tower = model.model
        inputs = model.processor(sound, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        wanted = [self.layers.index(layer) for layer in layers]
        sounding = torch.arange(WINDOW_FRAMES, device=tower.device)[None] < whisper_frames(len(sound))
        shape = torch.empty(1, WINDOW_FRAMES, 1, device=tower.device, dtype=tower.dtype)
        mask = create_bidirectional_mask(config=tower.config, inputs_embeds=shape, attention_mask=sounding.long())
        with torch.inference_mode():
            features = inputs.input_features.to(tower.device, tower.dtype)
            output = tower(features, attention_mask=mask, output_hidden_states=hidden_state_selection(wanted))
        kept = [(number, self.grid(layer).count(len(sound))) for number, layer in zip(wanted, layers, strict=True)]
        return [output.hidden_states[number][0, :frames].float().cpu().numpy() for number, frames in kept]


def whisper_frames(samples: int) -> int:
    """Return the number of frames of 20 ms whose centre lies within a sound."""
    return ceil(samples / FRAME_SAMPLES)


def tower_frames(samples: int) -> int:
    """Return the number of pairs of frames, as `_get_feat_extract_output_lengths` of the model does."""
    return max(1, whisper_frames(samples) // 2)
