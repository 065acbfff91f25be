"""Rules about questions and answers."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from training.data.check.findings import Finding, finding
from training.data.triples import Triple

_WORDS = {
    "en": "the a an and of is are was it in to with there this that at for on by as from have has he she they you",
    "de": "der die das und ist ein eine nicht mit von zu den dem im auf sich es wird sind auch ich wir ihr",
    "fr": "le la les et est un une des du dans pas que qui avec pour sur il elle ce cette je nous vous au",
    "es": "el la los las y es un una de que en con por para no se del al su lo como más pero",
    "it": "il lo la gli le e è un una di che in con per non si del della al sono come ma più",
    "pt": "o a os as e é um uma de que em com por para não se do da no na como mais mas",
    "nl": "de het een en is van met niet in op dat die te zijn er voor aan ook maar wij",
}
FUNCTION_WORDS: Mapping[str, frozenset[str]] = {code: frozenset(words.split()) for code, words in _WORDS.items()}
"""Common function words; a text with words of another language and few of its own is in that one."""
MIN_WORDS = 5
"""Shorter texts can be names or tags."""
MIN_OWN_SHARE = 0.12
"""Share of a text's words that are function words of its language: English captions have 0.3."""
MIN_OTHER_SHARE = 0.15
"""Share of another language's function words, of two letters and more: the names of chords and notes are single ones."""
MIN_OTHER_WORDS = 2
"""Different function words of the other language."""
MIN_SCRIPT_SHARE = 0.3
"""Share of the letters in another script above which a text is in another language."""
TEXT_TASKS = ("caption", "question", "speech")
"""Tasks whose answers are sentences."""
WORD = re.compile(r"[^\W\d_]+")


def text_findings(triples: Sequence[Triple], language: str) -> Iterator[Finding]:
    """Yield empty texts, those in another language, those with markup or control characters, and contradictions.

    Args:
        triples: of a data set.
        language: one of `FUNCTION_WORDS`; '' for any.
    """
    named = [(triple, f"{triple.clip.name}: {triple.answer[:40]!r}") for triple in triples]
    empty = [triple.clip.name for triple in triples if not WORD.search(triple.question) or not re.search(r"\w", triple.answer)]
    yield from finding("empty text", "error", "A question or an answer says nothing.", empty)
    if language:
        other = [f"{place} ({found})" for triple, place in named if (found := _other_language(triple, language))]
        yield from finding(
            "text in another language", "error", f"The data are meant to be in {language!r}: translate or leave out.", other
        )
    odd = [place for triple, place in named if _has_markup(triple.answer)]
    yield from finding("markup in a text", "warning", "Tags, replacement or control characters would be learned as words.", odd)
    answers: dict[tuple[str, float, str], set[str]] = defaultdict(set)
    for triple in triples:
        if triple.task in ("question", "speech"):
            answers[str(triple.clip), triple.start, triple.question].add(" ".join(triple.answer.lower().split()))
    twice = [f"{Path(clip).name}: {question!r}" for (clip, _, question), found in answers.items() if len(found) > 1]
    yield from finding("two answers to one question", "warning", "They pull in two directions: keep the right one.", twice)


def other_language(text: str, language: str) -> str:
    """Return a text's language if it is another one than `language`: a code or the name of a script; '' if not, or unsure."""
    letters = [unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()]
    foreign = [script for script in letters if script != "LATIN"]
    if letters and len(foreign) / len(letters) > MIN_SCRIPT_SHARE:
        return max(set(foreign), key=foreign.count).lower()
    words = [word.lower() for word in WORD.findall(text)]
    if len(words) < MIN_WORDS:
        return ""
    own = sum(word in FUNCTION_WORDS[language] for word in words) / len(words)
    others = {
        code: [word for word in words if len(word) > 1 and word in known]
        for code, known in FUNCTION_WORDS.items()
        if code != language
    }
    best = max(others, key=lambda code: len(others[code]))
    is_clear = len(others[best]) / len(words) >= MIN_OTHER_SHARE and len(set(others[best])) >= MIN_OTHER_WORDS
    return best if own < MIN_OWN_SHARE and is_clear else ""


def _other_language(triple: Triple, language: str) -> str:
    answer = other_language(triple.answer, language) if triple.task in TEXT_TASKS else ""
    return answer or other_language(triple.question, language)


def _has_markup(text: str) -> bool:
    has_control = any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text)
    return has_control or "\ufffd" in text or bool(re.search(r"</?[a-z][^>]*>|&[a-z]+;|https?://", text, re.IGNORECASE))
