"""The piano roll on the page: notes to edit in place, on the time axis of the player."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr

from components.notes.labels import FORMATS, GRIDS, USUAL_GRID, NotesLabels
from components.page.edits import RUNNING, ask_markup, undo_markup, versions_markup
from components.page.markup import labels_markup
from components.page.page_script import page_script
from components.timeline.items import TIME_DECIMALS
from components.timeline.timeline import Value
from pipelines.music.harmony.notation import spelling
from pipelines.notes.notes import DRUM_NAMES, Note, NoteTranscription
from pipelines.notes.tempo_map import tempo_map

PENCIL_ICON = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 13l.6-2.9L10.8 3l2.2 2.2-7.1 7.2zM9.4 4.4l2.2 2.2"/></svg>'


def build_roll(message: str) -> gr.HTML:
    """Build the component, which shows `message` while there are no notes; its events are `edited`, `exported` and `engraved`."""
    labels = NotesLabels()
    return gr.HTML(
        value=no_roll_value(message),
        elem_id="notes-roll",
        html_template=_template(labels) + labels_markup(asdict(labels)),
        js_on_load=page_script("notes/js/notes"),
        apply_default_css=False,
    )


def _template(labels: NotesLabels) -> str:
    grids = "".join(f'<option value="{grid}"{" selected" * (grid == USUAL_GRID)}>{name}</option>' for grid, name in GRIDS)
    formats = "".join(f'<button type="button" data-format="{key}">{name}</button>' for key, name in FORMATS)
    return f"""
<p class="empty"></p>
<section class="notes-roll unused" aria-label="{labels.notes}">
  <div class="edit-tools" role="group" aria-label="{labels.tools}">
    {undo_markup(labels)}
    <button type="button" class="draw" aria-pressed="false" title="{labels.draw_title}">{PENCIL_ICON}
      <span>{labels.draw}</span></button>
    <button type="button" class="delete" disabled>{labels.delete}</button>
    <button type="button" data-panel="quantise" aria-expanded="false">{labels.quantise}</button>
    <button type="button" data-panel="velocity" aria-expanded="false">{labels.velocity}</button>
    {versions_markup(labels)}
    <label class="balance"><span>{labels.clip}</span>
      <input type="range" min="0" max="100" step="5" value="0" aria-label="{labels.listen}"><span>{labels.notes}</span></label>
  </div>
  <form class="edit-panel" data-panel="quantise" hidden><fieldset>
    <label>{labels.grid} <select name="grid">{grids}</select></label>
    <label>{labels.strength} <input name="strength" type="range" min="0" max="100" step="5" value="100"></label>
    <button>{labels.apply}</button></fieldset>
  </form>
  <form class="edit-panel" data-panel="velocity" hidden>
    <label>{labels.velocity_factor} <input name="factor" type="range" min="20" max="180" step="5" value="100"></label>
  </form>
  <div class="roll-stage">
    <canvas class="roll-bars" aria-hidden="true"></canvas>
    <div class="roll-scroll" tabindex="0" role="application" aria-describedby="notes-hint">
      <canvas class="roll-notes" aria-hidden="true"></canvas></div>
    <canvas class="roll-velocities" title="{labels.velocities}" aria-hidden="true"></canvas>
    <div class="roll-head" hidden></div>
  </div>
  <p id="notes-hint" class="roll-hint">{labels.hint}</p>
  <div class="roll-foot"><p class="roll-chosen" role="status"></p>
    <div class="roll-downloads" role="group" aria-label="{labels.downloads}">{formats}
      <button type="button" class="score-button" aria-expanded="false">{labels.score}</button></div></div>
  <div class="roll-score" role="region" aria-label="{labels.score}" hidden>
    <button type="button" class="print">{labels.print}</button><div class="pages"></div></div>
  <p class="roll-live summary" role="status" hidden></p>
</section>
{ask_markup(labels)}
"""


def no_roll_value(message: str) -> Value:
    """Return the value that shows a message instead of notes."""
    nothing: Value = {"token": "", "duration": 0, "parts": [], "notes": [], "pedals": [], "beats": [], "pitch_names": None}
    return {**nothing, "message": message, "edits": RUNNING}


def roll_value(token: str, now: NoteTranscription, edits: Value = RUNNING, sequence: int | None = None) -> Value:
    """Return the value that shows notes.

    Args:
        token: stands for the clip.
        now: the notes, with the edits.
        edits: what can be done with them; see `components.page.edits.edits_value`.
        sequence: number of the page's edit that this answers; None for what is no answer.
    """
    value: Value = {
        "token": token,
        "duration": now.duration,
        "parts": [{"name": part.name, "drums": _drum_names() if part.is_drums else None} for part in now.parts],
        "notes": note_rows(now),
        "pedals": [list(pedal) for pedal in now.pedals],
        "beats": beat_rows(now),
        "pitch_names": pitch_names(now),
        "message": now.no_notes_reason,
        "edits": edits,
    }
    return value if sequence is None else {**value, "sequence": sequence}


def _drum_names() -> dict[str, str]:
    """Return the names of the drums by their pitches, which are text, as Gradio sends keys of no other type."""
    return {str(pitch): name for pitch, name in DRUM_NAMES.items()}


def pitch_names(now: NoteTranscription) -> tuple[str, ...] | None:
    """Return the names of the twelve pitch classes from C up, as the key spells them; None where it is not known."""
    return tuple(name.replace("#", "♯").replace("b", "♭") for name in spelling(*now.key)) if now.key else None


def beat_rows(now: NoteTranscription) -> list[list[float | None]]:
    """Return each beat as [seconds, number of the bar that it begins or None], numbered as in the score: a pickup is bar 0."""
    if now.beats is None:
        return []
    times = tempo_map(now.beats, now.duration)
    numbers = {beat: bar for bar, beat in enumerate(times.bar_starts, start=0 if times.has_pickup else 1)}
    return [[round(time, TIME_DECIMALS), numbers.get(beat)] for beat, time in enumerate(times.times)]


def note_rows(now: NoteTranscription) -> list[list[Any]]:
    """Return each note as [onset, offset, pitch, velocity, index of its part], and its pitch curve if it has one."""
    parts = {part.name: index for index, part in enumerate(now.parts)}
    return [_row(note, parts[note.part]) for note in now.notes]


def _row(note: Note, part: int) -> list[Any]:
    bend = [list(note.bend)] if note.bend else []
    return [note.onset, note.offset, note.pitch, note.velocity, part, *bend]
