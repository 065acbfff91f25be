"""A caption with its claims marked, and answers to questions, as HTML."""

from __future__ import annotations

import html
from collections import Counter

from components.music.labels import CLAIM_MARKS, CLAIM_MEANINGS, ClaimMark
from components.page.seekable import seek_button
from pipelines.description.caption import CheckedCaption, CheckedSentence
from pipelines.description.claims.claim import CheckedClaim
from pipelines.wording.certainty import percent
from pipelines.wording.times import clock_time


def caption_markup(caption: CheckedCaption) -> str:
    """Return the sentences; each claim is marked with its verdict and plays the place that shows it."""
    sentences = " ".join(_sentence(sentence, caption.is_piecewise) for sentence in caption.sentences)
    return f'<p class="caption-text" dir="auto">{sentences}</p>{_remark(caption)}{_legend(caption)}' if sentences else ""


def _sentence(sentence: CheckedSentence, has_time: bool) -> str:
    span = f"{clock_time(sentence.start, 1)}–{clock_time(sentence.end, 1)}"
    when = f"{seek_button(span, sentence.start)} " if has_time else ""
    parts, at = [], 0
    for claim in sorted(sentence.claims, key=lambda checked: checked.claim.start_char):
        if claim.claim.start_char < at:
            continue
        parts.append(html.escape(sentence.text[at : claim.claim.start_char]))
        parts.append(_claim(claim, html.escape(sentence.text[claim.claim.start_char : claim.claim.end_char])))
        at = claim.claim.end_char
    return f"{when}{''.join(parts)}{html.escape(sentence.text[at:])}"


def _mark_of(checked: CheckedClaim) -> ClaimMark:
    if checked.verdict != "supported":
        return checked.verdict
    return "confirmed" if checked.is_confirmed else "uncertain"


def _claim(checked: CheckedClaim, words: str) -> str:
    mark = _mark_of(checked)
    title = html.escape(f"{mark.capitalize()}: {checked.reason}")
    # What is not confirmed says how sure it is; a guess has no number.
    number = f" {percent(checked.confidence)}" if mark == "uncertain" and checked.confidence is not None else ""
    marked = f'{words}<sup aria-label="{mark}{number}">{CLAIM_MARKS[mark]}{number}</sup>'
    if checked.start is None:
        return f'<mark class="claim" data-verdict="{mark}" title="{title}">{marked}</mark>'
    return seek_button(marked, checked.start, title, f' data-verdict="{mark}"')


def _remark(caption: CheckedCaption) -> str:
    return f'<p class="summary">{html.escape(caption.remark)}</p>' if caption.remark else ""


def _legend(caption: CheckedCaption) -> str:
    """Return the marks that occur, each with how often and what it means."""
    counts = Counter(_mark_of(claim) for claim in caption.claims)
    shown = [
        f'<span title="{html.escape(CLAIM_MEANINGS[mark])}">{sign} {counts[mark]} {mark}</span>'
        for mark, sign in CLAIM_MARKS.items()
        if counts[mark]
    ]
    return f'<p class="summary claims">{", ".join(shown)}</p>' if shown else ""


def turn_markup(question: str, answer: str, by: str, spans: tuple[tuple[float, float], ...] = ()) -> str:
    """Return one question with its answer and buttons that play the places that show it."""
    places = " ".join(seek_button(clock_time(start, 1), start, f"to {clock_time(end, 1)}") for start, end in spans)
    return (
        f'<div class="turn"><p class="question">{html.escape(question)}</p>'
        f'<p dir="auto">{html.escape(answer)} {places}</p><p class="summary">{html.escape(by)}</p></div>'
    )
