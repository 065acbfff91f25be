from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from models.arrays import FloatArray
from models.cache.feature_store import FeatureStore
from models.specs.model_spec import EncoderFacts
from pipelines.embeddings.embedding_types import ClipEmbedding
from pipelines.embeddings.encoders.whisper import WhisperEncoder
from pipelines.embeddings.errors import BrokenEmbedding
from pipelines.embeddings.map import MapOptions, stored_map
from tests.pipelines.embeddings.embedding_examples import embedding


def transformer_embedding(frames: Any) -> ClipEmbedding:
    """An embedding of `frames` [n, width] by a network with layer normalisation."""
    made = embedding(frames)
    facts: Any = EncoderFacts("whisper", made.frames.shape[1], 1)
    return replace(made, encoder=replace(made.encoder, family=WhisperEncoder(facts)))


@pytest.fixture
def noise() -> FloatArray:
    """Noise [300, 64] in two groups of dimensions of which one fades while the other comes."""
    rng = np.random.default_rng(0)
    share = np.linspace(0, 1, 300)[:, np.newaxis]
    groups = np.concatenate([share, 1 - share], axis=1).repeat(32, axis=1)
    frames: FloatArray = (groups + 0.1 * rng.standard_normal((300, 64))).astype(np.float32)
    return frames


def test_frames_of_transformers_are_normalised_as_by_torch(noise: FloatArray) -> None:
    found = transformer_embedding(noise)
    expected = torch.nn.functional.layer_norm(torch.from_numpy(found.frames), (64,)).numpy()
    np.testing.assert_allclose(found.normalised_frames(), expected, atol=1e-5)
    assert not transformer_embedding(np.ones((3, 64))).normalised_frames().any()


def test_frames_of_other_networks_stay_as_they_are(noise: FloatArray) -> None:
    found = embedding(noise)
    assert found.normalised_frames() is found.frames


@pytest.mark.parametrize("value", [np.nan, 1e16])
def test_broken_frames_are_refused(noise: FloatArray, value: float) -> None:
    noise[7, 3] = value
    with pytest.raises(BrokenEmbedding):
        transformer_embedding(noise).normalised_frames()


def test_massive_activations_do_not_shrink_the_map(noise: FloatArray) -> None:
    noise[::60, 5] = 1000
    points = stored_map([transformer_embedding(noise)], MapOptions(), FeatureStore(10**6)).points
    low, high = np.percentile(points, (5, 95), axis=0)
    assert (high - low).max() / 2 > 0.3
