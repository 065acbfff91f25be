"""The list of keys, a dialog that `?` opens."""

from __future__ import annotations

KEYS: dict[str, dict[str, str]] = {
    "Page": {
        "1 – 5": "Open a tab",
        "Ctrl Enter": "Press the tab's main button",
        "?": "Show this list",
    },
    "Edits of a transcript": {
        "Ctrl Z": "Undo",
        "Ctrl Shift Z": "Redo",
    },
    "Transcript": {
        "← →": "In its words: go to the word before or after",
        "↑ ↓": "Go to the line before or after",
        "Enter": "Play from the word",
    },
    "Player": {
        "Space": "Play or pause",
        "← →": "Step; with Shift ten times as far",
        "Home End": "Go to the start or the end",
        "+ −": "Zoom",
        "L": "Loop the selected item, or what is in view",
        "Esc": "End the loop",
        "↑ ↓": "In the player: go to the item before or after",
    },
    "Piano roll": {
        ", .": "Select the note before or after, and play it",
        "← → ↑ ↓": "Move the selected notes; with Shift further",
        "Alt ← →": "Shorter or longer",
        "Alt ↑ ↓": "Louder or softer",
        "Delete": "Delete the selected notes",
        "N": "New note at the playhead",
        "D": "Draw with the mouse",
        "Drag": "Move to the grid of Quantise; with Alt anywhere",
        "Ctrl A": "Select all notes",
        "Ctrl Z": "Undo; with Shift redo",
    },
    "Embedding map": {
        "← → ↑ ↓": "Move, or turn in 3D",
        "+ −": "Zoom",
        "Shift ← →": "Go to the frame before or after",
        "Page ↑ ↓": "Go ten frames on or back",
        "Enter": "Play from the frame",
        "Esc": "End the selection",
    },
}
"""What keys do, by the part of the page where they do it."""


def keys_markup() -> str:
    """Return the dialog, closed."""
    sections = "".join(f"<section><h3>{part}</h3><dl>{_rows(keys)}</dl></section>" for part, keys in KEYS.items())
    return (
        '<dialog class="keys" aria-labelledby="keys-title"><div><header><h2 id="keys-title">Keys</h2>'
        f'<button type="button" class="keys-close">Close</button></header>{sections}</div></dialog>'
    )


def _rows(keys: dict[str, str]) -> str:
    return "".join(f"<div><dt>{_caps(key)}</dt><dd>{action}</dd></div>" for key, action in keys.items())


def _caps(key: str) -> str:
    """Return the keys of one row, each as a cap."""
    return " ".join(cap if cap == "–" else f"<kbd>{cap}</kbd>" for cap in key.split(" "))
