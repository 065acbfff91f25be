"""Concept decomposition in the tiny picture model's own text space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import nnls

from models.specs.aligner import TINY_ALIGNER, W2V_BERT_ALIGNER
from models.specs.image import TINY_DIFFUSION
from pipelines.pictures.audio_embeds import AudioEmbeds, audio_embeds
from pipelines.pictures.concept_decomposition import (
    RIDGE,
    SPARSITY,
    concept_captions,
    concept_embeds,
    decompose_concepts,
    first_concept_prob,
    gram_matrix,
    sparse_weights,
)
from pipelines.pictures.options import ConceptWeight
from pipelines.pictures.text_embeds import text_embeds
from pipelines.pictures.vocabulary import concepts
from services import Services
from tests.recordings import EXAMPLES

STAMPS = Path("/usr/share/tuxpaint/stamps/animals")


CAPTIONS = np.random.default_rng(0).normal(size=(6, 3, 8)).astype(np.float32) + 100
MEAN = CAPTIONS.mean(axis=0)


def test_a_sum_of_captions_is_decomposed_into_them():
    found = sparse_weights(0.7 * CAPTIONS[2] + 0.3 * CAPTIONS[4], CAPTIONS, MEAN, gram_matrix(CAPTIONS, MEAN))
    np.testing.assert_allclose(found, [0, 0, 0.7, 0, 0.3, 0], atol=0.03)


def test_the_weights_are_the_least_squares_that_nnls_finds():
    """Non-negative least squares with the same costs, solved through the Cholesky factor by another library."""
    rng = np.random.default_rng(1)
    captions = np.repeat(rng.normal(size=(20, 2, 30)), 3, axis=0) + 0.3 * rng.normal(size=(60, 2, 30))
    mean = captions.mean(axis=0)
    gram = gram_matrix(captions.astype(np.float32), mean.astype(np.float32))
    for embeds in (captions[7] + 0.5 * captions[30], rng.normal(size=(2, 30))):
        wanted = ((captions - mean) * (embeds - mean)).sum(axis=(1, 2)) - SPARSITY * np.trace(gram) / 60 / (1 + RIDGE)
        factor = np.linalg.cholesky(gram)
        expected, _ = nnls(factor.T, np.linalg.solve(factor, wanted))
        found = sparse_weights(embeds.astype(np.float32), captions.astype(np.float32), mean.astype(np.float32), gram)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_all_captions_have_in_common_has_no_weight():
    np.testing.assert_array_equal(sparse_weights(MEAN, CAPTIONS, MEAN, gram_matrix(CAPTIONS, MEAN)), 0)


def test_the_opposite_of_a_caption_is_not_that_caption():
    assert sparse_weights(2 * MEAN - CAPTIONS[1], CAPTIONS, MEAN, gram_matrix(CAPTIONS, MEAN))[1] == 0


def test_concept_embeds_are_means_over_captions():
    encoded = np.arange(6, dtype=np.float32).reshape(6, 1, 1)
    np.testing.assert_allclose(concept_embeds(encoded).ravel(), [1.0, 4.0])


def test_every_concept_has_its_captions_in_order():
    captions = concept_captions(concepts())
    assert len(captions) == 3 * len(concepts())
    assert captions[:3] == ("dog", "dog barking", "the sound of a dog")


@pytest.mark.models
@pytest.mark.parametrize("word", ["dog", "piano", "rain", "helicopter"])
def test_the_embeds_of_a_word_decompose_into_that_word(services: Services, word: str):
    (embeds,) = text_embeds(TINY_DIFFUSION, (word,), 16, services.runtime)
    embeds = AudioEmbeds(embeds, embeds, 0.0, 1.0, "", "", word)
    found = decompose_concepts(embeds, TINY_DIFFUSION, services.runtime, count=3)
    assert found[0].concept == word
    assert found[0].weight > 0.7
    assert sum(other.weight for other in found[1:]) < 0.1
    assert found[0].category == {concept.name: concept.category for concept in concepts()}[word]


@pytest.mark.models
@pytest.mark.parametrize(
    ("file", "concept"),
    [
        (EXAMPLES / "blackbird.ogg", "bird"),
        (EXAMPLES / "speech.flac", "speech"),
        (STAMPS / "mammals" / "dogs" / "dog.ogg", "dog"),
        (STAMPS / "mammals" / "bovines" / "cow_white.ogg", "cow"),
    ],
)
def test_plain_sounds_have_their_concept(services: Services, file: Path, concept: str):
    clip = services.clips.open(file)
    end = min(clip.duration, TINY_ALIGNER.facts.window_seconds)
    embeds = audio_embeds(clip, 0.0, end, TINY_ALIGNER, TINY_DIFFUSION, services.runtime)
    found = decompose_concepts(embeds, TINY_DIFFUSION, services.runtime)
    assert found[0].concept == concept


def test_the_probability_of_the_first_concept_rises_with_its_weight_and_is_unknown_without_a_calibration():
    weak, strong = (first_concept_prob((ConceptWeight("dog", "animals", weight),), TINY_ALIGNER) for weight in (0.2, 0.95))
    assert weak is not None and strong is not None
    assert 0 < weak < strong < 1
    assert first_concept_prob((), TINY_ALIGNER) == 0
    assert first_concept_prob((ConceptWeight("dog", "animals", 0.95),), W2V_BERT_ALIGNER) is None
