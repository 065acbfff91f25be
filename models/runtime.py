"""What a pipeline needs to run models: the catalogue to choose from, the cache to borrow from, and the features known so far."""

from __future__ import annotations

from dataclasses import dataclass

from models.cache.feature_store import FeatureStore
from models.cache.model_cache import ModelCache
from models.model_catalog import ModelCatalog


@dataclass(frozen=True)
class ModelRuntime:
    """The three parts that travel together through every pipeline."""

    catalog: ModelCatalog
    """Which models exist, and which of them fits."""
    cache: ModelCache
    """Lends models, one borrower at a time."""
    features: FeatureStore
    """Arrays computed once per clip and model."""
