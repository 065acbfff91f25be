"""The transcription tab: text with times as it is decoded, corrections, decoding of single lines, and downloads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from components.clip.clip_input import ClipInput
from components.clip.player_subtitles import player_subtitles_value
from components.page.downloads import APP_VERSION
from components.page.events import QUIET, QUIET_EACH, sharing
from components.page.gpu_estimate import build_gpu_estimate, connect_gpu_estimate
from components.page.markup import failure_markup
from components.page.model_choices import ModelChoices
from components.page.tab_job import Buttons, TabJob
from components.page.user_errors import sentence_for
from components.timeline.items import SpanItem, WordItem
from components.timeline.timeline import TimelineFeed
from components.timeline.tracks import SpanTrack, WordTrack
from components.transcription.api import add_transcription_endpoint
from components.transcription.controls import build_transcription_controls, cue_options_of, options_of
from components.transcription.dictation import DictationJob, build_dictation_button
from components.transcription.files import build_download_buttons, downloads_of, no_downloads
from components.transcription.queue_panel import build_transcription_queue
from components.transcription.summary import remark, transcription_summary, waiting_message
from components.transcription.transcript import (
    TranscriptFeed,
    build_transcript,
    line_of,
    text_of,
)
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.speech.transcript import NonSpeechSegment, Segment, Transcription, TranscriptionOptions, with_text
from pipelines.speech.transcription import decode_line, find_stored, transcribe, transcription_gpu_seconds
from pipelines.subtitles.formats import Subtitles
from services import Services

EMPTY = "The transcript appears here. Choose a clip above, then press Transcribe."
READY = "Press Transcribe to get the text of this clip."

MAX_EDITED_CLIPS = 20
"""Maximum number of clips whose corrections are kept, as many as the page's history has."""

Update = tuple[Any, ...]
"""(transcript, summary, timeline, result)."""
NO_UPDATE: Update = (gr.skip(),) * 4


@dataclass(frozen=True)
class _Result:
    """What the page shows now, and the options that it was made with."""

    transcription: Transcription
    options: TranscriptionOptions


EditedResults = dict[str, _Result]
"""Results in which this person corrected lines or decoded them again, by the content hash of their clip."""


