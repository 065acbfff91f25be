"""The section Notes: transcription, the piano roll with its edits, and files."""

from __future__ import annotations

from collections.abc import Iterator
from operator import methodcaller
from typing import Any
from urllib.parse import quote

import gradio as gr

from components.clip.clip_input import ClipInput
from components.notes import labels
from components.notes.api import add_notes_endpoint
from components.notes.controls import build_advanced_controls, options_of
from components.notes.edit_events import edited_notes, sequence_of
from components.notes.roll import build_roll, no_roll_value
from components.notes.updates import NO_UPDATE, NoteUpdates, Update, whole
from components.page.downloads import new_files_folder
from components.page.events import QUIET_EACH
from components.page.jobs.live_jobs import reported
from components.page.markup import failure_markup
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.timeline.timeline import Value, event_field
from pipelines.bundle.contents import BundleContents
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.clip.errors import NoClip
from pipelines.description.description import ClipDescription
from pipelines.edits.versions import Versions
from pipelines.notes.export import engraved, export_notes
from pipelines.notes.in_bars import notes_in_bars
from pipelines.notes.notes import NoteOptions, NoteTranscription
from pipelines.notes.versions import NoteVersion, new_note_version, note_versions
from services import Services

PARALLEL_EXPORTS = 2
"""Files that are written at once, for all people together."""


def build_notes_panel(services: Services, clip: ClipInput) -> None:
    """Build the section and connect its events."""
    result = gr.State(None)
    with gr.Column(elem_id="notes", elem_classes="card", min_width=0):
        gr.HTML(f"<h2>{labels.TITLE}</h2>", apply_default_css=False)
        with gr.Row(elem_classes="actions"):
            run = gr.Button(labels.TRANSCRIBE, min_width=0, elem_id="transcribe-notes")
            stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-notes")
        controls = build_advanced_controls()
        roll = build_roll(labels.EMPTY)
        summary = gr.HTML("", elem_id="notes-summary", apply_default_css=False)
    job = TabJob(services, "notes", [run, stop], panes=clip.panes)
    work = _NotesWork(services, job)
    shown = [roll, summary, clip.timeline, result]
    edited = [clip.state, clip.person, result]
    job.keep([roll, summary, result], work.otherwise, [clip.person], first=work.edited)
    job.run_when_wanted("notes", result)
    clip.bundled.add([result], _collected, shown, work.restored)
    job.on(run.click, clip.state, work.run, [clip.state, clip.person, clip.description, *controls], shown)
    roll.edited(work.edit, inputs=edited, outputs=shown, **QUIET_EACH)
    files: dict[str, Any] = {"inputs": edited, "outputs": roll, "concurrency_limit": PARALLEL_EXPORTS, **QUIET_EACH}
    roll.exported(work.export, **files)
    roll.engraved(work.engrave, **files)
    add_notes_endpoint(services)


class _NotesWork:
    """The handlers of the section's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job
        self._versions = note_versions(services.kept)

    def run(
        self, clip: AudioClip | None, editor: str, description: ClipDescription | None, request: gr.Request, *controls: Any
    ) -> Iterator[Update]:
        """Stream the notes into the page; a version with edits stays beside them.

        `editor` stands for the person whose edits they are.
        """
        should_stop, runtime = self._job.current(request), self._services.runtime
        try:
            if clip is None:
                raise NoClip
            options, updates = options_of(controls), NoteUpdates(clip)
            known = self._versions.find(clip, editor)
            facts = description.facts if description and description.state == "done" else None
            for now in reported(notes_in_bars(clip, options, runtime, should_stop, facts), lambda now: now.position):
                version = new_note_version(now, options)
                is_over = now.state in ("done", "stopped")
                if is_over and known.versions:
                    known = self._versions.change(clip, editor, methodcaller("with_version", version))
                yield updates.of(now, (known if known.versions else only(version)) if is_over else None)
        except Exception as error:
            yield self._before(clip, editor), failure_markup(sentence_for(error)), gr.skip(), gr.skip()

    def _before(self, clip: AudioClip | None, person: str) -> Value:
        """Return the roll without the run that failed."""
        versions = self._versions.find(clip, person) if clip else None
        if clip and versions and versions.shown:
            roll: Value = whole(clip, versions)[0]
            return roll
        return no_roll_value(labels.READY if clip else labels.EMPTY)

    def edited(self, clip: AudioClip | None, request: gr.Request, person: str) -> Update | None:
        """Return the edited notes of a new clip, if there are some."""
        versions = self._versions.find(clip, person) if clip else None
        return _timeline_last(whole(clip, versions)) if clip and versions and versions.shown else None

    def otherwise(self, clip: AudioClip | None, request: gr.Request, person: str) -> Update:
        """Return what stands there for a clip whose notes this person has not transcribed."""
        return no_roll_value(labels.READY if clip else labels.EMPTY), "", None, gr.skip()

    def restored(self, clip: AudioClip, contents: BundleContents, person: str) -> Update | None:
        """Return what transcribing notes would have written at its end; edited versions of this person stay beside it."""
        if contents.notes is None:
            return None
        version = new_note_version(contents.notes, NoteOptions())
        update = whole(clip, only(version))
        if self._versions.find(clip, person).versions:
            return whole(clip, self._versions.change(clip, person, methodcaller("with_version", version)))
        return update

    def edit(self, clip: AudioClip | None, person: str, shown: NoteVersion | None, event: gr.EventData) -> Update:
        """Edit notes, go back over edits, or show another version; it is stored at once."""
        if clip is None or shown is None:
            return NO_UPDATE
        try:
            versions = self._versions.change(clip, person, lambda known: edited_notes(known, shown, event))
        except Exception as error:
            stored = self._versions.find(clip, person)
            roll, *_ = whole(clip, stored if stored.shown else only(shown))
            return {**roll, "error": sentence_for(error)}, gr.skip(), gr.skip(), gr.skip()
        return whole(clip, versions, sequence_of(event))

    def export(self, clip: AudioClip | None, person: str, shown: NoteVersion | None, event: gr.EventData) -> Value:
        """Write a file of the notes to the clip's folder, with which it is deleted, and return its address for the page."""
        try:
            if clip is None or shown is None:
                raise NoClip
            note_format = str(event_field(event, "format"))
            path = export_notes(self._latest(clip, person, shown), note_format, new_files_folder(clip), safe_stem(clip.name))
            return {"file": {"url": "gradio_api/file=" + quote(str(path)), "name": path.name}}
        except Exception as error:
            return {"failed": sentence_for(error)}

    def engrave(self, clip: AudioClip | None, person: str, shown: NoteVersion | None) -> Value:
        """Return the pages of the score, each an SVG document."""
        try:
            if clip is None or shown is None:
                raise NoClip
            return {"pages": list(engraved(self._latest(clip, person, shown), safe_stem(clip.name)))}
        except Exception as error:
            return {"failed": sentence_for(error)}

    def _latest(self, clip: AudioClip, person: str, shown: NoteVersion) -> NoteTranscription:
        """Return the notes of a version with edits that the page has not got back yet."""
        return self._versions.find(clip, person).latest(shown).transcription


def only(version: NoteVersion) -> Versions[NoteVersion]:
    """Return the versions of notes that were not edited."""
    return Versions((version,), version.id)


def _timeline_last(update: Update) -> Update:
    roll, summary, timeline, result = update
    return roll, summary, result, timeline


def _collected(clip: AudioClip, version: NoteVersion | None) -> dict[str, Any]:
    return {"notes": version.transcription if version else None}
