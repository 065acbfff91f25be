"""What a prompt made of sound means, in the tiny picture model's own text space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from components.services import Services
from models.aligner_specs import TINY_ALIGNER
from models.image_model_specs import TINY_DIFFUSION
from pipelines.audio_states import AudioStates, audio_states
from pipelines.heard_words import captions_of, concept_states, concepts, heard_words, nearness
from pipelines.text_states import text_states
from tests.recordings import EXAMPLES

STAMPS = Path("/usr/share/tuxpaint/stamps/animals")


def test_nearness_is_one_for_the_word_itself_and_looks_away_from_what_all_share():
    words = np.random.default_rng(0).normal(size=(4, 3, 2)).astype(np.float32) + 100
    scores = nearness(words[2], words)
    assert np.argmax(scores) == 2
    assert scores[2] == pytest.approx(1.0, abs=1e-4)
    assert np.delete(scores, 2).max() < 0.9


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
    (states,) = text_states(TINY_DIFFUSION, (word,), 16, services.cache, services.features)
    prompt = AudioStates(states, states, 0.0, 1.0, "", "")
    heard = heard_words(prompt, TINY_DIFFUSION, services.cache, services.features, count=3)
    assert heard[0].concept == word
    assert heard[0].score > heard[1].score >= heard[2].score
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
    end = min(clip.duration, TINY_ALIGNER.hearing.window_seconds)
    states = audio_states(clip, 0.0, end, TINY_ALIGNER, TINY_DIFFUSION, services.cache, services.features)
    heard = heard_words(states, TINY_DIFFUSION, services.cache, services.features)
    assert heard[0].concept == concept
