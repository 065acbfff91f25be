"""What a prompt made of sound means: the concepts whose words lie nearest to it in the picture model's own text space."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache as remembered_forever
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.feature_store import FeatureStore
from models.model_cache import ModelCache
from models.model_spec import ModelSpec
from pipelines.audio_states import AudioStates
from pipelines.text_states import text_states

CONCEPTS_FILE = Path(__file__).with_name("sound_concepts.json")
PHRASINGS = ("{name}", "{word}", "the sound of a {name}")
"""How a concept is said; `word` is the first of its words, which tells of its sound."""


@dataclass(frozen=True)
class Concept:
    """A kind of sound source."""

    name: str
    category: str
    word: str
    """What it does: 'dog barking'."""


@dataclass(frozen=True)
class HeardWord:
    """A concept that was heard."""

    concept: str
    category: str
    score: float
    """Cosine between the states of the sound and of the concept's words, both taken from the vocabulary's mean; −1 to 1."""


def heard_words(
    states: AudioStates, picture_model: ModelSpec, cache: ModelCache, features: FeatureStore, count: int = 5
) -> tuple[HeardWord, ...]:
    """The `count` concepts nearest to `states`, best first.

    Raises:
        ModelError: the picture model cannot be had; see `ModelCache.lease`. It must not be on loan to the caller.
    """
    vocabulary = concepts()
    encoded = text_states(picture_model, captions_of(vocabulary), len(states.prompt_embeds), cache, features)
    scores = nearness(states.prompt_embeds, concept_states(encoded))
    best = np.argsort(-scores, kind="stable")[:count]
    return tuple(HeardWord(vocabulary[i].name, vocabulary[i].category, round(float(scores[i]), 4)) for i in best)


@remembered_forever
def concepts() -> tuple[Concept, ...]:
    """The vocabulary, in the order of its file."""
    rows = json.loads(CONCEPTS_FILE.read_text(encoding="utf-8"))
    return tuple(Concept(row["name"], row["category"], row["words"][0]) for row in rows)


def captions_of(vocabulary: tuple[Concept, ...]) -> tuple[str, ...]:
    """Every phrasing of every concept, concept by concept."""
    return tuple(phrasing.format(name=concept.name, word=concept.word) for concept in vocabulary for phrasing in PHRASINGS)


def concept_states(encoded: NDArray[np.float32]) -> NDArray[np.float32]:
    """States [concepts, tokens, width]: the mean over the phrasings of `encoded` [concepts × phrasings, tokens, width]."""
    mean: NDArray[np.float32] = encoded.reshape(-1, len(PHRASINGS), *encoded.shape[1:]).mean(axis=1)
    return mean


def nearness(prompt: NDArray[np.float32], words: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosines [concepts] between `prompt` [tokens, width] and `words` [concepts, tokens, width] around the words' mean.

    The first token, which is the same in all of them, says nothing and drops out.
    """
    middle = words.mean(axis=0)
    ours, theirs = (prompt - middle).ravel(), (words - middle).reshape(len(words), -1)
    cosines: NDArray[np.float32] = theirs @ ours / (np.linalg.norm(theirs, axis=1) * np.linalg.norm(ours) + 1e-9)
    return cosines
