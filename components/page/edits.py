"""Markup and values of what every result that a person edits has: undo, redo, versions, and a question before a new run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.edits.versions import Version, Versions

UNDO_ICON, REDO_ICON = (
    f'<svg viewBox="0 0 16 16" aria-hidden="true"><path d="{path}"/></svg>'
    for path in ("M6 3 2.5 6.5 6 10M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6", "M10 3l3.5 3.5L10 10M13 6.5H6.5a3.5 3.5 0 0 0 0 7H10")
)
RUNNING: dict[str, Any] = {"running": True, "undo": False, "redo": False, "asks": False, "versions": [], "shown": ""}
"""What can be done with the result of a run that goes on."""


@dataclass(frozen=True)
class EditLabels:
    """Texts of the tools; braces hold what the script puts in."""

    ask: str
    """Question before a run that takes the place of edits on the page."""
    yes: str
    no: str = "Keep editing"
    undo: str = "Undo"
    redo: str = "Redo"
    version: str = "Version"
    edits: str = "{count} edits"
    one_edit: str = "1 edit"


def undo_markup(labels: EditLabels) -> str:
    """Return the buttons Undo and Redo."""
    return (
        f'<button type="button" class="undo" title="{labels.undo} (Ctrl+Z)" aria-label="{labels.undo}" disabled>{UNDO_ICON}'
        f'</button><button type="button" class="redo" title="{labels.redo} (Ctrl+Shift+Z)" aria-label="{labels.redo}" disabled>'
        f"{REDO_ICON}</button>"
    )


def versions_markup(labels: EditLabels) -> str:
    """Return the choice of a version, hidden."""
    return f'<label class="versions" hidden>{labels.version} <select></select></label>'


def ask_markup(labels: EditLabels) -> str:
    """Return the dialog that asks before a new run, closed."""
    return (
        f'<dialog class="edit-ask" aria-label="{labels.yes}"><form method="dialog"><p>{labels.ask}</p>'
        f'<button value="no" autofocus>{labels.no}</button><button value="yes" class="primary">{labels.yes}</button>'
        "</form></dialog>"
    )


def edits_value(versions: Versions[Any], model_of: Callable[[Any], str], continues: bool = False) -> dict[str, Any]:
    """Return what can be done with the version on the page, and which others there are.

    Args:
        versions: those of the person.
        model_of: returns the name of the model that made a version.
        continues: whether a new run goes on after what is on the page, so that it takes the place of no edit.
    """
    shown: Version[Any] | None = versions.shown
    each = [
        {"id": version.id, "made": version.made, "model": model_of(version), "edits": len(version.done)}
        for version in versions.versions
    ]
    return {
        "running": False,
        "undo": bool(shown and shown.done),
        "redo": bool(shown and shown.undone),
        "asks": bool(shown and shown.done) and not continues,
        "versions": each,
        "shown": versions.shown_id,
    }
