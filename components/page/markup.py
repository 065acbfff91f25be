"""HTML that several tabs share: failures, folded lines, chips."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence

from pipelines.wording.certainty import percent


class FailureMarkup(str):
    """HTML that says why there is no result: it is shown, but does not come back with the clip."""


def failure_markup(sentence: str) -> FailureMarkup:
    """Return the line that says why there is no result."""
    return FailureMarkup(f'<p class="summary failed" role="alert" data-state="failed">{html.escape(sentence)}</p>')


def fold_markup(title: str, *parts: str) -> str:
    """Return text that is folded away below `title`; '' if all parts are empty."""
    text = html.escape("; ".join(filter(None, parts)))
    return f'<details class="why"><summary>{title}</summary>{text}</details>' if text else ""


def short_licences(licence: str) -> str:
    """Return the names of licences without what stands in brackets, each once."""
    return ", ".join(dict.fromkeys(re.sub(r" \([^)]*\)", "", licence).split(", ")))


def labels_markup(labels: Mapping[str, str]) -> str:
    """Return the part of a component's template from which its script reads texts, see labels.js.

    Gradio forgets the props of a component that gets a value before its tab was opened, but not its template.
    """
    return f'<span hidden data-labels="{html.escape(json.dumps(labels))}"></span>'


def chips_markup(title: str, tags: Sequence[tuple[str, float | None]]) -> str:
    """Return names beside a title, each with its score, 0 to 1, as a percentage and a bar; None where it is not known."""
    chips = "".join(_chip(name, score) for name, score in tags)
    return f'<div class="chips"><h2>{title}</h2><ul>{chips}</ul></div>'


def _chip(name: str, score: float | None) -> str:
    level = min(1.0, score or 0.0)
    sure = f" <span>{percent(score)}</span>" if score is not None else ""
    return f'<li style="--level:{level:.2f}">{html.escape(name)}{sure}</li>'
