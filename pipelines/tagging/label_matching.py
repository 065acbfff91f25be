"""Own words without a model that compares texts with sounds: each is matched with labels that a tagger knows, by its meaning.

Only words are compared here. What is found of a label is the tagger's score: words without a label near them find nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.words import WORD_EMBEDS
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import Result
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import SoundTags, TagOptions
from pipelines.tagging.zero_shot import checked_labels
from pipelines.wording.word_embeds import phrase_embeds

MIN_SIMILARITY = 0.63
"""Cosine from which a label means about the same as the words. Of 54 words tried none got a wrong label from here on,
and two that have one got none ("a whale", "a lady speaking"); at 0.6 "coffee machine" got "Drum machine"."""
MIN_RELATIVE_SIMILARITY = 0.95
"""Cosine of a further label, relative to the nearest one's, from which it counts too."""
MAX_LABELS = 3
"""Labels that stand for one word."""
FILLERS = re.compile(r"\b(?:an?|the|some|sounds? of|noise of)\b|[()]")
"""What is left out of words and labels before they are compared."""
COMMA = re.compile(r",(?![^(]*\))")
"""A comma outside of brackets, which divides a label into phrases."""


@dataclass(frozen=True)
class MatchedWords(Result):
    """Words, the known labels nearest to them, and how strong these are in the clip."""

    words: str
    labels: tuple[str, ...]
    """Nearest first; none where no label means about the same."""
    score: float | None = None
    """The tagger's highest score of these labels, 0 to 1, not calibrated; None without labels."""
    time: float | None = None
    """Start of the patch of this score in seconds."""


@dataclass(frozen=True, eq=False)
class MatchedLabels(ModelUse):
    """The matches so far; the last one of a run is the result."""

    matches: tuple[MatchedWords, ...] = ()
    """Strongest first, those without labels last; filled when the job is done."""
    state: Literal["tagging", "done", "stopped"] = field(default="tagging", kw_only=True)


def match_labels(
    clip: AudioClip,
    words: tuple[str, ...],
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[MatchedLabels]:
    """Find `words` in `clip` through the labels of its sound tagger: yield a snapshot for each of the tagger's.

    Raises:
        InvalidOption: before any model is touched; see `checked_labels`.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    words = checked_labels(words, least=1)
    for tags in tag_sounds(clip, TagOptions(), runtime, should_stop):
        model = f"{tags.model}, {WORD_EMBEDS.title}"
        now = MatchedLabels(model=model, licence=tags.licence, dtype=tags.dtype, device=tags.device, elapsed=clock() - began)
        yield now
    if tags.state == "stopped":
        yield replace(now, state="stopped", elapsed=clock() - began)
        return
    matches = [_found(wanted, labels, tags) for wanted, labels in zip(words, nearest(words, tags.classes, runtime), strict=True)]
    ordered = tuple(sorted(matches, key=lambda one: -1.0 if one.score is None else one.score, reverse=True))
    yield replace(now, matches=ordered, state="done", elapsed=clock() - began)


def nearest(words: Sequence[str], labels: Sequence[str], runtime: ModelRuntime) -> list[tuple[str, ...]]:
    """Return for each of the words the labels that mean about the same, nearest first; a label may consist of several phrases."""
    phrases = [(label, phrase) for label in labels for phrase in _phrases(label)]
    known = phrase_embeds([phrase for _, phrase in phrases], runtime)
    embeds = phrase_embeds([_plain(one) for one in words], runtime)
    names = [label for label, _ in phrases]
    return [_near(known @ embed, names) if re.search(r"\w", one) else () for one, embed in zip(words, embeds, strict=True)]


def _near(similarities: FloatArray, labels: Sequence[str]) -> tuple[str, ...]:
    order = np.argsort(-similarities, kind="stable").tolist()
    least = max(MIN_SIMILARITY, MIN_RELATIVE_SIMILARITY * float(similarities[order[0]]))
    return tuple(dict.fromkeys(labels[i] for i in order if similarities[i] >= least))[:MAX_LABELS]


def _phrases(label: str) -> list[str]:
    return [phrase for phrase in map(_plain, COMMA.split(label)) if phrase]


def _plain(text: str) -> str:
    return " ".join(FILLERS.sub(" ", text.lower()).split()) or text.lower()


def _found(words: str, labels: tuple[str, ...], tags: SoundTags) -> MatchedWords:
    if not labels:
        return MatchedWords(words, ())
    series = tags.scores[:, [tags.classes.index(label) for label in labels]].max(axis=1)
    best = int(series.argmax())
    return MatchedWords(words, labels, round(float(series[best]), 4), float(tags.times[best]))
