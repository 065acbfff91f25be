"""Concept decomposition: audio embeds as a sparse sum of the text embeds of known concepts.

A list of the nearest concepts would put beside a right one those that merely resemble it in the text space ("frog, snake,
typewriter"). So the embeds are decomposed into a sparse, non-negative sum of captions, and the weight of a concept is the sum
over its captions (SpLiCE; Bhalla et al. 2024, arXiv 2402.10376).
"""

from __future__ import annotations

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.cache.feature_store import FeatureKey
from models.runtime import ModelRuntime
from models.specs.aligner import aligner_facts
from models.specs.model_spec import ModelSpec
from pipelines.pictures.audio_embeds import AudioEmbeds
from pipelines.pictures.options import ConceptWeight
from pipelines.pictures.text_embeds import NO_CLIP, text_embeds
from pipelines.pictures.vocabulary import Concept, concepts

CAPTION_TEMPLATES = ("{name}", "{sound}", "the sound of a {name}")
"""Captions of a concept; `sound` is the first of its words, e.g. 'dog barking'."""
SPARSITY = 0.01
"""L1 penalty, relative to the mean squared norm of the captions' embeds."""
RIDGE = 0.001
"""L2 penalty, on the same scale: it shares the weight between captions of one meaning."""
MIN_WEIGHT = 0.02
"""Smallest weight of a concept that is reported."""


def decompose_concepts(
    embeds: AudioEmbeds, picture_model: ModelSpec, runtime: ModelRuntime, count: int = 5
) -> tuple[ConceptWeight, ...]:
    """Decompose `embeds` into concepts: at most `count`, the largest weight first; none if no concept resembles them.

    Raises:
        ModelError: the picture model cannot be had; see `ModelCache.lease`. The caller must not hold a lease on it.
    """
    vocabulary, tokens = concepts(), len(embeds.prompt_embeds)

    def key(content_hash: str, layer: str) -> FeatureKey:
        layer = f"{layer} of {CAPTION_TEMPLATES!r} in {tokens} tokens"
        return FeatureKey(content_hash, picture_model.key, repr(picture_model.source), layer)

    def compute() -> DoubleArray:
        captions = text_embeds(picture_model, concept_captions(vocabulary), tokens, runtime)
        mean = runtime.features.get_or_compute(key(NO_CLIP, "mean"), lambda: captions.mean(axis=0))
        gram = runtime.features.get_or_compute(key(NO_CLIP, "Gram matrix"), lambda: gram_matrix(captions, mean))
        return sparse_weights(embeds.prompt_embeds, captions, mean, gram)

    layer = f"concept weights from {embeds.start} to {embeds.end} by {embeds.aligner}"
    found = runtime.features.get_or_compute(key(embeds.content_hash, layer), compute)
    weights = found.reshape(-1, len(CAPTION_TEMPLATES)).sum(axis=1)
    best = [(vocabulary[i], float(weights[i])) for i in np.argsort(-weights, kind="stable")[:count]]
    return tuple(
        ConceptWeight(concept.name, concept.category, round(weight, 4)) for concept, weight in best if weight >= MIN_WEIGHT
    )


def first_concept_prob(concepts: tuple[ConceptWeight, ...], aligner: ModelSpec) -> float | None:
    """Return the probability that the first of the concepts is right, 0 if there is none; None if it was never measured."""
    calibration = aligner_facts(aligner).calibration
    if calibration is None:
        return None
    return round(calibration.prob(concepts[0].weight), 3) if concepts else 0.0


def concept_captions(vocabulary: tuple[Concept, ...]) -> tuple[str, ...]:
    """Return every caption of every concept, concept by concept."""
    return tuple(
        template.format(name=concept.name, sound=concept.sound) for concept in vocabulary for template in CAPTION_TEMPLATES
    )


def concept_embeds(captions: FloatArray) -> FloatArray:
    """Return embeds [concepts, tokens, width], means over the captions of each concept.

    `captions`: [concepts * templates, tokens, width], in the order of `concept_captions`.
    """
    mean: FloatArray = captions.reshape(-1, len(CAPTION_TEMPLATES), *captions.shape[1:]).mean(axis=1)
    return mean


def gram_matrix(captions: FloatArray, mean: FloatArray) -> DoubleArray:
    """Return the scalar products [captions, captions] of centred captions, with the ridge.

    `captions`: [captions, tokens, width]; `mean`: [tokens, width], their mean.
    """
    gram: DoubleArray = np.zeros((len(captions), len(captions)))
    for token, centre in enumerate(mean):  # one at a time: together they are as large as a small model
        centred = (captions[:, token] - centre).astype(np.float64)
        gram += centred @ centred.T
    return gram + RIDGE * _mean_squared_norm(gram) * np.eye(len(captions))


def sparse_weights(embeds: FloatArray, captions: FloatArray, mean: FloatArray, gram: DoubleArray) -> DoubleArray:
    """Return the weight [captions] of each caption in `embeds`; both are centred on the captions' mean.

    The non-negative x that minimises |embeds - sum(x * captions)|^2 / 2 + scale * (SPARSITY * sum(x) + RIDGE * |x|^2 / 2), found
    with LARS (Efron et al. 2004, doi 10.1214/009053604000000067). The first token, which is equal in all captions, drops out.

    Args:
        embeds: [tokens, width].
        captions: [captions, tokens, width].
        mean: [tokens, width], the mean of `captions`.
        gram: [captions, captions], as `gram_matrix` gives it.
    """
    from sklearn.linear_model import lars_path_gram

    centred = embeds - mean
    products = np.einsum("ntw,tw->n", captions, centred) - np.einsum("tw,tw->", mean, centred)
    penalty = SPARSITY * _mean_squared_norm(gram) / (1 + RIDGE)
    *_, weights = lars_path_gram(
        products.astype(np.float64), gram, n_samples=1, alpha_min=penalty, method="lasso", positive=True, return_path=False
    )
    result: DoubleArray = weights
    return result


def _mean_squared_norm(gram: DoubleArray) -> float:
    return float(np.trace(gram)) / len(gram)
