"""The closed vocabulary of the tiny picture model: its concepts, and the words for each.

`sound_concepts.json` lists the concepts, which are sound sources, each with the words that stood for it in the training captions.
No word belongs to two concepts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.specs.image import drawing_defaults
from models.specs.model_spec import ModelSpec
from pipelines.tagging.audioset import ClassTree, class_tree

CONCEPTS_FILE = Path(__file__).with_name("sound_concepts.json")
CLASS_PHRASES = {
    "Run": "running",
    "Grunt": "grunting pig",
    "Singing": "singing",
    "Choir": "choir",
    "Rapping": "rapping",
    "Whistling": "whistling",
    "Chatter": "talking",
    "Crowd": "crowd cheering",
    "Hubbub, speech noise, speech babble": "talking",
    "Children playing": "celebration",
    "Roaring cats (lions, tigers)": "lion roaring",
    "Honk": "goose honking",
    "Patter": "footsteps",
    "Pop music": "singing",
    "Swing music": "jazz music",
    "Electronic music": "dance music",
    "Jingle (music)": "music",
    "Tubular bells": "church bells",
    "Wind noise (microphone)": "wind blowing",
    "Water": "running water",
    "Pour": "pouring water",
    "Trickle, dribble": "water dripping",
    "Gush": "rushing water",
    "Spray": "spray of water",
    "Plop": "splash",
    "Steam": "boiling water",
    "Tap": "knocking",
    "Chopping (food)": "chopping vegetables",
    "Dental drill, dentist's drill": "dentist drill",
    "Tools": "hammering",
    "Splinter": "splitting wood",
    "Basketball bounce": "ball bouncing",
    "Breaking": "smash",
    "Flap": "flapping wings",
    "Tearing": "tearing paper",
    "Rumble": "rumbling thunder",
    "Hum": "electric hum",
}
"""Phrases for AudioSet classes whose own name means something else in the vocabulary, is not in it, or lacks its source."""
# fmt: off
DETERMINERS = frozenset((
    "a", "an", "the", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their", "some", "many", "two",
    "three", "four", "five",
))
CAPTION_WORDS = frozenset((
    "and", "the", "with", "next", "first", "then", "hear", "someone", "hears", "this", "like", "sound", "sounds", "noise",
    "picture", "recording", "loud", "quiet", "distance", "outside", "style", "shaded", "noto", "flat", "twemoji", "grey", "blue",
    "green", "yellow", "pink", "lilac",
))
# fmt: on
"""Words of the training captions that name no concept."""
MAX_ADJECTIVES = 1
"""Words that may stand between a determiner and its noun: 'a little dog'."""
MAX_TERM_WORDS = 4
"""Longest term of the vocabulary, in words separated by spaces."""
WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
MIN_WORD_LETTERS = 3
"""Shortest word that can name something visible."""


@dataclass(frozen=True)
class Concept:
    """A sound source that the tiny picture model can draw."""

    name: str
    category: str
    words: tuple[str, ...]
    """Other words for it, its sounds and its relatives."""

    @property
    def sound(self) -> str:
        """Its sound in words, e.g. 'dog barking'."""
        return self.words[0]

    @property
    def terms(self) -> tuple[str, ...]:
        """Its name, then its other words."""
        return (self.name, *self.words)


@cache
def concepts() -> tuple[Concept, ...]:
    """Return all concepts, in the order of their file."""
    rows = json.loads(CONCEPTS_FILE.read_text(encoding="utf-8"))
    return tuple(Concept(row["name"], row["category"], tuple(row["words"])) for row in rows)


@cache
def concept_by_word() -> dict[str, str]:
    """Return the name of the concept for each word of the vocabulary."""
    return {term: concept.name for concept in concepts() for term in concept.terms}


def class_phrase(name: str, tree: ClassTree | None = None) -> str | None:
    """Return the vocabulary's phrase for an AudioSet class or its nearest parent that has one: 'dog barking' for 'Bark'.

    Args:
        name: name of the class.
        tree: the class tree of another model than YAMNet.

    Returns:
        The phrase; None if neither the class nor any parent has one.
    """
    tree = tree or class_tree()
    position = tree.index(name)
    found = (_phrase(tree.names[i]) for i in (position, *tree.ancestors(position)))
    return next((phrase for phrase in found if phrase is not None), None)


def mentioned_concepts(text: str) -> tuple[str, ...]:
    """Return the vocabulary's words that `text` uses as nouns, in their order, one for each concept.

    A word counts after a determiner, or if the text says nothing else: 'I saw a dog' mentions a dog and no saw.
    """
    words = re.findall(r"[a-z][a-z'-]*", text.lower())
    found: dict[str, str] = {}
    place = 0
    while place < len(words):
        term, length = _longest_term(words, place)
        is_noun = length == len(words) or not DETERMINERS.isdisjoint(words[max(0, place - 1 - MAX_ADJECTIVES) : place])
        if term is not None and is_noun:
            found.setdefault(concept_by_word()[term], term)
        place += length
    return tuple(found.values())


def unknown_words(text: str, spec: ModelSpec) -> tuple[str, ...]:
    """Return the words of `text`, in lower case, that the picture model was not trained on; none for an open vocabulary."""
    if not drawing_defaults(spec).closed_vocabulary:
        return ()
    return tuple(dict.fromkeys(word for word in re.findall(WORD, text.lower()) if not _is_known(word)))


def _longest_term(words: list[str], place: int) -> tuple[str | None, int]:
    """Return the longest term of the vocabulary that begins at `place` and its length in words, or (None, 1)."""
    for length in range(min(MAX_TERM_WORDS, len(words) - place), 0, -1):
        text = " ".join(words[place : place + length])
        for form in (text, text.removesuffix("s")):
            if form in concept_by_word():
                return form, length
    return None, 1


def _phrase(class_name: str) -> str | None:
    if class_name in CLASS_PHRASES:
        return CLASS_PHRASES[class_name]
    word = next((form for form in _forms(class_name.lower()) if form in concept_by_word()), None)
    return None if word is None else _with_source(word)


def _forms(name: str) -> list[str]:
    """Return spellings of a class name to look up: 'bee, wasp, etc.' as 'bee', 'bees' ...; what is in brackets comes last."""
    bare = re.sub(r"\s*\(.*?\)", "", name)
    parts = [bare, *bare.split(", ")]
    numbers = [form for part in parts for form in (part, part.removesuffix("s"), f"{part}s", part.removesuffix(" music"))]
    return [*numbers, *(f"{part} music" for part in parts), *re.findall(r"\((.*?)\)", name)]


def _with_source(word: str) -> str:
    """Name the source of a sound, which a picture shows: 'bark' as 'dog barking', 'purr' as 'purring cat'."""
    name = concept_by_word()[word]
    if name in word and word != name:
        return word
    (words,) = (concept.words for concept in concepts() if concept.name == name)
    return next((other for other in words if name in other and word in other), name)


def _is_known(word: str) -> bool:
    return len(word) < MIN_WORD_LETTERS or word in _trained_words() or word.removesuffix("s") in _trained_words()


@cache
def _trained_words() -> frozenset[str]:
    terms = (term for concept in concepts() for term in concept.terms)
    return CAPTION_WORDS.union(*(re.findall(WORD, term.lower()) for term in terms))
