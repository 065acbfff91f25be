"""The transcript on the page: words that seek and follow the sound, shaded by confidence, and lines to edit in place."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from uuid import uuid4

import gradio as gr

from components.page.page_script import page_script
from components.timeline.timeline import Value
from components.transcription.labels import TranscriptLabels, as_props
from pipelines.speech.edits.versions import TranscriptVersions
from pipelines.speech.transcript import Segment
from pipelines.wording.certainty import MIN_CERTAIN, MIN_PROBABLE

MAX_LINE_CHARACTERS = 10_000
"""Maximum length of an edited line."""
RUNNING: Value = {"running": True, "undo": False, "redo": False, "asks": False, "versions": [], "shown": ""}
"""What can be done with the lines of a run that goes on."""
UNDO_ICON, REDO_ICON = (
    f'<svg viewBox="0 0 16 16" aria-hidden="true"><path d="{path}"/></svg>'
    for path in ("M6 3 2.5 6.5 6 10M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6", "M10 3l3.5 3.5L10 10M13 6.5H6.5a3.5 3.5 0 0 0 0 7H10")
)


def build_transcript(message: str) -> gr.HTML:
    """Build the component, which shows `message` while there is no text; its events are `edited` and `again`."""
    labels = TranscriptLabels()
    return gr.HTML(
        value=TranscriptFeed().value(message),
        elem_id="transcript",
        html_template=_template(labels),
        js_on_load=page_script("transcription/js/transcript"),
        apply_default_css=False,
        labels=as_props(labels),
    )


def _template(labels: TranscriptLabels) -> str:
    return f"""
<div class="transcript-tools unused" role="group" aria-label="{labels.tools}">
  <button type="button" class="undo" title="{labels.undo} (Ctrl+Z)" aria-label="{labels.undo}" disabled>{UNDO_ICON}</button>
  <button type="button" class="redo" title="{labels.redo} (Ctrl+Shift+Z)" aria-label="{labels.redo}" disabled>{REDO_ICON}</button>
  <span class="transcript-search" role="search">
    <input type="search" placeholder="{labels.search}" aria-label="{labels.search}"><span class="count" role="status"></span>
    <button type="button" title="{labels.previous}" aria-label="{labels.previous}" disabled>↑</button>
    <button type="button" title="{labels.following}" aria-label="{labels.following}" disabled>↓</button>
  </span>
  <button type="button" data-panel="replace" aria-expanded="false">{labels.replace}</button>
  <button type="button" data-panel="shift" aria-expanded="false">{labels.shift}</button>
  <button type="button" class="copy">{labels.copy}</button>
  <button type="button" class="copy">{labels.copy_with_times}</button>
  <label class="versions" hidden>{labels.version} <select></select></label>
</div>
<form class="transcript-panel" data-panel="replace" hidden>
  <input name="text" placeholder="{labels.replacement}" aria-label="{labels.replacement}" autocomplete="off">
  <button>{labels.replace_all}</button>
</form>
<form class="transcript-panel" data-panel="shift" hidden>
  <label>{labels.shift_seconds} <input name="seconds" type="number" step="any" value="0.5" required></label>
  <button>{labels.shift_all}</button>
</form>
<p class="empty"></p><ol class="segments" aria-label="{labels.name}"></ol><p class="partial" dir="auto"></p>
<dialog class="transcript-ask" aria-label="{labels.yes}"><form method="dialog">
  <p>{labels.ask}</p>
  <button value="no" autofocus>{labels.no}</button><button value="yes" class="primary">{labels.yes}</button>
</form></dialog>
"""


class TranscriptFeed:
    """The lines of one run: they are only appended to, so that only new ones travel to the page."""

    def __init__(self, segments: tuple[Segment, ...] = ()) -> None:
        self._id = uuid4().hex
        self._made = time.monotonic_ns() // 1000  # microseconds fit into a number of JavaScript
        self._lines = ""
        self.extend(segments)

    def extend(self, segments: tuple[Segment, ...]) -> None:
        """Append lines of speech."""
        self._lines += "".join(json.dumps(asdict(segment), ensure_ascii=False) + "\n" for segment in segments)

    def remark(self, start: float, end: float, text: str) -> None:
        """Append a remark about a segment without speech."""
        line = {"start": start, "end": end, "text": text, "words": [], "note": True}
        self._lines += json.dumps(line, ensure_ascii=False) + "\n"

    def value(self, message: str = "", partial: str = "", edits: Value = RUNNING) -> Value:
        """Return the component's value.

        Args:
            message: shown while there are no lines.
            partial: text of the line that is being spoken.
            edits: what can be done with the lines; see `edits_value`.
        """
        return {
            "feed": self._id,
            "made": self._made,
            "lines": self._lines,
            "message": message,
            "partial": partial,
            "edits": edits,
            "marked": [MIN_PROBABLE, MIN_CERTAIN],
        }


def edits_value(versions: TranscriptVersions) -> Value:
    """Return what can be done with the version on the page, and which others there are."""
    shown = versions.shown
    each = [
        {"id": version.id, "made": version.made, "model": version.transcription.model, "edits": len(version.done)}
        for version in versions.versions
    ]
    is_stopped = shown is not None and shown.transcription.state == "stopped"  # a new run goes on after its lines
    return {
        "running": False,
        "undo": bool(shown and shown.done),
        "redo": bool(shown and shown.undone),
        "asks": bool(shown and shown.done) and not is_stopped,
        "versions": each,
        "shown": versions.shown_id,
    }
