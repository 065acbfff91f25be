"""The audio encoder of our own aligner: concept logits and prompt embeddings for each patch of YAMNet."""

from __future__ import annotations

from typing import Any

from models.arrays import FloatArray
from models.specs.model_spec import EncoderFacts
from models.specs.sound import YAMNET
from pipelines.embeddings.encoders.base import (
    FrameFamily,
    FrameSource,
    Grid,
)
from pipelines.embeddings.encoders.yamnet_musicnn import YamnetEncoder

CONCEPTS, PROMPT = "concepts", "prompt"


class Aligner(FrameFamily):
    """One frame for each patch of YAMNet: the logits of all concepts, or the prompt embeddings made of them."""

    description = "The audio encoder of our own sound to image model, trained to predict the words of a prompt"
    sample_rate = YamnetEncoder.sample_rate
    layers = (CONCEPTS, PROMPT)
    default_layer = CONCEPTS
    working_bytes = 50 * 2**20

    def __init__(self, facts: EncoderFacts) -> None:
        assert YAMNET.encoder
        self._facts = facts
        self.source = FrameSource(YAMNET, YamnetEncoder(YAMNET.encoder))

    def grid(self, layer: str) -> Grid:
        """Return the grid of YAMNet's patches."""
        return YamnetEncoder.grid_of_patches()

    def width(self, layer: str) -> int:
        """Return the number of concepts, or the length of a flattened prompt."""
        return self._facts.concepts if layer == CONCEPTS else self._facts.width

    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return logits [patches, concepts] and prompts [patches, tokens · text width] of YAMNet's [patches, 1024]."""
        import torch

        patches = torch.tensor(sound, device=model.memory.device, dtype=model.memory.dtype)[:, None]  # [patches, 1, 1024]
        with torch.inference_mode():
            scores = model.concept_logits(*model.pool_patches(patches))
            found = {CONCEPTS: scores, PROMPT: model.prompt_embeds(scores).flatten(1)}
        return [found[layer].float().cpu().numpy() for layer in layers]
