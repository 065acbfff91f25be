"""Where words, lines and spaces part in the scripts of the world."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LANGUAGES_WITHOUT_SPACES = frozenset({"ja", "zh", "yue", "th", "lo", "km", "my", "bo"})
"""ISO codes of languages that put no space between words."""

_IDEOGRAPHIC = "\u3000-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff"
_SOUTH_EAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHIC}]")
_UNSPACED = re.compile(f"[{_IDEOGRAPHIC}{_SOUTH_EAST_ASIAN}]")
_KATAKANA_RUN = re.compile("[\u30a1-\u30fa\u30fc-\u30fe\u31f0-\u31ff\uff66-\uff9f]+")
_NEVER_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー〜」』）】〕〉》〙〗｡｣､ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ!),.:;?]}%…‥—–’”»ะาำๅๆฯະາຳຽໆ။၊។៕ៗ"
)
_NEVER_LAST = frozenset("「『（【〔〈《〘〖｢([{‘“«เแโใไເແໂໃໄ\u1039\u17d2")
"""Kinsoku (JIS X 4051), vowels that Thai and Lao write before or after their consonant, and signs that stack the next one."""
_CLOSING = frozenset("!?.,:;…‥%‰»”’)]}！？。、，．：；」』）】؟،؛।॥")
_OPENING = frozenset("¿¡«„“‘([{「『（【")
_DASHES = frozenset("-‐‑‒–—―")
_SENTENCE_ENDS = frozenset(".!?…。！？")


def may_break(before: str, after: str) -> bool:
    """Return whether a line may end between two characters that no space divides."""
    unspaced = _UNSPACED.match(before) or _UNSPACED.match(after)
    forbidden = before in _NEVER_LAST or after in _NEVER_FIRST or unicodedata.category(after)[0] == "M"
    return bool(unspaced) and not forbidden


def are_unspaced(before: str, after: str) -> bool:
    """Return whether both characters belong to scripts without spaces between words."""
    return bool(_UNSPACED.match(before) and _UNSPACED.match(after))


def is_one_word(before: str, after: str, spaced: bool) -> bool:
    """Return whether a piece of a text continues the word before it, so that neither a line nor a cue may end between them.

    Pieces without a space between them are one word where the script has spaces: "l" + "'avion", "Dis" + "-moi". So are
    punctuation and its word where a language puts a space between them: "vole" + "?", "«" + "Oui", "20" + "€".

    Args:
        before: the word so far, not empty.
        after: the piece that follows, not empty.
        spaced: whether a space stands between the two.
    """
    if not spaced:
        return not may_break(before[-1], after[0])
    if _consists_of(after, _CLOSING) or _consists_of(before, _OPENING | _DASHES):
        return True
    if _consists_of(after, _DASHES):
        return before[-1] not in _SENTENCE_ENDS
    return before[-1].isdigit() and unicodedata.category(after[0]) == "Sc"


def katakana_runs(text: str) -> tuple[tuple[int, int], ...]:
    """Return [start, end) of each run of katakana: mostly one foreign word, which is hard to read in two parts."""
    return tuple(run.span() for run in _KATAKANA_RUN.finditer(text))


def meet_without_space(before: str, after: str) -> bool:
    """Return whether two texts, neither empty, are joined without a space, because one is ideographic at the seam."""
    return bool(_IDEOGRAPH.match(before[-1]) or _IDEOGRAPH.match(after[0]))


def join_texts(texts: Iterable[str]) -> str:
    """Join texts in one line, with a space at each seam that is not ideographic."""
    line = ""
    for text in filter(None, texts):
        line += text if not line or meet_without_space(line, text) else f" {text}"
    return line


def display_width(text: str) -> int:
    """Return the number of visible characters; marks above and below letters count nothing."""
    return len(text) if text.isascii() else sum(unicodedata.category(c) not in ("Mn", "Me", "Cf") for c in text)


def _consists_of(text: str, characters: frozenset[str]) -> bool:
    return all(character in characters for character in text)
