"""An audio encoder of transformers that several people have at once: windows of equal length go through it in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.batching.batcher import BatchCall, SharedModel
from models.specs.model_spec import Device

MAX_JOINED_INPUTS: dict[Device, int] = {"cpu": 1, "cuda": 8, "mps": 4}
"""Windows of one batch. On a CPU, four windows of Whisper base take 1.1 of the time that they take one by one."""


@dataclass(frozen=True)
class EncoderStates:
    """What an encoder returns for the windows of one person."""

    hidden_states: tuple[Any, ...]
    """Tensor [windows, frames, width] of each layer; None for a layer that was not asked for."""


class SharedEncoder:
    """The encoder and the processor of a `models.loading.loaders.ProcessedModel`; its decoder is out of reach."""

    def __init__(self, shared: SharedModel) -> None:
        self.processor = shared.model.processor
        self.model = self
        self._encoder = shared.model.model.get_encoder()
        self._shared = shared
        self.device = self._encoder.device
        self.dtype = self._encoder.dtype

    def get_encoder(self) -> SharedEncoder:
        """Return itself, which is called as the encoder is."""
        return self

    def __call__(self, features: Any, output_hidden_states: list[int] | bool) -> EncoderStates:
        """Return the hidden states of `features`, a tensor [windows, ...]."""
        import torch

        def compute(items: Sequence[Any]) -> list[EncoderStates]:
            counts = [len(item) for item in items]
            with torch.inference_mode():  # the mode of the thread that computes, which may be another person's
                states = self._encoder(torch.cat(list(items)), output_hidden_states=output_hidden_states).hidden_states
            parts = [[None] * len(items) if layer is None else layer.split(counts) for layer in states]
            return [EncoderStates(tuple(own)) for own in zip(*parts, strict=True)]

        key = *features.shape[1:], repr(output_hidden_states)
        return self._shared.run(BatchCall(key, compute, MAX_JOINED_INPUTS[self.device.type]), features, len(features))
