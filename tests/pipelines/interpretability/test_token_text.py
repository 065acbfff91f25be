"""Tokens as readable text, and the words that they make."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.interpretability.token_text import (
    displayed_text,
    is_control,
    token_bytes,
    word_groups,
)
from tests.models.tiny_language_models import byte_tokenizer

CHINESE = tuple(bytes([byte]) for byte in "你好".encode())


def words_of(pieces: tuple[bytes, ...], spaced: bool = True) -> list[str]:
    return [b"".join(pieces[first:last]).decode() for first, last in word_groups(pieces, spaced)]


@given(st.lists(st.binary(min_size=0, max_size=5), max_size=20).map(tuple), st.booleans())
def test_every_token_is_in_one_word(pieces: tuple[bytes, ...], spaced: bool) -> None:
    groups = word_groups(pieces, spaced)
    assert [index for first, last in groups for index in range(first, last)] == list(range(len(pieces)))
    assert all(first < last for first, last in groups)


@given(st.text(max_size=30), st.integers(1, 4), st.booleans())
def test_characters_are_never_cut(text: str, size: int, spaced: bool) -> None:
    whole = text.encode("utf-8", "replace")
    pieces = tuple(whole[start : start + size] for start in range(0, len(whole), size))
    assert "".join(words_of(pieces, spaced)) == whole.decode()


@given(st.binary(max_size=12))
def test_whole_characters_are_displayed_and_other_bytes_as_numbers(piece: bytes) -> None:
    shown = displayed_text(piece)
    whole = piece.decode("utf-8", "ignore")
    assert len(shown) >= len(whole)
    assert ("‹" in shown) == (whole.encode() != piece or "‹" in whole)
    assert "\ufffd" not in shown or "\ufffd" in whole


def test_words_begin_at_spaces_and_keep_their_punctuation() -> None:
    pieces = (b"<|en|>", b" Mr", b".", b" Dash", b"wood", b" \xc2\xab", b" yes", b"!")
    assert words_of(pieces) == ["<|en|>", " Mr.", " Dashwood «", " yes!"]


def test_characters_are_words_in_languages_without_spaces() -> None:
    assert words_of((b"<|zh|>", *CHINESE, "。".encode()), spaced=False) == ["<|zh|>", "你", "好。"]
    assert words_of(CHINESE) == ["你好"]


@pytest.mark.parametrize(
    ("piece", "displayed"),
    [(b" the", " the"), (b"\xd0", "‹d0›"), (b"\xbd\xa0a", "‹bd›‹a0›a"), (b"a\xe4\xbd", "a‹e4 bd›"), (b"", "")],
)
def test_bytes_of_incomplete_characters(piece: bytes, displayed: str) -> None:
    assert displayed_text(piece) == displayed


def test_token_bytes_spell_the_text() -> None:
    tokenizer = byte_tokenizer()
    spell = token_bytes(tokenizer)
    assert b"".join(map(spell, tokenizer("a ä\n").input_ids)) == "a ä\n".encode()
    assert spell(tokenizer.eos_token_id) == b"<|im_end|>"
    assert is_control(spell(tokenizer.eos_token_id))
    assert spell(len(tokenizer) + 5) == b""
