"""Words beyond the text encoder's limit are named, from a whole word on."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from pipelines.pictures.prompt_embeds import text_overflow


class Tokenizer:
    """A token for each letter of a word, beside start and end of sequence."""

    model_max_length = 12

    def __call__(self, text: str, verbose: bool) -> SimpleNamespace:
        assert not verbose
        return SimpleNamespace(input_ids=[0, *re.findall(r"\w", text), 0])


@pytest.mark.parametrize(
    ("text", "overflow"),
    [
        ("", ""),
        ("dog cat owl", ""),
        ("dog cat owl, a", ""),
        ("dog cat owl, an", "an"),
        ("dog cat, red balloon", "balloon"),
        ("dog cat, red-hot", "hot"),
        ("extraordinarily", "extraordinarily"),
        ("犬猫犬猫犬猫犬猫犬猫鳥魚", "鳥魚"),
        ("dog cat owl 🎈 balloon", "balloon"),
    ],
)
def test_the_words_that_do_not_fit_are_returned(text: str, overflow: str) -> None:
    assert text_overflow(Tokenizer(), text) == overflow
