"""The words that the tiny picture model knows, and which of them say what was heard or spoken.

`sound_concepts.json` holds its sound sources, each with the words that stood for it in the training captions. No word belongs to
two of them.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from models.specs.image import drawing_defaults
from models.specs.model_spec import ModelSpec
from pipelines.tagging.audioset import ClassTree, class_tree

CONCEPTS_FILE = Path(__file__).with_name("sound_concepts.json")
OTHERWISE = {
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
"""Classes of AudioSet whose own name means something else in the vocabulary, or nothing, or is not told by its source."""
# fmt: off
DETERMINERS = frozenset((
    "a", "an", "the", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their", "some", "many", "two",
    "three", "four", "five",
))
# fmt: on
ADJECTIVES = 1
"""How many words may stand between a determiner and what it determines: 'a little dog'."""
LONGEST_WORD = 4
"""Of the vocabulary, in words as people count them."""


@cache
def concepts() -> dict[str, tuple[str, ...]]:
    """Each sound source by its name, with the name and all other words for it."""
    rows = json.loads(CONCEPTS_FILE.read_text(encoding="utf-8"))
    return {row["name"]: (row["name"], *row["words"]) for row in rows}


@cache
def concept_of() -> dict[str, str]:
    """The sound source that each word of the vocabulary stands for."""
    return {word: name for name, words in concepts().items() for word in words}


def phrase_of_class(name: str, tree: ClassTree | None = None) -> str | None:
    """How the vocabulary says a class of AudioSet, or what it is a kind of: 'Bark' is 'dog barking'; None if it has no word.

    `tree`: the classes of another model than YAMNet.
    """
    tree = tree or class_tree()
    position = tree.index(name)
    found = (_phrase(tree.names[i]) for i in (position, *tree.ancestors(position)))
    return next((phrase for phrase in found if phrase is not None), None)


def spoken_concepts(text: str) -> tuple[str, ...]:
    """The words of the vocabulary that somebody says as nouns, in their order, one for each sound source.

    A word counts behind 'a', 'the' and the like, or if nothing else is said: in 'I saw a dog' there is a dog and no saw.
    """
    spoken = re.findall(r"[a-z][a-z'-]*", text.lower())
    found: dict[str, str] = {}
    place = 0
    while place < len(spoken):
        word, length = _longest_word(spoken, place)
        is_noun = length == len(spoken) or not DETERMINERS.isdisjoint(spoken[max(0, place - 1 - ADJECTIVES) : place])
        if word is not None and is_noun:
            found.setdefault(concept_of()[word], word)
        place += length
    return tuple(found.values())


def _longest_word(spoken: list[str], place: int) -> tuple[str | None, int]:
    """(a word of the vocabulary that begins at `place`, how many spoken words it takes), or (None, 1)."""
    for length in range(min(LONGEST_WORD, len(spoken) - place), 0, -1):
        said = " ".join(spoken[place : place + length])
        for form in (said, said.removesuffix("s")):
            if form in concept_of():
                return form, length
    return None, 1


def _phrase(name: str) -> str | None:
    if name in OTHERWISE:
        return OTHERWISE[name]
    word = next((form for form in _forms(name.lower()) if form in concept_of()), None)
    return None if word is None else _told_with_its_source(word)


def _forms(name: str) -> list[str]:
    """'bee, wasp, etc.' as 'bee', 'bees' ...; what stands in brackets comes last."""
    bare = re.sub(r"\s*\(.*?\)", "", name)
    parts = [bare, *bare.split(", ")]
    numbers = [form for part in parts for form in (part, part.removesuffix("s"), f"{part}s", part.removesuffix(" music"))]
    return [*numbers, *(f"{part} music" for part in parts), *re.findall(r"\((.*?)\)", name)]


def _told_with_its_source(word: str) -> str:
    """'bark' as 'dog barking', 'purr' as 'purring cat': a picture shows who makes the sound."""
    name = concept_of()[word]
    if name in word and word != name:
        return word
    return next((other for other in concepts()[name][1:] if name in other and word in other), name)


WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"


MIN_LETTERS = 3
"""Of a word that can stand for something to be seen."""


# fmt: off
AROUND = frozenset((
    "and", "the", "with", "next", "first", "then", "hear", "someone", "hears", "this", "like", "sound", "sounds", "noise",
    "picture", "recording", "loud", "quiet", "distance", "outside", "style", "shaded", "noto", "flat", "twemoji", "grey", "blue",
    "green", "yellow", "pink", "lilac",
))
# fmt: on
"""Words that stood around the names of things in the training captions."""


def unknown_words(text: str, spec: ModelSpec) -> tuple[str, ...]:
    """Words of `text`, in lower case, that the picture model has never seen; none where its vocabulary is open."""
    if not drawing_defaults(spec).closed_vocabulary:
        return ()
    return tuple(dict.fromkeys(word for word in re.findall(WORD, text.lower()) if not _known(word)))


def _known(word: str) -> bool:
    return len(word) < MIN_LETTERS or word in _shown() or word.removesuffix("s") in _shown()


@cache
def _shown() -> frozenset[str]:
    phrases = (phrase for words in concepts().values() for phrase in words)
    return AROUND.union(*(re.findall(WORD, phrase.lower()) for phrase in phrases))
