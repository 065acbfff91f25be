"""The audio encoder of our own aligner: what each patch of YAMNet, heard by itself, would be drawn as."""

from __future__ import annotations

from typing import Any

from models.arrays import FloatArray
from models.specs.model_spec import EncoderFacts
from models.specs.sound import YAMNET
from pipelines.embeddings.encoders.base import (
    Ears,
    FrameFamily,
    Grid,
)
from pipelines.embeddings.encoders.yamnet_musicnn import Yamnet

CONCEPTS, PROMPT = "concepts", "prompt"


class Aligner(FrameFamily):
    """For each patch how much of every concept is in it, and the states of the prompt that it gives."""

    what = "The ear of our own audio to image, trained to find the words for a picture"
    sample_rate = Yamnet.sample_rate
    layers = (CONCEPTS, PROMPT)
    default_layer = CONCEPTS
    working_bytes = 50 * 2**20

    def __init__(self, facts: EncoderFacts) -> None:
        assert YAMNET.encoder
        self._facts = facts
        self.ears = Ears(YAMNET, Yamnet(YAMNET.encoder))

    def grid(self, layer: str) -> Grid:
        """YAMNet's patches."""
        return Yamnet.grid_of_patches()

    def width(self, layer: str) -> int:
        """Of the concepts, or of all states of a prompt one after the other."""
        return self._facts.concepts if layer == CONCEPTS else self._facts.width

    def states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """[patches, concepts] logits and [patches, tokens · text width] of YAMNet's [patches, 1024] in `sound`."""
        import torch

        patches = torch.tensor(sound, device=model.memory.device, dtype=model.memory.dtype)[:, None]  # [patches, 1, 1024]
        with torch.inference_mode():
            scores = model.judge(*model.listen(patches))
            found = {CONCEPTS: scores, PROMPT: model.recall(scores).flatten(1)}
        return [found[layer].float().cpu().numpy() for layer in layers]
