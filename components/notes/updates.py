"""The updates of the page about the notes of one clip: the roll, the summary, and tracks on the timeline."""

from __future__ import annotations

import html
from collections import Counter
from typing import Any

import gradio as gr

from components.notes import labels
from components.notes.roll import no_roll_value, pitch_names, roll_value
from components.page.edits import edits_value
from components.page.jobs.waiting import loading_words
from components.page.markup import fold_markup
from components.timeline.items import NoteItem
from components.timeline.timeline import TimelineFeed, Value
from components.timeline.tracks import NoteTrack
from pipelines.clip.clip import AudioClip
from pipelines.notes.notes import MAX_VELOCITY, Note, NoteTranscription
from pipelines.notes.versions import NoteVersions

Update = tuple[Any, ...]
"""(roll, summary, timeline, result)."""
NO_UPDATE: Update = (gr.skip(),) * 4


class NoteUpdates:
    """Turns the snapshots of one run into updates; what did not change is not sent again."""

    def __init__(self, clip: AudioClip) -> None:
        self._clip = clip
        self._shown: tuple[Note, ...] | None = None

    def of(self, now: NoteTranscription, versions: NoteVersions | None = None) -> Update:
        """Return the update for a snapshot; with the versions whose shown one it is, where the run is over."""
        is_new, self._shown = now.notes != self._shown, now.notes
        if versions is not None:
            return whole(self._clip, versions)
        timeline = timeline_value(self._clip, now) if is_new and now.notes else gr.skip()
        roll = running_roll(self._clip, now) if is_new else gr.skip()
        return roll, notes_summary(now), timeline, gr.skip()


def whole(clip: AudioClip, versions: NoteVersions, sequence: int | None = None) -> Update:
    """Return the update for the shown one of a clip's versions; see `roll_value`."""
    shown = versions.shown
    assert shown
    now = shown.transcription
    edits = edits_value(versions, lambda version: version.transcription.model)
    message = now.no_notes_reason or (labels.STOPPED if now.state == "stopped" else labels.ALL_DELETED)
    roll = {**roll_value(clip.content_hash, now, edits, sequence), "message": message}
    return roll, notes_summary(now), timeline_value(clip, now), shown


def running_roll(clip: AudioClip, now: NoteTranscription) -> Value:
    """Return the roll of a run that goes on."""
    if now.notes:
        return roll_value(clip.content_hash, now)
    return no_roll_value(loading_words(labels.LOADING) if now.state == "loading" else labels.RUNNING)


def timeline_value(clip: AudioClip, now: NoteTranscription) -> Value:
    """Return the timeline's tracks of notes: those of pitches and, where drums play, their hits."""
    timeline = TimelineFeed(clip.content_hash, "music")
    drums = {part.name for part in now.parts if part.is_drums}
    pitched = tuple(_item(note) for note in now.notes if note.part not in drums)
    timeline.put(NoteTrack(id="notes", name=labels.TITLE, colour="blue", pitch_names=pitch_names(now), items=pitched))
    if drums:
        hits = tuple(_item(note) for note in now.notes if note.part in drums)
        timeline.put(NoteTrack(id="drums", name=labels.DRUMS, colour="orange", items=hits))
    else:
        timeline.remove("drums")
    return timeline.value()


def _item(note: Note) -> NoteItem:
    return NoteItem(note.onset, note.offset, note.pitch, note.velocity / MAX_VELOCITY)


def notes_summary(now: NoteTranscription) -> str:
    """Return one line with the number of notes, models, progress and time; device and licences are folded away below it."""
    facts = []
    if now.notes or (now.state == "done" and not now.no_notes_reason):
        count = len(now.notes)
        facts.append(labels.ONE_NOTE if count == 1 else labels.NOTE_COUNT.format(count=count))
    counts = Counter(note.part for note in now.notes)
    for part in now.parts if len(now.parts) > 1 or any(part.is_drums for part in now.parts) else ():
        wording = labels.DRUMS_COUNT if part.is_drums else labels.PART_COUNT
        facts.append(wording.format(part=part.name, count=counts[part.name]))
    facts.append(now.model)
    facts.append(f"{now.duration:.1f} s of audio in {now.elapsed:.1f} s" if now.state == "done" else f"{now.elapsed:.1f} s")
    running = now.state in ("loading", "analysing")
    bar = f'<progress max="1" value="{now.position:.3f}" aria-label="Progress"></progress>' if running else ""
    why = fold_markup(labels.LICENCES, now.licence, f"{now.dtype} on {now.device}")
    return f'{bar}<p class="summary" data-state="{now.state}">{html.escape(" · ".join(facts))}</p>{why}'
