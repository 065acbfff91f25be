"""Words in the text space of a picture model."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.cache.feature_store import FeatureKey
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec

WORKING_BYTES = 200 * 2**20
TEXTS_AT_ONCE = 64
NO_CLIP = ""
"""In the feature store, in place of a clip's hash: words are the same for every clip."""


def text_states(picture_model: ModelSpec, texts: tuple[str, ...], tokens: int, runtime: ModelRuntime) -> FloatArray:
    """States [texts, tokens, width] of the model's text encoder, as its own pipeline computes them; remembered.

    Raises:
        ModelError: the picture model cannot be had; see `ModelCache.lease`. It must not be on loan to the caller.
    """

    def compute() -> FloatArray:
        with runtime.cache.lease(picture_model, working_bytes=WORKING_BYTES) as (pipeline,):
            return encode_texts(pipeline.tokenizer, pipeline.text_encoder, texts, tokens)

    key = FeatureKey(NO_CLIP, picture_model.key, repr(picture_model.source), f"states of {tokens} tokens of {texts!r}")
    return runtime.features.get_or_compute(key, compute)


def encode_texts(tokenizer: Any, text_encoder: Any, texts: tuple[str, ...], tokens: int) -> FloatArray:
    """States [texts, tokens, width] of `texts`, cut or padded to `tokens` tokens."""
    import torch

    parts = []
    with torch.inference_mode():
        for first in range(0, len(texts), TEXTS_AT_ONCE):
            batch = list(texts[first : first + TEXTS_AT_ONCE])
            padded = tokenizer(batch, padding="max_length", max_length=tokens, truncation=True, return_tensors="pt")
            parts.append(text_encoder(padded.input_ids.to(text_encoder.device))[0].float().cpu().numpy())
    return np.concatenate(parts)
