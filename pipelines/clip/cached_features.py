"""What a model makes of a clip, computed once: found in the feature store, or made with the model on loan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.batching.batcher import Lend
from models.cache.feature_store import ArrayT, FeatureKey
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.clip.clip import AudioClip


def cached_features(
    clip: AudioClip,
    spec: ModelSpec,
    layer: str,
    compute: Callable[[Any], ArrayT],
    runtime: ModelRuntime,
    working_bytes: int,
    lend: Lend | None = None,
) -> ArrayT:
    """Return the array, read-only; `compute(model)` runs only where the store does not have it.

    Args:
        clip: whose content it was computed from.
        spec: of the model.
        layer: what was computed, with every option that changes the values.
        compute: what makes it of the model.
        runtime: where the model is borrowed and the array is kept.
        working_bytes: memory that `compute` needs beside the model.
        lend: how several people use the model at once; None if one at a time has it.

    Raises:
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """

    def compute_on_loan() -> ArrayT:
        # Whoever stops must not stop others who wait for the same array, so this wait does not look at a stop flag.
        if lend is not None:
            with runtime.cache.share(spec, working_bytes=working_bytes) as shared:
                return compute(lend(shared))
        with runtime.cache.lease(spec, working_bytes=working_bytes) as (model,):
            return compute(model)

    return runtime.features.get_or_compute(FeatureKey(clip.content_hash, spec.key, repr(spec.source), layer), compute_on_loan)
