"""The transcription tab: text with times as it is decoded, edits, decoding of single lines, and downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import gradio as gr

from components.clip.clip_input import ClipInput
from components.clip.player_subtitles import player_subtitles_value
from components.page.events import QUIET, QUIET_EACH, sharing
from components.page.gpu_estimate import build_gpu_estimate, connect_gpu_estimate
from components.page.jobs.live_jobs import reported
from components.page.markup import failure_markup
from components.page.model_choices import ModelChoices
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.transcription import labels
from components.transcription.api import add_transcription_endpoint
from components.transcription.controls import build_advanced_controls, build_main_controls, cue_options_of, options_of
from components.transcription.dictation import build_dictation_button, connect_dictation
from components.transcription.edit_events import edited_versions, line_of, with_line_again
from components.transcription.files import build_download_buttons, downloads_of, no_downloads
from components.transcription.queue_panel import build_transcription_queue
from components.transcription.transcript import TranscriptFeed, build_transcript
from components.transcription.updates import NO_UPDATE, TranscriptUpdates, Update, only, whole
from pipelines import APP_VERSION
from pipelines.bundle.contents import BundleContents
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.speech.edits.versions import TranscriptVersion, TranscriptVersions, new_version, transcript_versions
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import decode_line, find_stopped, find_stored, transcribe, transcription_gpu_seconds
from pipelines.subtitles.formats import Subtitles
from services import Services


def build_transcription_tab(services: Services, clip: ClipInput, model_choices: ModelChoices) -> None:
    """Build the controls on the left, the transcript on the right, and the endpoint `transcribe`."""
    result = gr.State(None)
    with gr.Row(elem_classes="columns"):
        with gr.Column(elem_classes="card controls", min_width=260, scale=0):
            main = build_main_controls(services.runtime.catalog, model_choices)
            with gr.Row(elem_classes="actions"):
                run = gr.Button(labels.TRANSCRIBE, variant="primary", min_width=0, elem_id="transcribe")
                stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-transcribing")
            estimate = build_gpu_estimate(services.runtime)
            dictate = build_dictation_button()
            controls = build_advanced_controls(main, services.runtime.catalog, model_choices)
        with gr.Column(elem_classes="card results", min_width=260):
            transcript = build_transcript(labels.EMPTY)
            summary = gr.HTML("", elem_id="transcript-summary", apply_default_css=False)
            with gr.Row(elem_classes="actions downloads"):
                downloads = build_download_buttons()
            build_transcription_queue(services, controls, clip.panes)
    connect_gpu_estimate(estimate, clip.state, controls.decoding, partial(_gpu_seconds, services))
    job = TabJob(services, "transcription", [run, stop], "speech", clip.panes)
    work = _TranscriptionWork(services, job)
    shown = [transcript, summary, clip.timeline, result]
    edited, each_job = [clip.state, clip.person, result], {**sharing(services.settings), **QUIET_EACH}
    decoded = [clip.state, clip.person, *controls.decoding]
    connect_dictation(services, dictate, [clip.person, *controls.decoding], [transcript, summary])
    job.keep([transcript, summary, result], work.otherwise, [clip.person, *controls.decoding], first=work.edited)
    job.run_when_wanted("transcribe", result)
    clip.bundled.add([result], _collected, shown, work.restored)
    results = [
        job.on(run.click, clip.state, work.run, decoded, shown),
        transcript.edited(work.edit, inputs=edited, outputs=shown, **QUIET_EACH),
        transcript.again(work.decode_line_again, inputs=[*edited, *controls.decoding], outputs=shown, **each_job),
    ]
    export = _export_arguments(clip, [clip.state, result, *controls.cues], downloads)
    for changed in (*(event.then for event in results), *(control.change for control in controls.cues)):
        changed(_export, **export)

    clip.panes.after_restore(lambda restored: restored.then(_export, **export))
    add_transcription_endpoint(services)


def _collected(clip: AudioClip, version: TranscriptVersion | None) -> dict[str, Any]:
    return {"transcript": version}


def _export_arguments(clip: ClipInput, inputs: list[Any], downloads: list[gr.DownloadButton]) -> dict[str, Any]:
    outputs = [clip.transcription, clip.subtitles, *downloads]
    return {"inputs": inputs, "outputs": outputs, "queue": False, **QUIET}


def _gpu_seconds(services: Services, clip: AudioClip, *controls: Any) -> float:
    return transcription_gpu_seconds(clip, options_of(controls), services.runtime)


class _TranscriptionWork:
    """The handlers of the tab's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job
        self._versions = transcript_versions(services.kept)

    def run(self, clip: AudioClip | None, editor: str, request: gr.Request, *controls: Any) -> Iterator[Update]:
        """Stream the result of the job into the page; a version with edits stays beside it.

        `editor` stands for the person whose edits they are.
        """
        should_stop = self._job.current(request)
        try:
            if clip is None:
                raise NoClip
            options = options_of(controls)
            known = self._versions.find(clip, editor)
            updates, resumed = TranscriptUpdates(clip, options), _stopped_version(known, options)
            stopped = find_stopped(clip, options, self._services.runtime.catalog) if resumed else None
            snapshots = transcribe(clip, options, self._services.runtime, should_stop)
            for now in reported(snapshots, lambda now: now.position / clip.duration):
                version = resumed.resumed(now, stopped.segments) if resumed and stopped else new_version(now, options)
                is_over = now.state in ("done", "stopped")
                yield updates.of(version.transcription, self._stored_with(version, known, clip, editor) if is_over else None)
        except Exception as error:
            yield gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip()

    def edited(self, clip: AudioClip | None, request: gr.Request, person: str, *controls: Any) -> Update | None:
        """Return the edited transcript of a new clip, if there is one."""
        versions = self._versions.find(clip, person) if clip else None
        return _timeline_last(whole(clip, versions)) if clip and versions and versions.shown else None

    def otherwise(self, clip: AudioClip | None, request: gr.Request, person: str, *controls: Any) -> Update:
        """Return what these controls gave before for a clip that this person has not transcribed, or what to do."""
        options, catalog = options_of(controls), self._services.runtime.catalog
        if clip is None:
            return TranscriptFeed().value(labels.EMPTY), "", None, gr.skip()
        known = find_stored(clip, options, catalog) or find_stopped(clip, options, catalog)
        if known is None:
            return TranscriptFeed().value(labels.READY), "", None, gr.skip()
        return _timeline_last(whole(clip, only(new_version(known, options))))

    def restored(self, clip: AudioClip, contents: BundleContents, person: str) -> Update | None:
        """Return what transcribing a clip would have written at its end; edited versions of this person stay beside it."""
        if contents.transcript is None:
            return None
        version = replace(contents.transcript, id=uuid4().hex)
        update = whole(clip, only(version))
        versions = transcript_versions(self._services.kept)
        if version.is_edited or versions.find(clip, person).versions:
            return whole(clip, versions.change(clip, person, lambda known: known.with_version(version)))
        return update

    def edit(self, clip: AudioClip | None, person: str, shown: TranscriptVersion | None, event: gr.EventData) -> Update:
        """Edit lines, go back over edits, or show another version; it is stored at once."""
        if clip is None or shown is None:
            return NO_UPDATE
        return self._changed(clip, person, lambda known: edited_versions(known, shown, event, clip.duration))

    def decode_line_again(
        self, clip: AudioClip | None, person: str, shown: TranscriptVersion | None, event: gr.EventData, *controls: Any
    ) -> Update:
        """Decode one line with the options that the controls have now."""
        try:
            if clip is None or shown is None:
                raise NoClip
            before = self._versions.find(clip, person).latest(shown).items
            line, options = before[line_of(event, before)], options_of(controls)
            again = decode_line(clip, line, options, self._services.runtime)
        except Exception as error:
            return gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip()
        return self._changed(clip, person, lambda known: with_line_again(known, shown, line, again))

    def _stored_with(
        self, version: TranscriptVersion, known: TranscriptVersions, clip: AudioClip, person: str
    ) -> TranscriptVersions:
        """Return a run's version with the stored ones of its clip; alone, and not stored, where nothing was edited."""
        if not known.versions:
            return only(version)
        return self._versions.change(clip, person, lambda now: now.with_version(version))

    def _changed(self, clip: AudioClip, person: str, change: Callable[[TranscriptVersions], TranscriptVersions]) -> Update:
        try:
            return whole(clip, self._versions.change(clip, person, change))
        except Exception as error:
            return gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip()


def _timeline_last(update: Update) -> Update:
    transcript, summary, timeline, result = update
    return transcript, summary, result, timeline


def _stopped_version(known: TranscriptVersions, options: TranscriptionOptions) -> TranscriptVersion | None:
    """Return the edited version on the page if a run with these options goes on after it."""
    shown = known.shown
    return shown if shown and shown.transcription.state == "stopped" and shown.options == options else None


def _export(clip: AudioClip | None, result: TranscriptVersion | None, *cue_controls: Any) -> list[Any]:
    """Return the transcription for other exports, the subtitles of the player and the download buttons with files."""
    if clip is None or result is None or not result.transcription.segments:
        return [None, [], *no_downloads()]
    cue_options = cue_options_of(cue_controls)
    subtitles = Subtitles(result.transcription, result.options, cue_options, clip.name, APP_VERSION)
    return [result.transcription, player_subtitles_value(subtitles.cues), *downloads_of(clip, subtitles)]
