"""Text embeds: the last hidden states of a picture model's text encoder."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.cache.feature_store import FeatureKey
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec

WORKING_BYTES = 200 * 2**20
BATCH = 64
"""Texts that are encoded at once."""
NO_CLIP = ""
"""Takes the place of a clip's hash in the feature store: text embeds are the same for every clip."""


def text_embeds(picture_model: ModelSpec, texts: tuple[str, ...], tokens: int, runtime: ModelRuntime) -> FloatArray:
    """Return the embeds [texts, tokens, width] of `texts` as the model's own pipeline computes them; kept in the feature store.

    Raises:
        ModelError: the picture model cannot be had; see `ModelCache.lease`. The caller must not hold a lease on it.
    """

    def compute() -> FloatArray:
        with runtime.cache.lease(picture_model, working_bytes=WORKING_BYTES) as (pipeline,):
            return encode_texts(pipeline.tokenizer, pipeline.text_encoder, texts, tokens)

    key = FeatureKey(NO_CLIP, picture_model.key, repr(picture_model.source), f"embeds of {tokens} tokens of {texts!r}")
    return runtime.features.get_or_compute(key, compute)


def encode_texts(tokenizer: Any, text_encoder: Any, texts: tuple[str, ...], tokens: int) -> FloatArray:
    """Encode `texts`, cut or padded to `tokens` tokens, as embeds [texts, tokens, width]."""
    import torch

    parts = []
    with torch.inference_mode():
        for first in range(0, len(texts), BATCH):
            batch = list(texts[first : first + BATCH])
            padded = tokenizer(batch, padding="max_length", max_length=tokens, truncation=True, return_tensors="pt")
            parts.append(text_encoder(padded.input_ids.to(text_encoder.device))[0].float().cpu().numpy())
    return np.concatenate(parts)
