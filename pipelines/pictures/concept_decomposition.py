"""What a prompt made of sound means: the few words of which it is made in the picture model's own text space.

A list of the nearest words would put beside a right one those that merely resemble it there ("frog, snake, typewriter"). So the
states are taken apart into a sparse sum of words, none of them negative, and each concept has the share of its words (SpLiCE;
Bhalla et al. 2024, arXiv 2402.10376).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache as remembered_forever
from pathlib import Path

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.cache.feature_store import FeatureKey
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.pictures.audio_embeds import AudioStates
from pipelines.pictures.text_embeds import NO_CLIP, text_states

CONCEPTS_FILE = Path(__file__).with_name("sound_concepts.json")
PHRASINGS = ("{name}", "{word}", "the sound of a {name}")
"""How a concept is said; `word` is the first of its words, which tells of its sound."""
SPARSITY = 0.01
"""What a word costs, and"""
RIDGE = 0.001
"""how little it takes to tell words of one meaning apart; both against the mean squared length of the words' states."""
MIN_SHARE = 0.02
"""Of a concept that is named."""


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
    share: float
    """How much of the states it explains, 0 to about 1."""


def heard_words(states: AudioStates, picture_model: ModelSpec, runtime: ModelRuntime, count: int = 5) -> tuple[HeardWord, ...]:
    """The concepts of which `states` is made, the largest first, at most `count`; none if it resembles no word at all.

    Raises:
        ModelError: the picture model cannot be had; see `ModelCache.lease`. It must not be on loan to the caller.
    """
    vocabulary, tokens = concepts(), len(states.prompt_embeds)

    def key(clip: str, layer: str) -> FeatureKey:
        return FeatureKey(clip, picture_model.key, repr(picture_model.source), f"{layer} of {PHRASINGS!r} in {tokens} tokens")

    def compute() -> DoubleArray:
        words = text_states(picture_model, captions_of(vocabulary), tokens, runtime)
        middle = runtime.features.get_or_compute(key(NO_CLIP, "mean"), lambda: words.mean(axis=0))
        products = runtime.features.get_or_compute(key(NO_CLIP, "products"), lambda: products_of(words, middle))
        return shares(states.prompt_embeds, words, middle, products)

    heard = f"shares from {states.start} to {states.end} by {states.aligner}"
    found = runtime.features.get_or_compute(key(states.content_hash, heard), compute)
    concept_shares = found.reshape(-1, len(PHRASINGS)).sum(axis=1)
    best = [(vocabulary[i], float(concept_shares[i])) for i in np.argsort(-concept_shares, kind="stable")[:count]]
    return tuple(HeardWord(concept.name, concept.category, round(share, 4)) for concept, share in best if share >= MIN_SHARE)


@remembered_forever
def concepts() -> tuple[Concept, ...]:
    """The vocabulary, in the order of its file."""
    rows = json.loads(CONCEPTS_FILE.read_text(encoding="utf-8"))
    return tuple(Concept(row["name"], row["category"], row["words"][0]) for row in rows)


def captions_of(vocabulary: tuple[Concept, ...]) -> tuple[str, ...]:
    """Every phrasing of every concept, concept by concept."""
    return tuple(phrasing.format(name=concept.name, word=concept.word) for concept in vocabulary for phrasing in PHRASINGS)


def concept_states(encoded: FloatArray) -> FloatArray:
    """States [concepts, tokens, width]: the mean over the phrasings of `encoded` [concepts × phrasings, tokens, width]."""
    mean: FloatArray = encoded.reshape(-1, len(PHRASINGS), *encoded.shape[1:]).mean(axis=1)
    return mean


def products_of(words: FloatArray, middle: FloatArray) -> DoubleArray:
    """What `shares` needs of `words` [words, tokens, width]: their scalar products [words, words], with the ridge.

    `middle` [tokens, width]: their mean.
    """
    products: DoubleArray = np.zeros((len(words), len(words)))
    for token, centre in enumerate(middle):  # one at a time: together they are as large as a small model
        centred = (words[:, token] - centre).astype(np.float64)
        products += centred @ centred.T
    return products + RIDGE * _scale(products) * np.eye(len(words))


def _scale(products: DoubleArray) -> float:
    """The mean squared length of the words' states."""
    return float(np.trace(products)) / len(products)


def shares(prompt: FloatArray, words: FloatArray, middle: FloatArray, products: DoubleArray) -> DoubleArray:
    """How much of each of `words` [words, tokens, width] is in `prompt` [tokens, width], both taken around the words' mean.

    The non-negative x that minimises |prompt − Σ x·words|² / 2 + scale · (SPARSITY · Σ x + RIDGE · |x|² / 2), at the end of the
    path that begins with the most telling word alone (LARS; Efron et al. 2004, doi 10.1214/009053604000000067). The first token,
    which is the same in all of the words, says nothing and drops out.
    """
    from sklearn.linear_model import lars_path_gram

    said = prompt - middle
    likeness = np.einsum("ntw,tw->n", words, said) - np.einsum("tw,tw->", middle, said)
    cost = SPARSITY * _scale(products) / (1 + RIDGE)
    *_, found = lars_path_gram(
        likeness.astype(np.float64), products, n_samples=1, alpha_min=cost, method="lasso", positive=True, return_path=False
    )
    result: DoubleArray = found
    return result
