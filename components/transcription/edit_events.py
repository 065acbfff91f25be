"""What the page asks for when a person edits the transcript: {kind, …}; the page may send anything."""

from __future__ import annotations

import math
from collections.abc import Sequence

import gradio as gr

from components.timeline.timeline import event_field
from components.transcription.transcript import MAX_LINE_CHARACTERS
from models.errors import InvalidOption
from pipelines.speech.edits.lines import (
    Lines,
    with_correction,
    with_lines,
    with_merger,
    with_move,
    with_replacement,
    with_speaker_name,
    with_split,
)
from pipelines.speech.edits.versions import TranscriptVersion, TranscriptVersions
from pipelines.speech.transcript import Segment

KINDS = ("correct", "split", "merge", "replace", "shift", "speaker", "undo", "redo", "version")


def edited_versions(
    known: TranscriptVersions, shown: TranscriptVersion, event: gr.EventData, duration: float
) -> TranscriptVersions:
    """Return a person's versions after an edit.

    Args:
        known: those that are stored.
        shown: the version on the page, perhaps as it was before edits that are stored.
        event: what the person asked for.
        duration: of the clip in seconds.

    Raises:
        InvalidOption: there is no such line, or a value is none that the edit takes.
    """
    before = known.latest(shown)
    versions = known.with_version(before)
    match event_field(event, "kind"):
        case "version":
            return versions.showing(str(event_field(event, "id")))
        case "undo":
            return versions.with_version(before.undo())
        case "redo":
            return versions.with_version(before.redo())
        case _:
            return versions.with_version(before.with_items(_edited_lines(before.items, event, duration)))


def with_line_again(known: TranscriptVersions, shown: TranscriptVersion, line: Segment, again: Lines) -> TranscriptVersions:
    """Return a person's versions with a line that was decoded again; one that was edited meanwhile stays."""
    before = known.latest(shown)
    lines = before.items
    return known.with_version(before.with_items(with_lines(lines, lines.index(line), again)) if line in lines else before)


def _edited_lines(lines: Lines, event: gr.EventData, duration: float) -> Lines:
    match event_field(event, "kind"):
        case "correct":
            return with_correction(lines, line_of(event, lines), text_of(event))
        case "merge":
            return with_merger(lines, line_of(event, lines), text_of(event))
        case "split":
            return with_split(lines, line_of(event, lines), text_of(event, "before"), text_of(event, "after"))
        case "replace" if search := text_of(event, "search"):
            return with_replacement(lines, search, text_of(event))
        case "speaker" if name := text_of(event, "name"):
            return with_speaker_name(lines, line_of(event, lines), name, event_field(event, "everywhere") is True)
        case "shift":
            return with_move(lines, _seconds_of(event), duration)
        case kind:
            raise InvalidOption("edit", kind, ", ".join(KINDS))


def line_of(event: gr.EventData, segments: Sequence[Segment]) -> int:
    """Return the index of the line that the page names by its index and its start.

    Lines before it may have been added or removed since: then the start decides.

    Raises:
        InvalidOption: no line begins then.
    """
    index, start = event_field(event, "index"), event_field(event, "start")
    starts = [segment.start for segment in segments]
    if type(index) is int and 0 <= index < len(starts) and starts[index] == start:
        return index
    if start not in starts:
        raise InvalidOption("line", index, f"one of the {len(starts)} on the page")
    return starts.index(start)


def text_of(event: gr.EventData, field: str = "text") -> str:
    """Return a text that a person wrote, in one line.

    Raises:
        InvalidOption: it is no text, or too long.
    """
    text = event_field(event, field)
    if not isinstance(text, str) or len(text) > MAX_LINE_CHARACTERS:
        raise InvalidOption(field, str(text)[:20], f"up to {MAX_LINE_CHARACTERS} characters")
    return " ".join(text.split())


def _seconds_of(event: gr.EventData) -> float:
    seconds: object = event_field(event, "seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise InvalidOption("shift", seconds, "a number of seconds")
    return float(seconds)
