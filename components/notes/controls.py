"""Options of the transcription of notes."""

from __future__ import annotations

from typing import Any

import gradio as gr

from components.notes import labels
from pipelines.music.harmony.notation import SHARPS
from pipelines.notes.notes import HIGHEST_PITCH, LOWEST_PITCH, NoteOptions


def build_advanced_controls() -> list[gr.components.Component]:
    """Build the controls, folded away, in the order in which `options_of` reads their values."""
    usual = NoteOptions()
    pitches = [(f"{SHARPS[pitch % 12]}{pitch // 12 - 1}", pitch) for pitch in range(LOWEST_PITCH, HIGHEST_PITCH + 1)]
    with gr.Accordion(labels.ADVANCED, open=False), gr.Row(elem_classes="notes-options"):
        mode = gr.Dropdown(labels.MODES, value=usual.mode, label=labels.MODE, min_width=160)
        onset = gr.Slider(0.05, 0.95, value=usual.onset_threshold, step=0.05, label=labels.ONSET_THRESHOLD, min_width=160)
        frame = gr.Slider(0.05, 0.95, value=usual.frame_threshold, step=0.05, label=labels.FRAME_THRESHOLD, min_width=160)
        shortest = gr.Slider(0, 500, value=1000 * usual.min_note_seconds, step=10, label=labels.MIN_SECONDS, min_width=160)
        lowest = gr.Dropdown(pitches, value=usual.lowest_pitch, label=labels.LOWEST, min_width=160)
        highest = gr.Dropdown(pitches, value=usual.highest_pitch, label=labels.HIGHEST, min_width=160)
        bends = gr.Checkbox(usual.pitch_bends, label=labels.PITCH_BENDS, min_width=160)
        drums = gr.Checkbox(usual.drums, label=labels.DRUMS, info=labels.DRUMS_HINT, min_width=160)
    return [mode, onset, frame, shortest, lowest, highest, bends, drums]


def options_of(values: tuple[Any, ...]) -> NoteOptions:
    """Return the options for the values of the controls."""
    mode, onset, frame, shortest, lowest, highest, bends, drums = values
    return NoteOptions(
        mode, float(onset), float(frame), float(shortest) / 1000, int(lowest), int(highest), bool(bends), bool(drums)
    )
