"""The transcript as people read it: words that seek and follow the sound, shaded by confidence, lines to correct in place."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from uuid import uuid4

import gradio as gr

from components.page.page_script import page_script
from components.timeline.timeline import Value, event_field
from models.errors import InvalidOption
from pipelines.speech.transcript import Segment

TEMPLATE = '<p class="empty"></p><ol class="segments" aria-label="Transcript"></ol><p class="partial" dir="auto"></p>'
LONGEST_LINE = 10_000
"""Characters that a corrected line may have."""


def build_transcript(message: str) -> gr.HTML:
    """The component, showing `message` while there is no text."""
    return gr.HTML(
        value=TranscriptFeed().value(message),
        elem_id="transcript",
        html_template=TEMPLATE,
        js_on_load=page_script("transcription/transcript"),
        apply_default_css=False,
    )


class TranscriptFeed:
    """What one run shows: lines that are only ever appended to, so that no more than the new ones travel to the page."""

    def __init__(self, segments: tuple[Segment, ...] = ()) -> None:
        self._id = uuid4().hex
        self._made = time.monotonic_ns() // 1000  # microseconds fit into a number of JavaScript
        self._lines = ""
        self.extend(segments)

    def extend(self, segments: tuple[Segment, ...]) -> None:
        """Append lines of speech."""
        self._lines += "".join(json.dumps(asdict(segment), ensure_ascii=False) + "\n" for segment in segments)

    def remark(self, start: float, end: float, text: str) -> None:
        """Append a line that says something about a stretch instead of what was spoken in it."""
        line = {"start": start, "end": end, "text": text, "words": [], "note": True}
        self._lines += json.dumps(line, ensure_ascii=False) + "\n"

    def value(self, message: str = "", partial: str = "") -> Value:
        """The component's value; `message` stands where the lines would be as long as there is none.

        `partial` is what the line to come seems to be.
        """
        return {"feed": self._id, "made": self._made, "lines": self._lines, "message": message, "partial": partial}


def line_of(event: gr.EventData, segments: Sequence[Segment]) -> int:
    """The line that the page names by its number and its start; the page may name anything.

    Lines before it may have come or gone since the page was asked: then the start tells.
    """
    index, start = event_field(event, "index"), event_field(event, "start")
    starts = [segment.start for segment in segments]
    if type(index) is int and 0 <= index < len(starts) and starts[index] == start:
        return index
    if start not in starts:
        raise InvalidOption("line", index, f"one of the {len(starts)} on the page")
    return starts.index(start)


def text_of(event: gr.EventData) -> str:
    """The corrected text of a line, in one line."""
    text = event_field(event, "text")
    if not isinstance(text, str) or len(text) > LONGEST_LINE:
        raise InvalidOption("text", str(text)[:20], f"up to {LONGEST_LINE} characters")
    return " ".join(text.split())
