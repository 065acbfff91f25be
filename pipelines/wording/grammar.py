"""Grammar and numbers for sentences about a clip."""

from __future__ import annotations

import re
from collections.abc import Sequence

NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
VOWEL_SOUND = re.compile(r"[AEFHILMNORSX](?![a-z])|8|11\b|18\b|(?i:(?!one|uni|use|eu|uku)[aeiou]|hour)")
"""Beginning of a word, a number or an initialism that takes 'an'."""


def with_article(noun: str) -> str:
    """Return the noun with its article: 'a waltz', 'an hour', 'an R&B track', 'an 8-second clip'."""
    return f"{'an' if VOWEL_SOUND.match(noun) else 'a'} {noun}"


def listed(items: Sequence[str], conjunction: str = "and") -> str:
    """Return the items as a list in words: 'a', 'a and b', 'a, b and c'."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"


def sentence(text: str) -> str:
    """Return the text with a capital at the beginning and a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ".”", "!”", "?”")) else ".")


def number_word(count: int) -> str:
    """Return a number as prose writes it: 'three', but '13'."""
    return NUMBER_WORDS[count] if count < len(NUMBER_WORDS) else str(count)


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: 'one part', 'three parts'."""
    return f"{number_word(count)} {noun}{'' if count == 1 else 's'}"


def share(part: float) -> str:
    """Return a part of a whole, 0 to 1, as every part of the app shows it: '78 %'."""
    return f"{round(100 * part)} %"
