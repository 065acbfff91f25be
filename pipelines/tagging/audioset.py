"""AudioSet's classes as a tree, and the choice of the few that name a sound.

`audioset_classes.txt` has YAMNet's classes in the model's order (tensorflow/models, yamnet_class_map.csv), each indented below
the class that it is a kind of in the AudioSet ontology (Gemmeke et al. 2017); only the electric piano stands beside the piano,
not below it, because it is no grand piano.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from models.arrays import FloatArray
from pipelines.jobs.result import Result

CLASSES_FILE = Path(__file__).with_name("audioset_classes.txt")
INDENT = "  "
MAX_TREES = 8
"""Trees that are kept: there are two models, and opened bundles may name classes of their own."""

LIKELY_SCORE = 0.5
"""Score from which a class is more likely present than not."""
ANIMAL_RATIO = 0.9
"""Score relative to that of 'Animal' from which a kind of animal is named instead."""
MEMBER_RATIO = 0.5
"""Score relative to that of a family from which a member is named instead."""
RIVAL_RATIO = 0.8
"""Score relative to that of the best member from which a second member makes the choice unclear, so that the family is named.

Not in music, where both may play."""
MIN_INSTRUMENT_SCORE = 0.01
"""Where 'Music' is near 1, YAMNet's score of the right instrument is often no more than a few hundredths."""

AMBIGUOUS_WEIGHT = 0.5
"""Weight of the classes that AudioSet calls source-ambiguous: 'Thump, thud' is less specific than the 'Explosion' that thumps."""
FIRST_AMBIGUOUS, LAST_AMBIGUOUS = "Arrow", "Crunch"

ANIMAL, SPEECH, MUSIC, INSTRUMENT = "Animal", "Speech", "Music", "Musical instrument"
ANIMAL_FAMILIES = ("Domestic animals, pets", "Livestock, farm animals, working animals", "Wild animals")
GENERIC_ANIMALS = (ANIMAL, *ANIMAL_FAMILIES)
"""Classes that say too little beside a narrower one."""
SINGING_CLASSES = (
    *("Singing", "Choir", "Yodeling", "Chant", "Mantra", "Child singing", "Synthetic singing", "Rapping", "Humming"),
    *("Vocal music", "A capella", "Opera"),
)
"""Classes that are evidence for vocals."""
NOT_IN_YAMNET = {
    "Male speech, man speaking": SPEECH,
    "Female speech, woman speaking": SPEECH,
    "Battle cry": "Shout",
    "Male singing": "Singing",
    "Female singing": "Singing",
    "Funny music": MUSIC,
}
"""AudioSet's six classes that YAMNet lacks, each with its parent."""
ABOUT_THE_RECORDING = (
    "Silence",
    "Inside, small room",
    "Inside, large room or hall",
    "Inside, public space",
    "Outside, urban or manmade",
    "Outside, rural or natural",
    "Reverberation",
    "Echo",
    "Noise",
    "Environmental noise",
    "Sound effect",
    "Field recording",
)
"""Classes of nearly any recording: they name the place, not the sound."""


@dataclass(frozen=True)
class Tag(Result):
    """A sound class with its score, 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True)
class ClassTree:
    """The classes in the order of the model's output, each with its parent."""

    names: tuple[str, ...]
    parents: tuple[int | None, ...]
    """Index of the parent of each class; None for a root."""

    def index(self, name: str) -> int:
        """Return the index of `name` in the model's output."""
        return self.names.index(name)

    def ancestors(self, position: int) -> Iterator[int]:
        """Yield the ancestors of a class, nearest first."""
        parent = self.parents[position]
        while parent is not None:
            yield parent
            parent = self.parents[parent]

    def below(self, *names: str) -> frozenset[int]:
        """Return the classes `names` and all their descendants."""
        roots = {self.index(name) for name in names}
        return frozenset(i for i in range(len(self.names)) if i in roots or roots.intersection(self.ancestors(i)))

    def related(self, one: int, other: int) -> bool:
        """Return whether one is an ancestor of the other."""
        return one in self.ancestors(other) or other in self.ancestors(one)


@cache
def class_tree() -> ClassTree:
    """Return the tree of YAMNet's 521 classes."""
    names: list[str] = []
    parents: list[int | None] = []
    path: list[int] = []
    for line in CLASSES_FILE.read_text(encoding="utf-8").splitlines():
        name = line.lstrip()
        depth = (len(line) - len(name)) // len(INDENT)
        path = path[:depth]
        parents.append(path[-1] if path else None)
        path.append(len(names))
        names.append(name)
    return ClassTree(tuple(names), tuple(parents))


