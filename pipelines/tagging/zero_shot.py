"""Zero-shot tags with CLAP: how well labels that a person chooses fit the sound, over time and for the clip.

As in CLAP's zero-shot evaluation, each label stands in a sentence, and the probabilities are the softmax over the labels of the
scaled cosine similarities: they say which of the labels fits best. Whether any of them fits is read from the similarities. The
feature store keeps the embeddings of the sound, so other labels for the same clip cost only their own embedding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any, Literal

import numpy as np

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.model_catalog import ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import ModelUse, model_fields
from pipelines.jobs.result import Result
from pipelines.tagging.clap import (
    CLAP_SAMPLE_RATE,
    CLAP_WINDOW_SAMPLES,
    CLAP_WINDOW_SECONDS,
    clap_audio_embed,
    clap_logit_scale,
    clap_text_embeds,
)
from pipelines.tagging.patch_scores import check_patches, check_scores

HOP_SECONDS = 5.0
HOP_SAMPLES = round(HOP_SECONDS * CLAP_SAMPLE_RATE)
BLOCK_WINDOWS = 6
"""Windows under one lease: 35 s of sound."""
WORKING_BYTES = 600 * 2**20
"""Memory for one window and for all labels, beside the weights; rounded up."""
SENTENCE = "This is a sound of {}."
"""As in the evaluation of CLAP and in the zero-shot pipeline of transformers."""
MIN_LABELS, MAX_LABELS = 2, 50
MAX_LABEL_CHARACTERS = 120


@dataclass(frozen=True)
class LabelOptions:
    """Options of `score_labels`."""

    model: str = AUTO
    """'auto' or a key of the catalogue; see also `own_words.find_words`."""


@dataclass(frozen=True)
class LabelScore(Result):
    """The scores of one label for the whole clip."""

    label: str
    probability: float
    """Softmax over the labels."""
    similarity: float
    """Cosine, -1 to 1, of the label's and the clip's mean embedding; does not depend on the other labels."""


@dataclass(frozen=True, eq=False)
class LabelScores(ModelUse):
    """The scores so far; the last one of a run is the result."""

    duration: float
    """Duration of the clip in seconds."""
    labels: tuple[str, ...]
    """Names of the columns of `probabilities` and `similarities`, in the order of the request."""
    times: FloatArray
    """[windows], start of each window in seconds; a window lasts `window_seconds`."""
    probabilities: FloatArray
    """[windows, labels], a softmax over the labels."""
    similarities: FloatArray
    """[windows, labels], cosine."""
    clip: tuple[LabelScore, ...] = ()
    """Scores of the whole clip, best first; filled when the job is done."""
    hop_seconds: float = HOP_SECONDS
    window_seconds: float = CLAP_WINDOW_SECONDS
    position: float = 0.0
    """Progress of the job, in seconds of the clip."""
    state: Literal["loading", "scoring", "done", "stopped"] = field(default="loading", kw_only=True)

    def check(self) -> None:
        """Check that the parts agree, where they may be a stranger's.

        Raises:
            ValueError: they do not.
            InvalidOption: see `checked_labels`.
        """
        checked_labels(self.labels, least=1)
        check_patches(self.times, self.hop_seconds, self.window_seconds, self.duration)
        check_scores(self.probabilities, (len(self.times), len(self.labels)))
        check_scores(self.similarities, (len(self.times), len(self.labels)), lowest=-1.0)
        if sorted(score.label for score in self.clip) != (sorted(self.labels) if self.clip else []):
            raise ValueError("the labels of the clip are others")


@dataclass(frozen=True, eq=False)
class _TextEmbeds:
    """The labels in the space that they share with sounds."""

    embeddings: FloatArray
    """[labels, width], each of length 1."""
    logit_scale: float
    """Learned factor from cosine to logit."""

    def similarities(self, sound: FloatArray) -> FloatArray:
        """Return cosines […, labels] for embeddings […, width] of length 1."""
        return np.asarray(sound @ self.embeddings.T, dtype=np.float32)

    def probabilities(self, sound: FloatArray) -> FloatArray:
        """Return the softmax […, labels] for embeddings […, width] of length 1."""
        logits = self.logit_scale * self.similarities(sound)
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=-1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _BlockScores:
    """Scores [windows, labels] of one block."""

    probabilities: FloatArray
    similarities: FloatArray


@in_cluster("music", model="options.model")
def score_labels(
    clip: AudioClip,
    labels: tuple[str, ...],
    options: LabelOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[LabelScores]:
    """Score how well `labels` fit `clip`: yield a snapshot for every block of 30 s, and ten a second in between.

    Raises:
        InvalidOption: before any model is touched: too few or too many labels, an empty, very long or repeated one.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    labels = checked_labels(labels)
    choice = runtime.catalog.choose("zero_shot_tags", options.model, WORKING_BYTES)
    encoder = _ClipEncoder(clip, choice, runtime)
    nothing = np.empty((0, len(labels)), dtype=np.float32)
    now = LabelScores(
        clip.duration,
        labels,
        times=nothing[:, 0],
        probabilities=nothing,
        similarities=nothing,
        **model_fields([choice.spec], runtime.catalog.device, choice.reason),
    )
    yield now
    for step in in_background(lambda stopped: _steps(encoder, labels), should_stop):
        match step:
            case _BlockScores():
                now = _so_far(now, step)
            case tuple():
                now = replace(now, clip=step, position=clip.duration, state="done")
        now = replace(now, elapsed=clock() - began)
        yield now
    if now.state != "done":
        yield replace(now, state="stopped", elapsed=clock() - began)


