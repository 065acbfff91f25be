"""Own words without a model that compares texts with sounds: each is matched with labels that the taggers know, by its meaning.

Only words are compared here, with AudioSet's 521 labels and the music tags. What is found of a label is its tagger's score: words
without a label near them find nothing.
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
from pipelines.music.decisions import MIN_MUSIC_SCORE
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions, MusicTags
from pipelines.tagging.audioset import class_tree
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
    """The taggers' highest score of these labels, 0 to 1, not calibrated; None without labels."""
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
    """Find `words` in `clip` through the labels of its taggers: yield a snapshot for each of theirs.

    Raises:
        InvalidOption: before any model is touched; see `checked_labels`.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    words = checked_labels(words, least=1)
    sounds = music = None
    for sounds in tag_sounds(clip, TagOptions(), runtime, should_stop):
        yield _so_far((sounds,), clock() - began)
    if sounds is not None and sounds.state == "done":
        for music in tag_music(clip, MusicTagOptions(), runtime, should_stop):
            yield _so_far((sounds, music), clock() - began)
    if sounds is None or music is None or music.state != "done":
        yield replace(_so_far(tuple(filter(None, (sounds, music))), clock() - began), state="stopped")
        return
    known = (_KnownLabels(sounds.classes, sounds.times, sounds.scores), _music_labels(music))
    names = tuple(dict.fromkeys(name for one in known for name in one.names))
    matches = [_found(wanted, labels, known) for wanted, labels in zip(words, nearest(words, names, runtime), strict=True)]
    ordered = tuple(sorted(matches, key=lambda one: -1.0 if one.score is None else one.score, reverse=True))
    yield replace(_so_far((sounds, music), clock() - began), matches=ordered, state="done")


@dataclass(frozen=True, eq=False)
class _KnownLabels:
    """The labels of a tagger, and their scores."""

    names: tuple[str, ...]
    times: FloatArray
    """[patches], start of each patch in seconds."""
    scores: FloatArray
    """[patches, names], 0 to 1."""

    def best(self, labels: tuple[str, ...]) -> tuple[float, float]:
        """Return the highest score of some labels, and the time of its patch; -1 where none is known."""
        columns = [column for column, name in enumerate(self.names) if name in labels]
        if not columns or not len(self.times):
            return -1.0, 0.0
        series = self.scores[:, columns].max(axis=1)
        patch = int(series.argmax())
        return float(series[patch]), float(self.times[patch])


def _music_labels(music: MusicTags) -> _KnownLabels:
    """Return the music tags, which score 0 where there is no music."""
    return _KnownLabels(
        music.names, music.times, np.where(music.music[:, np.newaxis] >= MIN_MUSIC_SCORE, music.confidences, np.float32(0))
    )


def _so_far(tags: Sequence[SoundTags | MusicTags], elapsed: float) -> MatchedLabels:
    """Return the snapshot of what the taggers have done."""
    models, licences = (dict.fromkeys(getattr(one, name) for one in tags) for name in ("model", "licence"))
    return MatchedLabels(
        model=", ".join((*models, WORD_EMBEDS.title)),
        licence=", ".join(licences),
        dtype=tags[0].dtype,
        device=tags[0].device,
        elapsed=elapsed,
    )


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
    return _without_wider(tuple(dict.fromkeys(labels[i] for i in order if similarities[i] >= least)))[:MAX_LABELS]


def _without_wider(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels without those of which another one is a kind: 'country music' is no other music than country."""
    tree = class_tree()
    positions = [tree.index(label) for label in labels if label in tree.names]
    wider = {tree.names[above] for position in positions for above in tree.ancestors(position)}
    return tuple(label for label in labels if label not in wider)


def _phrases(label: str) -> list[str]:
    return [phrase for phrase in map(_plain, COMMA.split(label)) if phrase]


def _plain(text: str) -> str:
    return " ".join(FILLERS.sub(" ", text.lower()).split()) or text.lower()


def _found(words: str, labels: tuple[str, ...], known: Sequence[_KnownLabels]) -> MatchedWords:
    if not labels:
        return MatchedWords(words, ())
    score, time = max(one.best(labels) for one in known)
    return MatchedWords(words, labels, round(score, 4), time)
