"""Encoders that hear 30 s as 3000 log-mel frames: Whisper's (Radford et al. 2022) and Qwen2-Audio's tower (Chu et al. 2024).

A frame of Whisper is centred on every other log-mel frame, 20 ms from the next; the first one on the first sample. Sounds are
filled up with silence to 30 s, as the models were trained, and the frames of the silence are cut. Both models know where in their
window a frame lies, and their states tell it: that is why the overlap of two windows passes from one into the other over 2 s.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from models.arrays import FloatArray
from models.specs.model_spec import EncoderFacts
from pipelines.embeddings.encoders.base import (
    FrameFamily,
    Grid,
    layer_names,
)

SAMPLE_RATE = 16_000
WINDOW_SAMPLES = 30 * SAMPLE_RATE
WINDOW_HOP_SAMPLES = 26 * SAMPLE_RATE
"""Four seconds are heard twice: states settle within the first half second of a window."""
WINDOW_FRAMES = 1500
FRAME_SAMPLES = 320
FADE_SECONDS = 2
ACTIVATIONS = 64
"""Arrays as large as one layer's states that exist at once, all layers of a small model among them; measured."""


class WhisperEncoder(FrameFamily):
    """Whisper's encoder, 50 frames a second."""

    what = "Whisper's encoder, trained to write down and translate speech in many languages"
    sample_rate = SAMPLE_RATE

    def __init__(self, facts: EncoderFacts) -> None:
        self.layers = layer_names(facts.layers)
        self.default_layer = self.layers[-1]
        self._width = facts.width
        self.working_bytes = ACTIVATIONS * WINDOW_FRAMES * facts.width * 4

    def grid(self, layer: str) -> Grid:
        """20 ms a frame; a sound has every frame whose centre lies within it."""
        return Grid(FRAME_SAMPLES, 0, WINDOW_SAMPLES, WINDOW_HOP_SAMPLES, whisper_frames, 50 * FADE_SECONDS)

    def width(self, layer: str) -> int:
        """The same for all layers."""
        return self._width

    def states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """[frames, width] of each layer."""
        import torch

        heard = model.processor.feature_extractor(sound, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        encoder = model.model.get_encoder()
        wanted = [self.layers.index(layer) for layer in layers]
        with torch.inference_mode():
            output = encoder(heard.input_features.to(encoder.device, encoder.dtype), output_hidden_states=wanted)
        frames = whisper_frames(len(sound))
        return [output.hidden_states[number][0, :frames].float().cpu().numpy() for number in wanted]


class Qwen2AudioTower(WhisperEncoder):
    """Qwen2-Audio's tower: 50 frames a second inside, 25 at its end."""

    what = "Qwen2-Audio's ear, trained to let a language model hear speech, sounds and music"

    def grid(self, layer: str) -> Grid:
        """40 ms a frame at the end, where each is the mean of two and counts if it has both, as for the language model."""
        if layer != self.layers[-1]:
            return super().grid(layer)
        pair = FRAME_SAMPLES // 2
        return Grid(2 * FRAME_SAMPLES, pair, WINDOW_SAMPLES, WINDOW_HOP_SAMPLES, tower_frames, 25 * FADE_SECONDS)

    def states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """[frames, width] of each layer; padding is masked, as Qwen2-Audio does it."""
        import torch
        from transformers.masking_utils import create_bidirectional_mask

        tower = model.model
        heard = model.processor(sound, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        wanted = [self.layers.index(layer) for layer in layers]
        sounding = torch.arange(WINDOW_FRAMES, device=tower.device)[None] < whisper_frames(len(sound))
        shape = torch.empty(1, WINDOW_FRAMES, 1, device=tower.device, dtype=tower.dtype)
        mask = create_bidirectional_mask(config=tower.config, inputs_embeds=shape, attention_mask=sounding.long())
        with torch.inference_mode():
            features = heard.input_features.to(tower.device, tower.dtype)
            output = tower(features, attention_mask=mask, output_hidden_states=wanted)
        kept = [(number, self.grid(layer).count(len(sound))) for number, layer in zip(wanted, layers, strict=True)]
        return [output.hidden_states[number][0, :frames].float().cpu().numpy() for number, frames in kept]


def whisper_frames(samples: int) -> int:
    """Frames of 20 ms whose centre lies within a sound."""
    return ceil(samples / FRAME_SAMPLES)


def tower_frames(samples: int) -> int:
    """Pairs of frames; `_get_feat_extract_output_lengths` of the model."""
    return max(1, whisper_frames(samples) // 2)