def build_transcription_tab(services: Services, clip: ClipInput, model_choices: ModelChoices) -> None:
    """Build the controls on the left, the transcript on the right, and the endpoint `transcribe`."""
    result, edited, dictation = gr.State(None), gr.State({}), gr.State(None)
    with gr.Row(elem_classes="columns"):
        with gr.Column(elem_classes="card controls", min_width=260, scale=0):
            controls = build_transcription_controls(services.runtime.catalog, model_choices)
            with gr.Row(elem_classes="actions"):
                run = gr.Button("Transcribe", variant="primary", min_width=0, elem_id="transcribe")
                stop = gr.Button("Stop", interactive=False, min_width=0, elem_id="stop-transcribing")
            estimate = build_gpu_estimate(services.runtime)
            dictate = build_dictation_button()
        with gr.Column(elem_classes="card results", min_width=260):
            transcript = build_transcript(EMPTY)
            summary = gr.HTML("", elem_id="transcript-summary", apply_default_css=False)
            with gr.Row(elem_classes="actions downloads"):
                downloads = build_download_buttons()
            build_transcription_queue(services, controls)
    connect_gpu_estimate(estimate, clip.state, controls.decoding, partial(_gpu_seconds, services))
    job = TabJob(services, "transcription", [run, stop], sharing, clip.panes)
    work = _TranscriptionWork(services, job)
    shown = [transcript, summary, clip.timeline, result]
    each_job = {**sharing(services.settings), **QUIET_EACH}
    decoded = [clip.state, edited, *controls.decoding]
    ended = job.on(run.click, clip.state, work.run, decoded, [*shown, edited])
    dictate.chunk(
        DictationJob(services).accept,
        inputs=[dictation, clip.person, *controls.decoding],
        outputs=[dictate, dictation, transcript, summary],
        **each_job,  # the answer that asks for the next chunk comes before Gradio regards this event as ended
    )
    job.keep([transcript, summary, result], work.restore, [edited, *controls.decoding], is_stored=False)
    results = [
        ended,
        transcript.edited(work.correct, inputs=[clip.state, result, edited], outputs=[*shown, edited], **QUIET_EACH),
        transcript.again(
            work.decode_line_again, inputs=[clip.state, result, edited, *controls.decoding], outputs=[*shown, edited], **each_job
        ),
    ]
    export = _export_arguments(clip, [clip.state, result, *controls.cues], downloads)
    for changed in (*(event.then for event in results), *(control.change for control in controls.cues)):
        changed(_export, **export)

    def connect(restored: Dependency) -> None:
        restored.then(_export, **export)
        wanted = [clip.is_example, result, clip.state]
        given = job.follow(restored.then, work.begin_if_wanted, wanted, work.run, decoded, [*shown, edited])
        given.then(_export, **export)

    clip.panes.after_restore(connect)
    add_transcription_endpoint(services)


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

    def run(self, clip: AudioClip | None, edited: EditedResults, request: gr.Request, *controls: Any) -> Iterator[Update]:
        """Stream the result of the job into the page; it takes the place of an edited one."""
        for update in self._stream(clip, request, controls):
            is_result = isinstance(update[-1], _Result)
            yield *update, _without(edited, clip.content_hash) if clip and is_result else gr.skip()

    def _stream(self, clip: AudioClip | None, request: gr.Request, controls: tuple[Any, ...]) -> Iterator[Update]:
        services = self._services
        should_stop = self._job.current(request)
        try:
            if clip is None:
                raise NoClip
            options = options_of(controls)
            snapshots = transcribe(clip, options, services.runtime, should_stop)
            yield from _streamed(clip, options, snapshots)
        except Exception as error:
            yield gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip()

    def begin_if_wanted(self, is_example: bool, result: _Result | None, clip: AudioClip | None, request: gr.Request) -> Buttons:
        """Start the job of an example without a result, without another press."""
        return self._job.begin(clip, request) if is_example and result is None else gr.skip()

    def restore(self, clip: AudioClip | None, request: gr.Request, edited: EditedResults, *controls: Any) -> Update:
        """Return the edited result of a new clip, or what these controls gave before, or what to do."""
        options, catalog = options_of(controls), self._services.runtime.catalog
        known = find_stored(clip, options, catalog) if clip else None
        if clip is None:
            return TranscriptFeed().value(EMPTY), "", None, gr.skip()
        if clip.content_hash in edited:
            return _timeline_last(_whole(clip, edited[clip.content_hash]))
        if known is None:
            return TranscriptFeed().value(READY), "", None, gr.skip()
        return _timeline_last(_whole(clip, _Result(known, options)))

    def correct(self, clip: AudioClip | None, result: _Result | None, edited: EditedResults, event: gr.EventData) -> Update:
        """Replace the text of a line by a person's."""
        if clip is None or result is None:
            return *NO_UPDATE, gr.skip()
        index = line_of(event, result.transcription.segments)
        corrected = with_text(result.transcription.segments[index], text_of(event))
        return _edited(clip, _with_line(result, index, (corrected,) if corrected.text else ()), edited)

    def decode_line_again(
        self, clip: AudioClip | None, result: _Result | None, edited: EditedResults, event: gr.EventData, *controls: Any
    ) -> Update:
        """Decode one line with the options that the controls have now."""
        try:
            if clip is None or result is None:
                raise NoClip
            index = line_of(event, result.transcription.segments)
            line, options = result.transcription.segments[index], options_of(controls)
            again = decode_line(clip, line, options, self._services.runtime)
        except Exception as error:
            return gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip(), gr.skip()
        return _edited(clip, _with_line(result, index, again), edited)


def _with_line(result: _Result, index: int, lines: tuple[Segment, ...]) -> _Result:
    segments = result.transcription.segments
    changed = sorted((*segments[:index], *lines, *segments[index + 1 :]), key=lambda segment: segment.start)
    return replace(result, transcription=result.transcription.with_segments(tuple(changed)))


def _edited(clip: AudioClip, result: _Result, edited: EditedResults) -> Update:
    """Return the update for an edited result, and the edited results with it."""
    others = list(_without(edited, clip.content_hash).items())[1 - MAX_EDITED_CLIPS :]
    return *_whole(clip, result), {**dict(others), clip.content_hash: result}


