"""The transcript on the page: words that seek and follow the sound, shaded by confidence, and lines to correct in place."""

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
from pipelines.wording.certainty import MIN_CERTAIN, MIN_PROBABLE

TEMPLATE = '<p class="empty"></p><ol class="segments" aria-label="Transcript"></ol><p class="partial" dir="auto"></p>'
MAX_LINE_CHARACTERS = 10_000
"""Maximum length of a corrected line."""


def build_transcript(message: str) -> gr.HTML:
    """Build the component, which shows `message` while there is no text."""
    return gr.HTML(
        value=TranscriptFeed().value(message),
        elem_id="transcript",
        html_template=TEMPLATE,
        js_on_load=page_script("transcription/transcript"),
        apply_default_css=False,
    )


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

    def value(self, message: str = "", partial: str = "") -> Value:
        """Return the component's value.

        Args:
            message: shown while there are no lines.
            partial: text of the line that is being spoken.
        """
        return {
            "feed": self._id,
            "made": self._made,
            "lines": self._lines,
            "message": message,
            "partial": partial,
            "marked": [MIN_PROBABLE, MIN_CERTAIN],
        }


def line_of(event: gr.EventData, segments: Sequence[Segment]) -> int:
    """Return the index of the line that the page names by its index and its start; the page may send anything.

    Lines before it may have been added or removed since: then the start decides.
    """
    index, start = event_field(event, "index"), event_field(event, "start")
    starts = [segment.start for segment in segments]
    if type(index) is int and 0 <= index < len(starts) and starts[index] == start:
        return index
    if start not in starts:
        raise InvalidOption("line", index, f"one of the {len(starts)} on the page")
    return starts.index(start)


def text_of(event: gr.EventData) -> str:
    """Return the corrected text of a line, in one line."""
    text = event_field(event, "text")
    if not isinstance(text, str) or len(text) > MAX_LINE_CHARACTERS:
        raise InvalidOption("text", str(text)[:20], f"up to {MAX_LINE_CHARACTERS} characters")
    return " ".join(text.split())
