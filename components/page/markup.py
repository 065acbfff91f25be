"""HTML that several tabs share: failures, chips."""

from __future__ import annotations

import html

from pipelines.wording.grammar import percent

MIN_FAIR_PROB, MIN_GOOD_PROB = 0.5, 0.8
"""Probabilities below which a word is marked strongly, and lightly."""


def failure_markup(sentence: str) -> str:
    """Return the line that says why there is no result."""
    return f'<p class="summary failed" role="alert" data-state="failed">{html.escape(sentence)}</p>'


def chips_markup(title: str, tags: list[tuple[str, float]]) -> str:
    """Return names beside a title, each with its score, 0 to 1, as a percentage and a bar."""
    chips = "".join(
        f'<li style="--level:{min(1.0, score):.2f}">{html.escape(name)} <span>{percent(score)}</span></li>'
        for name, score in tags
    )
    return f'<div class="chips"><h3>{title}</h3><ul>{chips}</ul></div>'
