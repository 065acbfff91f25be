"""CLAP (Wu et al. 2023, arXiv 2211.06687): embeddings of sounds and of texts in one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.arrays import FloatArray

CLAP_SAMPLE_RATE = 48_000
CLAP_WINDOW_SECONDS = 10.0
CLAP_WINDOW_SAMPLES = round(CLAP_WINDOW_SECONDS * CLAP_SAMPLE_RATE)
"""Length of one input. The processor repeats shorter sounds; it would crop a longer one at random."""


def clap_audio_embed(clap: Any, sound: FloatArray) -> FloatArray:
    """Return the embedding [width] of length 1 of `sound` [up to 480_000 samples] at 48 kHz."""
    import torch

    with torch.inference_mode():
        output = clap.model.get_audio_features(**_inputs(clap, sound))
    return np.asarray(output.pooler_output[0].float().cpu().numpy())


def clap_frame_embeds(clap: Any, sound: FloatArray) -> FloatArray:
    """Return the audio encoder's last hidden states [32, width] of 10 s of `sound`, averaged over the frequency bands."""
    import torch

    with torch.inference_mode():
        states = clap.model.audio_model(**_inputs(clap, sound)).last_hidden_state  # [1, width, bands, frames]
    return np.ascontiguousarray(states[0].mean(dim=1).T.float().cpu().numpy())


def clap_text_embeds(clap: Any, texts: Sequence[str]) -> FloatArray:
    """Return the embeddings [texts, width] of length 1; texts beyond the encoder's limit are truncated."""
    import torch

    inputs = clap.processor.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        output = clap.model.get_text_features(**inputs.to(clap.model.device))
    return np.asarray(output.pooler_output.float().cpu().numpy())


def clap_logit_scale(clap: Any) -> float:
    """Return the learned factor from cosine similarity to logit."""
    return float(clap.model.logit_scale_a.exp().item())


def _inputs(clap: Any, sound: FloatArray) -> dict[str, Any]:
    inputs = clap.processor.feature_extractor(sound, sampling_rate=CLAP_SAMPLE_RATE, return_tensors="pt")
    model = clap.model
    return {
        "input_features": inputs["input_features"].to(model.device, model.dtype),
        "is_longer": inputs["is_longer"].to(model.device),
    }
