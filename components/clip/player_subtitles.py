"""Subtitles on the player: the lines that belong to the playhead."""

from __future__ import annotations

import gradio as gr

from components.page.page_script import page_script
from pipelines.subtitles.cues import Cue

PlayerSubtitles = list[tuple[float, float, str]]
"""(start, end, text), times in seconds, lines of a cue with a line feed between them."""


def build_player_subtitles() -> gr.HTML:
    """Build the component, with no subtitles; the timeline shows them."""
    return gr.HTML(
        value=[],
        elem_id="captions",
        html_template="<span hidden></span>",
        js_on_load=page_script("clip/player_subtitles"),
        apply_default_css=False,
    )


def player_subtitles_value(cues: tuple[Cue, ...]) -> PlayerSubtitles:
    """Return the component's value for these cues."""
    return [(cue.start_ms / 1000, cue.end_ms / 1000, "\n".join(cue.labelled_lines)) for cue in cues]
