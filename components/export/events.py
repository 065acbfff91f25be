"""What the Export menu of the clip bar does: a file of what the page shows is written, and the browser stores it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import gradio as gr

from components.clip.clip_input import ClipInput, bar_value
from components.page.downloads import new_files_folder
from components.page.events import QUIET_EACH
from components.page.user_errors import sentence_for
from components.timeline.timeline import Value, event_field
from pipelines import APP_VERSION
from pipelines.annotations.export import export_results
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.description.description import ClipDescription
from pipelines.description.findings import ClipFindings
from pipelines.speech.transcript import Transcription

PARALLEL_EXPORTS = 2
"""Files that are written at once, for all people together."""


def add_export_events(clip: ClipInput) -> None:
    """Answer the menu's entries."""
    measured = [clip.state, clip.description, clip.transcription]
    clip.bar.exported(_exported, inputs=measured, outputs=clip.bar, concurrency_limit=PARALLEL_EXPORTS, **QUIET_EACH)


def _exported(
    clip: AudioClip | None, description: ClipDescription | None, transcription: Transcription | None, event: gr.EventData
) -> Value:
    """Write a file to the clip's folder, with which it is deleted, and return its address for the page."""
    try:
        if clip is None:
            raise NoClip
        findings = description.findings if description else ClipFindings(clip.duration, None, None, None)
        shown = replace(findings, speech=transcription or findings.speech)
        path = export_results(clip, shown, str(event_field(event, "format")), new_files_folder(clip), APP_VERSION)
        return bar_value("", file={"url": "gradio_api/file=" + quote(str(path)), "name": path.name})
    except Exception as error:
        return bar_value(sentence_for(error), "error")
