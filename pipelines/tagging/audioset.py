"""From the scores of AudioSet's sound classes to the few names that a person wants to read.

`audioset_classes.txt` has YAMNet's classes in the model's order (tensorflow/models, yamnet_class_map.csv), each indented below
the class that it is a kind of in the AudioSet ontology (Gemmeke et al. 2017); only the electric piano stands beside the piano,
not below it, because it is no grand piano.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from models.arrays import FloatArray

CLASSES_FILE = Path(__file__).with_name("audioset_classes.txt")
INDENT = "  "

SURE = 0.5
"""Score from which a class is more likely there than not."""
NEARLY = 0.9
"""Of the score of 'Animal': a class below it that reaches this says it better."""
WORTH_NAMING = 0.5
"""Of a family's score: a member that reaches this is named in its stead."""
RIVAL = 0.8
"""Of the best member's score: a second member that reaches this leaves open which it is, and the family is named.

Not in music, where both may play."""
HEARD_IN_MUSIC = 0.01
"""Beside 'Music' near 1, YAMNet gives the right instrument often no more than a few hundredths."""

AMBIGUOUS = 0.5
"""Weight of the classes that AudioSet calls source-ambiguous: 'Thump, thud' tells less than the 'Explosion' that thumps."""
FIRST_AMBIGUOUS, LAST_AMBIGUOUS = "Arrow", "Crunch"

ANIMAL, SPEECH, MUSIC, INSTRUMENT = "Animal", "Speech", "Music", "Musical instrument"
ANIMAL_FAMILIES = ("Domestic animals, pets", "Livestock, farm animals, working animals", "Wild animals")
NOT_IN_YAMNET = {
    "Male speech, man speaking": SPEECH,
    "Female speech, woman speaking": SPEECH,
    "Battle cry": "Shout",
    "Male singing": "Singing",
    "Female singing": "Singing",
    "Funny music": MUSIC,
}
"""AudioSet's other six classes, and what each is a kind of."""
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
"""Said of nearly any recording; they tell where, not what."""


@dataclass(frozen=True)
class Tag:
    """A sound class with the score that the model gave it, 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True)
class ClassTree:
    """The classes in the model's order, and what each is a kind of."""

    names: tuple[str, ...]
    parents: tuple[int | None, ...]

    def index(self, name: str) -> int:
        """Position of `name` in the model's output."""
        return self.names.index(name)

    def ancestors(self, position: int) -> Iterator[int]:
        """What the class is a kind of, nearest first."""
        parent = self.parents[position]
        while parent is not None:
            yield parent
            parent = self.parents[parent]

    def below(self, *names: str) -> frozenset[int]:
        """The classes `names` and all kinds of them."""
        roots = {self.index(name) for name in names}
        return frozenset(i for i in range(len(self.names)) if i in roots or roots.intersection(self.ancestors(i)))

    def related(self, one: int, other: int) -> bool:
        """Whether one is a kind of the other."""
        return one in self.ancestors(other) or other in self.ancestors(one)


@cache
def class_tree() -> ClassTree:
    """YAMNet's 521 classes."""
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


@cache
def tree_of(names: tuple[str, ...]) -> ClassTree:
    """The classes `names` of another AudioSet model, in its order; what is not known here is a kind of nothing."""
    known = class_tree()
    position = {name: i for i, name in enumerate(names)}
    parent_of = {name: known.names[up] for name, up in zip(known.names, known.parents, strict=True) if up is not None}
    parent_of |= NOT_IN_YAMNET
    return ClassTree(names, tuple(position.get(parent_of.get(name, "")) for name in names))


def best_names(
    scores: FloatArray, count: int, at_least: float = 0.0, leave_out: tuple[str, ...] = (), tree: ClassTree | None = None
) -> tuple[Tag, ...]:
    """At most `count` names for `scores` [classes], best first, each saying something that the others do not.

    `tree`: the classes of `scores`; without it YAMNet's.

    Of a class and its kinds only one is named: the kind, if it is clear which. `leave_out`: classes that are not named, nor
    their kinds. `at_least` holds for all but the kinds of music, which score low wherever there is music.
    """
    tree = tree or class_tree()
    ranking = _Ranking(tree, scores, tree.below(*leave_out))
    named = ranking.names(count, at_least)
    return tuple(Tag(ranking.tree.names[i], round(float(scores[i]), 4)) for i in named)


class _Ranking:
    """One clip's scores, with what is never named taken out."""

    def __init__(self, tree: ClassTree, scores: FloatArray, left_out: frozenset[int]) -> None:
        self.tree = tree
        self._scores = np.array(scores, dtype=np.float32)
        self._scores[[tree.index(name) for name in ABOUT_THE_RECORDING]] = 0
        self._scores[list(left_out)] = 0
        self._animal = tree.index(ANIMAL)
        self._families = {tree.index(name) for name in ANIMAL_FAMILIES}
        self._music = {tree.index(MUSIC), tree.index(INSTRUMENT)}
        for common in (tree.index(SPEECH), tree.index(MUSIC)):
            if self._scores[common] < SURE:  # so frequent in the training data that a lower score says nothing
                self._scores[common] = 0
        self._musical = self._kinds_of_music()

    def names(self, count: int, at_least: float) -> list[int]:
        """Positions of the classes to name, best first."""
        rank = self._scores.copy()
        rank[self.tree.index(FIRST_AMBIGUOUS) : self.tree.index(LAST_AMBIGUOUS) + 1] *= AMBIGUOUS
        rank[list(self._musical)] += SURE
        chosen: list[int] = []
        for i in np.argsort(-rank, kind="stable").tolist():
            if len(chosen) == count or rank[i] <= 0:
                break
            if (self._scores[i] >= at_least or i in self._musical) and not self._is_said(i, chosen) and not self._is_vague(i):
                chosen.append(i)
        return chosen

    def _kinds_of_music(self) -> set[int]:
        """Instruments and styles that come before other weak classes, because this is music."""
        if self._scores[self.tree.index(MUSIC)] == 0:
            return set()
        return {i for i in self.tree.below(MUSIC) - self._music if self._scores[i] >= HEARD_IN_MUSIC}

    def _is_said(self, i: int, chosen: list[int]) -> bool:
        """Whether a kind of it, or what it is a kind of, was named already; a kind of animal may follow 'Animal'."""
        related = [other for other in chosen if self.tree.related(i, other)]
        return any(other != self._animal for other in related) or (bool(related) and i in self._families)

    def _is_vague(self, i: int) -> bool:
        """Whether a kind of it should be named in its stead."""
        if i in self._music:
            return bool(self._musical)
        if i == self._animal:
            kinds = self.tree.below(ANIMAL) - self._families - {i}
            best = max(float(self._scores[kind]) for kind in kinds)
            return best >= max(SURE, NEARLY * float(self._scores[i]))
        members = sorted((float(self._scores[j]) for j, parent in enumerate(self.tree.parents) if parent == i), reverse=True)
        if not members or members[0] < WORTH_NAMING * self._scores[i]:
            return False
        is_clear = len(members) == 1 or members[1] <= RIVAL * members[0]
        return is_clear or i in self._families or i in self._musical
