"""The person's own words as tags: how well each fits the sound, over time and for the clip.

CLAP (Wu et al. 2023, arXiv 2211.06687) puts sounds and sentences into one space. As in its zero-shot evaluation, each word stands
in a sentence, and the probabilities are the softmax over the words of the scaled cosine similarities: they say which of the words
fits best, not whether any does. That is told by the similarities themselves. The sound's embeddings are in the feature store:
other words for the same clip cost only their own embedding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal

import numpy as np

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.model_catalog import AUTO, ModelChoice
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background

CLAP_SAMPLE_RATE = 48_000
WINDOW_SECONDS = 10.0
WINDOW_SAMPLES = round(WINDOW_SECONDS * CLAP_SAMPLE_RATE)
"""What CLAP hears at once. Shorter sounds are repeated by its processor; a longer one would be cut at random."""
HOP_SECONDS = 5.0
HOP_SAMPLES = round(HOP_SECONDS * CLAP_SAMPLE_RATE)
BLOCK_WINDOWS = 6
"""Windows of one lease: 35 s of sound."""
WORKING_BYTES = 600 * 2**20
"""Activations of one window and of all words, with room to spare."""
SENTENCE = "This is a sound of {}."
"""As in the evaluation of CLAP and in the zero-shot pipeline of transformers."""
MIN_WORDS, MAX_WORDS = 2, 50
LONGEST_WORD = 120
"""Characters."""


@dataclass(frozen=True)
class WordOptions:
    """What the person can choose."""

    model: str = AUTO


@dataclass(frozen=True)
class WordScore:
    """One of the person's words for the whole clip."""

    word: str
    probability: float
    """Among the words; they sum to 1."""
    similarity: float
    """Cosine, −1 to 1, of the word and the clip's mean embedding, whatever the other words are."""


@dataclass(frozen=True, eq=False)
class WordScores:
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Of the clip, in seconds."""
    words: tuple[str, ...]
    """Columns of `probabilities` and `similarities`, in the person's order."""
    times: FloatArray
    """[windows], seconds at which each window begins; it lasts `window_seconds`."""
    probabilities: FloatArray
    """[windows, words], each row sums to 1."""
    similarities: FloatArray
    """[windows, words], cosine."""
    clip: tuple[WordScore, ...] = ()
    """For the whole clip, best first; filled when the job is done."""
    hop_seconds: float = HOP_SECONDS
    window_seconds: float = WINDOW_SECONDS
    model: str = ""
    """Title of the model in use."""
    model_reason: str = ""
    licence: str = ""
    dtype: str = ""
    device: str = ""
    position: float = 0.0
    """How far the job is, in seconds of the clip."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["loading", "listening", "done", "stopped"] = "loading"


@dataclass(frozen=True, eq=False)
class _Words:
    """The words in the space that they share with sounds."""

    embeddings: FloatArray
    """[words, width], each of length 1."""
    scale: float
    """Factor from cosine to logit, which the model learned."""

    def similarities(self, sound: FloatArray) -> FloatArray:
        """[…, words] for embeddings […, width] of length 1."""
        return np.asarray(sound @ self.embeddings.T, dtype=np.float32)

    def probabilities(self, sound: FloatArray) -> FloatArray:
        """[…, words] for embeddings […, width] of length 1: a softmax."""
        logits = self.scale * self.similarities(sound)
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=-1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _Heard:
    """Scores [windows, words] of one block."""

    probabilities: FloatArray
    similarities: FloatArray


def score_words(
    clip: AudioClip,
    words: tuple[str, ...],
    options: WordOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[WordScores]:
    """How well `words` fit `clip`: a snapshot for every block of 30 s, and ten a second in between.

    Raises:
        InvalidOption: before any model is touched: too few or too many words, an empty, very long or repeated one.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    words = _checked(words)
    choice = runtime.catalog.choose("zero_shot_tags", options.model, WORKING_BYTES)
    listener = _Listener(clip, choice, runtime)
    spec, device = choice.spec, runtime.catalog.device
    nothing = np.empty((0, len(words)), dtype=np.float32)
    now = WordScores(
        clip.duration,
        words,
        times=nothing[:, 0],
        probabilities=nothing,
        similarities=nothing,
        model=spec.title,
        model_reason=choice.reason,
        licence=spec.licence,
        dtype=spec.dtype(device),
        device=device.upper(),
    )
    yield now
    for step in in_background(lambda stopped: _listen(listener, words), should_stop):
        match step:
            case _Heard():
                now = _so_far(now, step)
            case tuple():
                now = replace(now, clip=step, position=clip.duration, state="done")
        now = replace(now, elapsed=clock() - began)
        yield now
    if now.state != "done":
        yield replace(now, state="stopped", elapsed=clock() - began)