@lru_cache(maxsize=MAX_TREES)
def tree_of(names: tuple[str, ...]) -> ClassTree:
    """Return the tree of the classes `names` of another AudioSet model, in its order; an unknown class has no parent.

    Raises:
        ValueError: a name is there twice.
    """
    known = class_tree()
    position = {name: i for i, name in enumerate(names)}
    if len(position) < len(names):
        raise ValueError("the names of the classes are not distinct")
    parent_of = {name: known.names[up] for name, up in zip(known.names, known.parents, strict=True) if up is not None}
    parent_of |= NOT_IN_YAMNET
    return ClassTree(names, tuple(position.get(parent_of[name]) if name in parent_of else None for name in names))


def best_names(
    scores: FloatArray, count: int, min_score: float = 0.0, excluded: tuple[str, ...] = (), tree: ClassTree | None = None
) -> tuple[Tag, ...]:
    """Return at most `count` tags for `scores` [classes], best first, none of which is an ancestor of another.

    Args:
        scores: [classes], 0 to 1.
        count: maximum number of tags.
        min_score: for all but the kinds of music, whose scores are low wherever there is music.
        excluded: classes that are not named, nor their descendants.
        tree: of the classes of `scores`; YAMNet's by default.
    """
    tree = tree or class_tree()
    ranking = _Ranking(tree, scores, tree.below(*excluded))
    named = ranking.names(count, min_score)
    return tuple(Tag(ranking.tree.names[i], round(float(scores[i]), 4)) for i in named)


class _Ranking:
    """Ranks the classes of one sound; excluded classes have score 0."""

    def __init__(self, tree: ClassTree, scores: FloatArray, left_out: frozenset[int]) -> None:
        self.tree = tree
        self._scores = np.array(scores, dtype=np.float32)
        self._scores[[tree.index(name) for name in ABOUT_THE_RECORDING]] = 0
        self._scores[list(left_out)] = 0
        self._animal = tree.index(ANIMAL)
        self._families = {tree.index(name) for name in ANIMAL_FAMILIES}
        self._music = {tree.index(MUSIC), tree.index(INSTRUMENT)}
        for common in (tree.index(SPEECH), tree.index(MUSIC)):
            if self._scores[common] < LIKELY_SCORE:  # so frequent in the training data that a lower score means nothing
                self._scores[common] = 0
        self._musical = self._kinds_of_music()

    def names(self, count: int, min_score: float) -> list[int]:
        """Return the indices of the classes to name, best first."""
        rank = self._scores.copy()
        rank[self.tree.index(FIRST_AMBIGUOUS) : self.tree.index(LAST_AMBIGUOUS) + 1] *= AMBIGUOUS_WEIGHT
        rank[list(self._musical)] += LIKELY_SCORE
        chosen: list[int] = []
        for i in np.argsort(-rank, kind="stable").tolist():
            if len(chosen) == count or rank[i] <= 0:
                break
            if (self._scores[i] >= min_score or i in self._musical) and not self._is_covered(i, chosen) and not self._is_vague(i):
                chosen.append(i)
        return chosen

    def _kinds_of_music(self) -> set[int]:
        """Return the instruments and styles that rank before other weak classes where there is music."""
        if self._scores[self.tree.index(MUSIC)] == 0:
            return set()
        return {i for i in self.tree.below(MUSIC) - self._music if self._scores[i] >= MIN_INSTRUMENT_SCORE}

    def _is_covered(self, i: int, chosen: list[int]) -> bool:
        """Return whether an ancestor or a descendant is chosen already; a kind of animal may follow 'Animal'."""
        related = [other for other in chosen if self.tree.related(i, other)]
        return any(other != self._animal for other in related) or (bool(related) and i in self._families)

    def _is_vague(self, i: int) -> bool:
        """Return whether a descendant should be named instead."""
        if i in self._music:
            return bool(self._musical)
        if i == self._animal:
            kinds = self.tree.below(ANIMAL) - self._families - {i}
            best = max(float(self._scores[kind]) for kind in kinds)
            return best >= max(LIKELY_SCORE, ANIMAL_RATIO * float(self._scores[i]))
        members = sorted((float(self._scores[j]) for j, parent in enumerate(self.tree.parents) if parent == i), reverse=True)
        if not members or members[0] < MEMBER_RATIO * self._scores[i]:
            return False
        is_clear = len(members) == 1 or members[1] <= RIVAL_RATIO * members[0]
        return is_clear or i in self._families or i in self._musical
