"""Several looks at one sound through YAMNet: as loud as it is and softly, slower and faster.

YAMNet was trained on videos, where an animal is seldom as loud and as close as in a sound effect (see `sound_tagging`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.tagging.sound_tagging import soft_gain
from pipelines.tagging.yamnet_features import (
    PATCH_HOP_SAMPLES,
    PATCH_SAMPLES,
    YAMNET_SAMPLE_RATE,
    log_mel_patches,
    patch_count,
)

SPEEDS = (0.87, 1.0, 1.12)
WORKING_BYTES = 100 * 2**20


def embeddings_of_looks(clip: AudioClip, begin: int, stop: int, spec: ModelSpec, runtime: ModelRuntime) -> FloatArray:
    """YAMNet's embeddings [looks, patches, 1024] of the samples `begin` to `stop` at 16 kHz; remembered.

    Raises:
        ModelError: YAMNet cannot be had; see `ModelCache.lease`.
    """
    sound = np.array(clip.waveform(YAMNET_SAMPLE_RATE)[begin:stop])
    layer = f"embeddings of looks at {begin} to {stop}"
    return cached_features(clip, spec, layer, lambda model: embed_looks(model, sound), runtime, WORKING_BYTES)


def embed_looks(model: Any, sound: FloatArray) -> FloatArray:
    """Embeddings [looks, patches, 1024] of `sound` [samples at 16 kHz]; silence fills every look up to the longest.

    `model`: YAMNet's onnxruntime session.
    """
    looks = looks_at(sound)
    patches = max(patch_count(len(look)) for look in looks)
    samples = PATCH_SAMPLES + (patches - 1) * PATCH_HOP_SAMPLES
    stacked = np.concatenate([log_mel_patches(np.pad(look, (0, samples - len(look)))) for look in looks])
    (embedding,) = model.run(["embedding"], {"patches": stacked})
    result: FloatArray = embedding.reshape(len(looks), patches, -1)
    return result


def looks_at(sound: FloatArray) -> list[FloatArray]:
    """`sound` [samples at 16 kHz] at every speed, loud and soft."""
    import soxr

    gain = soft_gain(sound)
    looks: list[FloatArray] = []
    for speed in SPEEDS:
        paced = soxr.resample(sound, YAMNET_SAMPLE_RATE * speed, YAMNET_SAMPLE_RATE, "HQ") if speed != 1 else sound
        looks += [paced, gain * paced]
    return looks