def _checked(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without blanks around them."""
    words = tuple(word.strip() for word in words)
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        raise InvalidOption("number of words", len(words), f"{MIN_WORDS} to {MAX_WORDS}, which are compared with each other")
    for word in words:
        if not 1 <= len(word) <= LONGEST_WORD:
            raise InvalidOption("word", word, f"1 to {LONGEST_WORD} characters")
    if len({word.casefold() for word in words}) < len(words):
        raise InvalidOption("words", ", ".join(words), "each word once")
    return words


def _so_far(now: WordScores, heard: _Heard) -> WordScores:
    probabilities = np.concatenate([now.probabilities, heard.probabilities])
    return replace(
        now,
        times=np.arange(len(probabilities), dtype=np.float32) * np.float32(HOP_SECONDS),
        probabilities=probabilities,
        similarities=np.concatenate([now.similarities, heard.similarities]),
        position=min(now.duration, len(probabilities) * HOP_SECONDS),
        state="listening",
    )


def _listen(listener: _Listener, words: tuple[str, ...]) -> Generator[_Heard | tuple[WordScore, ...], None, None]:
    """The scores of block after block, then the scores of the whole clip, from the mean embedding."""
    meant = listener.words(words)
    total = np.zeros(meant.embeddings.shape[1], dtype=np.float64)
    for block in range(listener.blocks):
        embeddings = listener.block_embeddings(block)
        total += embeddings.sum(axis=0)
        yield _Heard(meant.probabilities(embeddings), meant.similarities(embeddings))
    mean = np.asarray(total / np.linalg.norm(total), dtype=np.float32)
    probabilities, similarities = meant.probabilities(mean), meant.similarities(mean)
    order = np.argsort(-probabilities, kind="stable").tolist()
    yield tuple(WordScore(words[i], round(float(probabilities[i]), 4), round(float(similarities[i]), 4)) for i in order)


class _Listener:
    """One clip and one model. Computed embeddings are in the feature store: each lease is for one block."""

    def __init__(self, clip: AudioClip, choice: ModelChoice, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._spec = choice.spec
        self._runtime = runtime
        self._waveform = clip.waveform(CLAP_SAMPLE_RATE)
        self._windows = 1 + max(0, ceil((len(self._waveform) - WINDOW_SAMPLES) / HOP_SAMPLES))
        self.blocks = ceil(self._windows / BLOCK_WINDOWS)

    def words(self, words: tuple[str, ...]) -> _Words:
        """The words, embedded."""
        with self._runtime.cache.lease(self._spec, working_bytes=WORKING_BYTES) as (clap,):
            return _embedded_words(clap, words)

    def block_embeddings(self, block: int) -> FloatArray:
        """Embeddings [up to 6, width] of block `block`, each of length 1."""
        first = block * BLOCK_WINDOWS
        windows = range(first, min(first + BLOCK_WINDOWS, self._windows))

        def embedded(clap: Any) -> FloatArray:
            return np.concatenate([_embedded_window(clap, self._window(window)) for window in windows])

        layer = f"embeddings of block {block}"
        return cached_features(self._clip, self._spec, layer, embedded, self._runtime, WORKING_BYTES)

    def _window(self, window: int) -> FloatArray:
        begin = window * HOP_SAMPLES
        return np.array(self._waveform[begin : begin + WINDOW_SAMPLES], dtype=np.float32)


def _embedded_window(clap: Any, sound: FloatArray) -> FloatArray:
    """[1, width] of `sound` [up to 480_000 samples] at 48 kHz."""
    import torch

    inputs = clap.processor.feature_extractor(sound, sampling_rate=CLAP_SAMPLE_RATE, return_tensors="pt")
    features = inputs["input_features"].to(clap.model.device, clap.model.dtype)
    with torch.inference_mode():
        output = clap.model.get_audio_features(input_features=features, is_longer=inputs["is_longer"].to(clap.model.device))
    return np.asarray(output.pooler_output.float().cpu().numpy())


def _embedded_words(clap: Any, words: tuple[str, ...]) -> _Words:
    import torch

    inputs = clap.processor.tokenizer([SENTENCE.format(word) for word in words], padding=True, return_tensors="pt")
    with torch.inference_mode():
        output = clap.model.get_text_features(**inputs.to(clap.model.device))
        scale = clap.model.logit_scale_a.exp().item()
    return _Words(np.asarray(output.pooler_output.float().cpu().numpy()), scale)
