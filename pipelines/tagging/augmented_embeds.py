"""YAMNet embeddings of a sound as the mean over augmented copies."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.tagging.augmentation import EMBEDDING_SPEEDS, augmented
from pipelines.tagging.shared_yamnet import lend_yamnet
from pipelines.tagging.yamnet import PATCH_HOP_SAMPLES, PATCH_SAMPLES, YAMNET_SAMPLE_RATE, patch_count, run_yamnet

WORKING_BYTES = 100 * 2**20


def augmented_embeds(clip: AudioClip, begin: int, stop: int, spec: ModelSpec, runtime: ModelRuntime) -> FloatArray:
    """Return YAMNet's embeddings [copies, patches, 1024] of the samples `begin` to `stop` at 16 kHz, from the store if known.

    Raises:
        ModelError: YAMNet cannot be had; see `ModelCache.lease`.
    """
    sound = np.array(clip.waveform(YAMNET_SAMPLE_RATE)[begin:stop])
    layer = f"augmented embeddings of {begin} to {stop}"
    return cached_features(
        clip, spec, layer, lambda session: embed_augmented(session, sound), runtime, WORKING_BYTES, lend_yamnet
    )


def embed_augmented(session: Any, sound: FloatArray) -> FloatArray:
    """Return embeddings [copies, patches, 1024] of `sound` [samples at 16 kHz]; shorter copies are padded with zeros.

    Args:
        session: YAMNet's onnxruntime session.
        sound: float32 [samples], mono at 16 kHz.
    """
    copies = augmented(sound, YAMNET_SAMPLE_RATE, EMBEDDING_SPEEDS)
    patches = max(patch_count(len(copy)) for copy in copies)
    samples = PATCH_SAMPLES + (patches - 1) * PATCH_HOP_SAMPLES
    embeds = [run_yamnet(session, np.pad(copy, (0, samples - len(copy))), ["embedding"])[0] for copy in copies]
    return np.stack(embeds)