def _without(edited: EditedResults, content_hash: str) -> EditedResults:
    return {other: result for other, result in edited.items() if other != content_hash}


def _whole(clip: AudioClip, result: _Result) -> Update:
    """Return the update for a finished result."""
    return list(_streamed(clip, result.options, iter((result.transcription,))))[-1]


def _timeline_last(update: Update) -> Update:
    transcript, summary, timeline, result = update
    return transcript, summary, result, timeline


def _streamed(clip: AudioClip, options: TranscriptionOptions, snapshots: Iterator[Transcription]) -> Iterator[Update]:
    """Turn snapshots into updates of the page; what did not change is not sent again."""
    sides = (options.separate_sides and clip.sides) or ("",)
    timeline, transcript = TimelineFeed(clip.content_hash, "transcribe"), TranscriptFeed()
    _add_tracks(timeline, sides)
    for track in (track for side in {"", *clip.sides}.difference(sides) for track in _tracks_of(side)):
        timeline.remove(track.id)  # of an earlier run
    shown, message = tuple[Segment, ...](), None
    for now in snapshots:
        changed = now.segments != shown
        if now.segments[: len(shown)] != shown:  # a line was taken back
            shown, transcript = (), TranscriptFeed()
            _add_tracks(timeline, sides)
        new, shown = now.segments[len(shown) :], now.segments
        if new:
            transcript.extend(new)
            _extend_tracks(timeline, sides, new)
        if now.non_speech and now.segments:
            transcript = _with_remarks(now)
        before, message = message, waiting_message(now)
        yield (
            transcript.value(message) if changed or now.non_speech or message != before else gr.skip(),
            transcription_summary(now),
            timeline.value() if changed else gr.skip(),
            _Result(now, options) if now.state in ("done", "stopped") else gr.skip(),
        )


def _tracks_of(side: str, segments: Iterable[Segment] = ()) -> tuple[SpanTrack, WordTrack]:
    """Return the tracks of a clip's lines and words, or those of one of its sides."""
    lines = [segment for segment in segments if segment.side == side]
    words = tuple(WordItem(w.start, max(w.start, w.end), w.text, min(w.probability, 1.0)) for s in lines for w in s.words)
    suffix, title = (f"-{side}", f" {side[0].upper()}") if side else ("", "")
    return (
        SpanTrack(id=f"speech{suffix}", name=f"Speech{title}", items=tuple(SpanItem(s.start, s.end, s.text) for s in lines)),
        WordTrack(id=f"words{suffix}", name=f"Words{title}", items=words),
    )


def _add_tracks(timeline: TimelineFeed, sides: tuple[str, ...]) -> None:
    """Add empty tracks, or empty those that are there."""
    for side in sides:
        for track in _tracks_of(side):
            timeline.put(track)


def _extend_tracks(timeline: TimelineFeed, sides: tuple[str, ...], segments: tuple[Segment, ...]) -> None:
    for side in sides:
        for track in _tracks_of(side, segments):
            timeline.extend(track)


def _with_remarks(now: Transcription) -> TranscriptFeed:
    """Make lines with a remark for every non-speech segment between them."""
    feed = TranscriptFeed()
    parts: list[Segment | NonSpeechSegment] = [*now.segments, *now.non_speech]
    for part in sorted(parts, key=lambda part: part.start):
        if isinstance(part, NonSpeechSegment):
            feed.remark(part.start, part.end, remark(part))
        else:
            feed.extend((part,))
    return feed


def _export(clip: AudioClip | None, result: _Result | None, *cue_controls: Any) -> list[Any]:
    """Return the transcription for other exports, the subtitles of the player and the download buttons with files."""
    if clip is None or result is None or not result.transcription.segments:
        return [None, [], *no_downloads()]
    cue_options = cue_options_of(cue_controls)
    subtitles = Subtitles(result.transcription, result.options, cue_options, clip.name, APP_VERSION)
    return [result.transcription, player_subtitles_value(subtitles.cues), *downloads_of(clip, subtitles)]
