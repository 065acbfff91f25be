"""Markup that several tabs share: failures, chips."""

from __future__ import annotations

import html


def failure_markup(sentence: str) -> str:
    """Why there is no (further) result, where the result's own line would stand."""
    return f'<p class="summary failed" role="alert" data-state="failed">{html.escape(sentence)}</p>'


def chips_markup(title: str, tags: list[tuple[str, float]]) -> str:
    """Names below a title, each shaded by its score in 0..1."""
    chips = "".join(
        f'<li style="--share:{min(1.0, score):.2f}" title="{score:.2f}">{html.escape(name)}</li>' for name, score in tags
    )
    return f'<div class="chips"><h3>{title}</h3><ul>{chips}</ul></div>'