def checked_labels(labels: tuple[str, ...], least: int = MIN_LABELS) -> tuple[str, ...]:
    """Return the labels without surrounding blanks.

    Raises:
        InvalidOption: fewer than `least` or too many labels, an empty, very long or repeated one.
    """
    labels = tuple(label.strip() for label in labels)
    if not least <= len(labels) <= MAX_LABELS:
        raise InvalidOption("number of labels", len(labels), f"{least} to {MAX_LABELS}")
    for label in labels:
        if not 1 <= len(label) <= MAX_LABEL_CHARACTERS:
            raise InvalidOption("label", label, f"1 to {MAX_LABEL_CHARACTERS} characters")
    if len({label.casefold() for label in labels}) < len(labels):
        raise InvalidOption("labels", ", ".join(labels), "each label once")
    return labels


def _so_far(now: LabelScores, block: _BlockScores) -> LabelScores:
    probabilities = np.concatenate([now.probabilities, block.probabilities])
    return replace(
        now,
        times=np.arange(len(probabilities), dtype=np.float32) * np.float32(HOP_SECONDS),
        probabilities=probabilities,
        similarities=np.concatenate([now.similarities, block.similarities]),
        position=min(now.duration, len(probabilities) * HOP_SECONDS),
        state="scoring",
    )


def _steps(encoder: _ClipEncoder, labels: tuple[str, ...]) -> Generator[_BlockScores | tuple[LabelScore, ...], None, None]:
    """Yield the scores of every block, then those of the whole clip, from its mean embedding."""
    texts = encoder.text_embeds(labels)
    total = np.zeros(texts.embeddings.shape[1], dtype=np.float64)
    for block in range(encoder.blocks):
        embeddings = encoder.block_embeddings(block)
        total += embeddings.sum(axis=0)
        yield _BlockScores(texts.probabilities(embeddings), texts.similarities(embeddings))
    mean = np.asarray(total / np.linalg.norm(total), dtype=np.float32)
    probabilities, similarities = texts.probabilities(mean), texts.similarities(mean)
    order = np.argsort(-probabilities, kind="stable").tolist()
    yield tuple(LabelScore(labels[i], round(float(probabilities[i]), 4), round(float(similarities[i]), 4)) for i in order)


class _ClipEncoder:
    """One clip and one model. The feature store keeps embeddings: each lease is for one block."""

    def __init__(self, clip: AudioClip, choice: ModelChoice, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._spec = choice.spec
        self._runtime = runtime
        self._waveform = clip.waveform(CLAP_SAMPLE_RATE)
        self._windows = 1 + max(0, ceil((len(self._waveform) - CLAP_WINDOW_SAMPLES) / HOP_SAMPLES))
        self.blocks = ceil(self._windows / BLOCK_WINDOWS)

    def text_embeds(self, labels: tuple[str, ...]) -> _TextEmbeds:
        """Return the embeddings of the labels, each in its sentence."""
        with self._runtime.cache.lease(self._spec, working_bytes=WORKING_BYTES) as (clap,):
            return _TextEmbeds(clap_text_embeds(clap, [SENTENCE.format(label) for label in labels]), clap_logit_scale(clap))

    def block_embeddings(self, block: int) -> FloatArray:
        """Return embeddings [up to 6, width] of block `block`, each of length 1."""
        first = block * BLOCK_WINDOWS
        windows = range(first, min(first + BLOCK_WINDOWS, self._windows))

        def embedded(clap: Any) -> FloatArray:
            return np.stack([clap_audio_embed(clap, self._window(window)) for window in windows])

        layer = f"embeddings of block {block}"
        return cached_features(self._clip, self._spec, layer, embedded, self._runtime, WORKING_BYTES)

    def _window(self, window: int) -> FloatArray:
        begin = window * HOP_SAMPLES
        return np.array(self._waveform[begin : begin + CLAP_WINDOW_SAMPLES], dtype=np.float32)
