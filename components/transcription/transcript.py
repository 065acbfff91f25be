"""The transcript on the page: words that seek and follow the sound, shaded by confidence, and lines to edit in place."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from uuid import uuid4

import gradio as gr

from components.page.edits import RUNNING, ask_markup, edits_value, undo_markup, versions_markup
from components.page.markup import labels_markup
from components.page.page_script import page_script
from components.timeline.timeline import Value
from components.transcription.labels import TranscriptLabels, as_texts
from pipelines.speech.edits.versions import TranscriptVersions
from pipelines.speech.transcript import Segment
from pipelines.wording.certainty import MIN_CERTAIN, MIN_PROBABLE

MAX_LINE_CHARACTERS = 10_000
"""Maximum length of an edited line."""


def build_transcript(message: str) -> gr.HTML:
    """Build the component, which shows `message` while there is no text; its events are `edited` and `again`."""
    labels = TranscriptLabels()
    return gr.HTML(
        value=TranscriptFeed().value(message),
        elem_id="transcript",
        html_template=_template(labels) + labels_markup(as_texts(labels)),
        js_on_load=page_script("transcription/js/transcript"),
        apply_default_css=False,
    )


def _template(labels: TranscriptLabels) -> str:
    return f"""
<div class="edit-tools unused" role="group" aria-label="{labels.tools}">
  {undo_markup(labels)}
  <span class="transcript-search" role="search">
    <input type="search" placeholder="{labels.search}" aria-label="{labels.search}"><span class="count" role="status"></span>
    <button type="button" title="{labels.previous}" aria-label="{labels.previous}" disabled>↑</button>
    <button type="button" title="{labels.following}" aria-label="{labels.following}" disabled>↓</button>
  </span>
  <button type="button" data-panel="replace" aria-expanded="false">{labels.replace}</button>
  <button type="button" data-panel="shift" aria-expanded="false">{labels.shift}</button>
  <button type="button" class="copy">{labels.copy}</button>
  <button type="button" class="copy">{labels.copy_with_times}</button>
  {versions_markup(labels)}
</div>
<form class="edit-panel" data-panel="replace" hidden>
  <input name="text" placeholder="{labels.replacement}" aria-label="{labels.replacement}" autocomplete="off">
  <button>{labels.replace_all}</button>
</form>
<form class="edit-panel" data-panel="shift" hidden>
  <label>{labels.shift_seconds} <input name="seconds" type="number" step="any" value="0.5" required></label>
  <button>{labels.shift_all}</button>
</form>
<p class="empty"></p><ol class="segments" aria-label="{labels.name}"></ol><p class="partial" dir="auto"></p>
{ask_markup(labels)}
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
            edits: what can be done with the lines; see `transcript_edits_value`.
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


def transcript_edits_value(versions: TranscriptVersions) -> Value:
    """Return what can be done with the version on the page, and which others there are."""
    shown = versions.shown
    is_stopped = shown is not None and shown.transcription.state == "stopped"  # a new run goes on after its lines
    return edits_value(versions, lambda version: version.transcription.model, continues=is_stopped)
