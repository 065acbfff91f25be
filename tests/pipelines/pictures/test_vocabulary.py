"""The words that the small picture model was shown."""

from __future__ import annotations

import pytest

from models.specs.image import SD_TURBO, TINY_DIFFUSION
from pipelines.pictures.vocabulary import unknown_words
from training.tiny_diffusion.captions import PAIRS, STYLE_WORDS, TEMPLATES, WORDS
from training.tiny_diffusion.pictures import GROUNDS


def test_every_word_of_the_training_captions_is_known() -> None:
    styles = [f"{word} style" for words in STYLE_WORDS.values() for word in words]
    names = [name for words in WORDS.values() for name in words]
    for text in (*TEMPLATES, *PAIRS, *styles, *(f"on {ground}" for ground in GROUNDS), *names):
        assert unknown_words(text, TINY_DIFFUSION) == (), text


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("", ()),
        ("Owls and a DOG, flat style", ()),
        ("in the snow, at night", ("night",)),
        ("Nacht, nacht; 3 Bäume!", ("nacht", "bäume")),
    ],
)
def test_other_words_are_unknown_once_each(text: str, unknown: tuple[str, ...]) -> None:
    assert unknown_words(text, TINY_DIFFUSION) == unknown
    assert unknown_words(text, SD_TURBO) == ()
