"""Tokens of byte-level tokenizers as readable text, and the words that they make."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

SPACE = b" "


def token_bytes(tokenizer: Any) -> Callable[[int], bytes]:
    """Return a function from a token id to its bytes, for a byte-level tokenizer (GPT-2's); a control token gives its name."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    byte_of = {letter: byte for byte, letter in bytes_to_unicode().items()}
    control = {number: token for token, number in tokenizer.get_added_vocab().items()}

    def spelled(token: int) -> bytes:
        if token in control:
            return str(control[token]).encode()
        piece = tokenizer.convert_ids_to_tokens(token) or ""  # unembeddings may be longer than the vocabulary
        return bytes(byte_of[letter] for letter in piece)

    return lru_cache(maxsize=None)(spelled)


def displayed_text(piece: bytes) -> str:
    """Decode a token; bytes of an incomplete character become hexadecimal: '‹d0›' for half of a Cyrillic letter."""
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        whole, broken = piece[: error.start], piece[error.start : error.end]
        return f"{whole.decode('utf-8')}‹{broken.hex(' ')}›{displayed_text(piece[error.end :])}"


def word_groups(pieces: tuple[bytes, ...], spaced: bool) -> tuple[tuple[int, int], ...]:
    """Group tokens into words: (first, end) of each, every token in exactly one word.

    Characters are never split. A word begins at a space, or with each character in a language without spaces between words;
    punctuation and marks belong to the word before them, a control token stands alone (openai/whisper, `split_to_word_tokens`).

    Args:
        pieces: bytes of the tokens.
        spaced: whether the language has spaces between words.
    """
    groups: list[tuple[int, int]] = []
    first = 0
    for end in range(1, len(pieces) + 1):
        text = b"".join(pieces[first:end])
        if end < len(pieces) and not _is_whole(text):
            continue
        if groups and not _begins_word(text, pieces[groups[-1][0]], spaced):
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((first, end))
        first = end
    return tuple(groups)


def is_control(piece: bytes) -> bool:
    """Return whether `piece` is the name of a control token, such as <|en|>."""
    return piece.startswith(b"<|") and piece.endswith(b"|>")


def _is_whole(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _begins_word(text: bytes, before: bytes, spaced: bool) -> bool:
    if is_control(text) or is_control(before):
        return True
    letters = text.decode("utf-8", "replace").strip()
    if all(unicodedata.category(letter)[0] in "PM" for letter in letters):
        return spaced and not letters
    return text.startswith(SPACE) or not spaced
