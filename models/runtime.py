"""The parts that every pipeline needs to run models: catalogue, cache and feature store."""

from __future__ import annotations

from dataclasses import dataclass

from models.cache.feature_store import FeatureStore
from models.cache.model_cache import ModelCache
from models.model_catalog import ModelCatalog


@dataclass(frozen=True)
class ModelRuntime:
    """Catalogue, cache and feature store, passed to pipelines together."""

    catalog: ModelCatalog
    """Which models exist, and which of them fits."""
    cache: ModelCache
    """Lends models, one borrower at a time."""
    features: FeatureStore
    """Arrays computed once per clip and model."""
