"""What a prompt made of sound means, in the tiny picture model's own text space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import nnls

from models.specs.aligner import TINY_ALIGNER
from models.specs.image import TINY_DIFFUSION
from pipelines.pictures.audio_embeds import AudioStates, audio_states
from pipelines.pictures.concept_decomposition import (
    RIDGE,
    SPARSITY,
    captions_of,
    concept_states,
    concepts,
    heard_words,
    products_of,
    shares,
)
from pipelines.pictures.text_embeds import text_states
from services import Services
from tests.recordings import EXAMPLES

STAMPS = Path("/usr/share/tuxpaint/stamps/animals")


WORDS = np.random.default_rng(0).normal(size=(6, 3, 8)).astype(np.float32) + 100
MIDDLE = WORDS.mean(axis=0)


def test_a_sum_of_words_is_taken_apart_into_them():
    found = shares(0.7 * WORDS[2] + 0.3 * WORDS[4], WORDS, MIDDLE, products_of(WORDS, MIDDLE))
    np.testing.assert_allclose(found, [0, 0, 0.7, 0, 0.3, 0], atol=0.03)


def test_the_shares_are_the_least_squares_that_nnls_finds():
    """Non-negative least squares with the same costs, solved through the Cholesky factor by another library."""
    rng = np.random.default_rng(1)
    words = np.repeat(rng.normal(size=(20, 2, 30)), 3, axis=0) + 0.3 * rng.normal(size=(60, 2, 30))
    middle = words.mean(axis=0)
    products = products_of(words.astype(np.float32), middle.astype(np.float32))
    for prompt in (words[7] + 0.5 * words[30], rng.normal(size=(2, 30))):
        wanted = ((words - middle) * (prompt - middle)).sum(axis=(1, 2)) - SPARSITY * np.trace(products) / 60 / (1 + RIDGE)
        factor = np.linalg.cholesky(products)
        expected, _ = nnls(factor.T, np.linalg.solve(factor, wanted))
        found = shares(prompt.astype(np.float32), words.astype(np.float32), middle.astype(np.float32), products)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_all_words_share_says_nothing():
    np.testing.assert_array_equal(shares(MIDDLE, WORDS, MIDDLE, products_of(WORDS, MIDDLE)), 0)


def test_the_opposite_of_a_word_is_not_that_word():
    assert shares(2 * MIDDLE - WORDS[1], WORDS, MIDDLE, products_of(WORDS, MIDDLE))[1] == 0


def test_a_concept_is_the_mean_of_its_phrasings():
    encoded = np.arange(6, dtype=np.float32).reshape(6, 1, 1)
    np.testing.assert_allclose(concept_states(encoded).ravel(), [1.0, 4.0])


def test_every_concept_has_its_phrasings_in_order():
    captions = captions_of(concepts())
    assert len(captions) == 3 * len(concepts())
    assert captions[:3] == ("dog", "dog barking", "the sound of a dog")


@pytest.mark.models
@pytest.mark.parametrize("word", ["dog", "piano", "rain", "helicopter"])
def test_the_states_of_a_word_are_heard_as_that_word(services: Services, word: str):
    (states,) = text_states(TINY_DIFFUSION, (word,), 16, services.runtime)
    prompt = AudioStates(states, states, 0.0, 1.0, "", "", word)
    heard = heard_words(prompt, TINY_DIFFUSION, services.runtime, count=3)
    assert heard[0].concept == word
    assert heard[0].share > 0.7
    assert sum(other.share for other in heard[1:]) < 0.1
    assert heard[0].category == {concept.name: concept.category for concept in concepts()}[word]


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
def test_plain_sounds_are_heard_as_what_they_are(services: Services, file: Path, concept: str):
    clip = services.clips.open(file)
    end = min(clip.duration, TINY_ALIGNER.facts.window_seconds)
    states = audio_states(clip, 0.0, end, TINY_ALIGNER, TINY_DIFFUSION, services.runtime)
    heard = heard_words(states, TINY_DIFFUSION, services.runtime)
    assert heard[0].concept == concept
