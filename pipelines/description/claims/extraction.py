"""Find what a caption claims that can be measured: tempo, key, metre, chords, instruments, genre, vocals.

Captions of any origin are read, by regular expressions. Where two readings of the same words are possible, the longer one counts,
and of equally long ones the one that stands first in `_FINDERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from pipelines.description.claims.chord_finder import find_chord_claims
from pipelines.description.claims.claim import Claim
from pipelines.description.claims.finders import (
    INSTRUMENTAL,
    find_key_claims,
    find_metre_claims,
    find_tempo_claims,
    find_term_claims,
    find_vocal_claims,
)

MAX_TEXT_CHARS = 5_000
"""Characters of a text that are read."""
MAX_HEDGE_DISTANCE_CHARS = 48
"""Characters before a claim within which a hedge applies to it."""
NEGATION_BEFORE = re.compile(
    r"(?:\b(?:no|not|without|lacks?|lacking|devoid of|absence of|nobody|no one|neither|nor|never|free of|instead of|rather than|"
    r"(?:does|do|is|are|has|have|was|were)n['’]t)\b)(?!\s+(?:only|just|doubt|longer|less))"
    r"(?:\s+(?!but\b|and\b|with\b|while\b|just\b)[\w'’-]+){0,3}\s+$",
    re.IGNORECASE,
)
NEGATION_AFTER = re.compile(
    r"\s*(?:(?:is|are|was|were)\s+(?:\w+ly\s+)?(?:absent|missing|not\s+(?:present|heard|used|audible|there))|-free\b)",
    re.IGNORECASE,
)
LIST_GAP = re.compile(
    r"\s*(?P<comma>,)?\s*(?P<word>and|or|nor)?\s*(?:any\s+|other\s+|even\s+)?(?!an?\b|the\b)(?:[\w-]+\s+)?", re.IGNORECASE
)
HEDGES = (
    r"probabl[ey]|perhaps|by the sound of it|possibl[ey]|maybe|seem(?:s|ingly)?|appears?|apparently|sounds? like|"
    r"sounding|likely|may|might|"
    r"could be|arguably|suggest(?:s|ing)?|hints?|reminiscent|something like|presumably|what sounds"
)
HEDGE_BEFORE = re.compile(rf"\b(?:{HEDGES})\b[^.;:!?]*$", re.IGNORECASE)
HEDGE_AFTER = re.compile(
    r"[\s,(]*(?:may|might|could|seems?|appears?|perhaps|probably|maybe|possibly|it seems|apparently|I think|\?)", re.IGNORECASE
)


def find_claims(text: str) -> tuple[Claim, ...]:
    """Return all claims of a caption, in the order of its words."""
    text = text[:MAX_TEXT_CHARS]
    found = [(order, claim) for order, finder in enumerate(_FINDERS) for claim in finder(text)]
    found.sort(key=lambda entry: (entry[1].start_char - entry[1].end_char, entry[0], entry[1].start_char))
    kept: list[Claim] = []
    for _, claim in found:
        if not any(claim.start_char < other.end_char and other.start_char < claim.end_char for other in kept):
            kept.append(claim)
    kept.sort(key=lambda claim: claim.start_char)
    return _with_negations(text, [replace(claim, is_hedged=_is_hedged(text, claim)) for claim in kept])


def _with_negations(text: str, claims: list[Claim]) -> tuple[Claim, ...]:
    """Mark the claims that are negated, alone or in a list such as 'no drums, bass or vocals'."""
    marked: list[Claim] = []
    for claim in claims:
        before = text[max(0, claim.start_char - 60) : claim.start_char]
        is_negated_here = bool(NEGATION_BEFORE.search(before)) or bool(NEGATION_AFTER.match(text[claim.end_char :]))
        if not is_negated_here and marked and marked[-1].is_negated and not _is_instrumental(text, marked[-1]):
            is_negated_here = _list_goes_on(text, marked[-1], claim)
        marked.append(replace(claim, is_negated=claim.is_negated != is_negated_here))
    return tuple(marked)


def _is_instrumental(text: str, claim: Claim) -> bool:
    return bool(INSTRUMENTAL.fullmatch(text[claim.start_char : claim.end_char]))


def _list_goes_on(text: str, negated: Claim, claim: Claim) -> bool:
    """Return whether `claim` follows in the same list as `negated`."""
    gap = LIST_GAP.fullmatch(text[negated.end_char : claim.start_char])
    if gap is None or (gap["word"] is None and gap["comma"] is None):
        return False
    if gap["word"]:
        return gap["word"].lower() != "and" or negated.kind == claim.kind
    rest = re.split(r"[.;:]", text[claim.end_char : claim.end_char + 60])[0]
    return bool(re.match(r"[\w\s,-]{0,40}\b(?:or|nor)\b", rest))


def _is_hedged(text: str, claim: Claim) -> bool:
    before = text[max(0, claim.start_char - MAX_HEDGE_DISTANCE_CHARS) : claim.start_char]
    return bool(HEDGE_BEFORE.search(before)) or bool(HEDGE_AFTER.match(text[claim.end_char :]))


_FINDERS: tuple[Callable[[str], Iterator[Claim]], ...] = (
    find_tempo_claims,
    find_chord_claims,
    find_key_claims,
    find_metre_claims,
    find_vocal_claims,
    find_term_claims,
)
