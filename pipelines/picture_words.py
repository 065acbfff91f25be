"""Which words a picture model with a closed vocabulary was never shown, so that nobody waits in vain for them."""

from __future__ import annotations

import re
from functools import cache

from models.specs.image import drawing_defaults
from models.specs.model_spec import ModelSpec
from pipelines.pictures.vocabulary import concepts

WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
LEAST_LETTERS = 3
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
    return len(word) < LEAST_LETTERS or word in _shown() or word.removesuffix("s") in _shown()


@cache
def _shown() -> frozenset[str]:
    phrases = (phrase for words in concepts().values() for phrase in words)
    return AROUND.union(*(re.findall(WORD, phrase.lower()) for phrase in phrases))
