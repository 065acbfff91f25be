"""The transcription tab: what was said, with times, as it is decoded."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

import gradio as gr

from components.clip_input import ClipInput, open_for_api
from components.services import MODEL_JOBS, Services
from components.timeline import TimelineFeed
from components.timeline_tracks import Span, SpanTrack, Word, WordTrack
from components.user_errors import sentence_for, tell_errors
from models.errors import ModelError, NoClip, as_size
from models.model_catalog import AUTO
from models.model_spec import ModelSpec
from pipelines.audio_clip import AudioClip
from pipelines.speech_transcription import Segment, SpeechTask, Transcription, TranscriptionOptions, find_stored, transcribe
from pipelines.whisper_languages import WHISPER_LANGUAGES

DETECT = "auto"
EMPTY = '<p class="empty">What is said in the clip will be written here. Choose a clip above, then press Transcribe.</p>'
READY = '<p class="empty">Press Transcribe to write down what is said in this clip.</p>'


def build_transcription_tab(services: Services, clip: ClipInput) -> None:
    """Controls on the left, the transcript on the right, and the endpoint `transcribe`."""
    with gr.Row(elem_classes="columns"):
        with gr.Column(elem_classes="card controls", min_width=260, scale=0):
            model = gr.Dropdown(_model_choices(services.catalog.models("transcribe")), value=AUTO, label="Model")
            language = gr.Dropdown(_language_choices(), value=DETECT, label="Language")
            task = gr.Dropdown(
                [("Transcribe", "transcribe"), ("Translate to English", "translate")], value="transcribe", label="Task"
            )
            with gr.Row(elem_classes="actions"):
                run = gr.Button("Transcribe", variant="primary", min_width=0, elem_id="transcribe")
                stop = gr.Button("Stop", interactive=False, min_width=0, elem_id="stop-transcribing")
        with gr.Column(elem_classes="card results", min_width=260):
            transcript = gr.HTML(EMPTY, elem_id="transcript", apply_default_css=False)
            summary = gr.HTML("", elem_id="transcript-summary", apply_default_css=False)

    def begin(request: gr.Request) -> tuple[gr.Button, gr.Button]:
        services.stop_flags.begin(str(request.session_hash))
        return gr.Button(interactive=False), gr.Button(interactive=True)

    def run_job(
        now: AudioClip | None, model: str, language: str, task: SpeechTask, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        try:
            if now is None:
                raise NoClip
            should_stop = services.stop_flags.should_stop(str(request.session_hash))
            options = TranscriptionOptions(model, None if language == DETECT else language, task)
            snapshots = transcribe(now, options, services.catalog, services.cache, should_stop)
            yield from _shown(snapshots, TimelineFeed(now.content_hash))
        except Exception as error:
            yield gr.skip(), failure_markup(sentence_for(error)), gr.skip()

    def restore(now: AudioClip | None, model: str, language: str, task: SpeechTask) -> tuple[Any, ...]:
        if now is None:
            return EMPTY, "", gr.skip()
        known = _known(services, now, TranscriptionOptions(model, None if language == DETECT else language, task))
        if known is None:
            return READY, "", gr.skip()
        return list(_shown(iter((known,)), TimelineFeed(now.content_hash)))[-1]

    def stop_job(request: gr.Request) -> None:
        services.stop_flags.stop(str(request.session_hash))

    def end() -> tuple[gr.Button, gr.Button]:
        return gr.Button(interactive=True), gr.Button(interactive=False)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    buttons = [run, stop]
    for started in (
        run.click(begin, outputs=buttons, queue=False, **quiet),
        clip.example_loaded.success(begin, outputs=buttons, **quiet),
    ):
        started.then(
            run_job,
            inputs=[clip.state, model, language, task],
            outputs=[transcript, summary, clip.timeline],
            concurrency_id=MODEL_JOBS,
            concurrency_limit=services.settings.parallel_jobs,
            **quiet,
        ).then(end, outputs=buttons, queue=False, **quiet)
    stop.click(stop_job, queue=False, **quiet)
    clip.state.change(
        restore, inputs=[clip.state, model, language, task], outputs=[transcript, summary, clip.timeline], queue=False, **quiet
    )

    _add_endpoint(services)


def _add_endpoint(services: Services) -> None:
    @tell_errors
    def transcribe_audio(
        audio: gr.FileData, model: str = AUTO, language: str = DETECT, task: str = "transcribe"
    ) -> Iterator[dict[str, Any]]:
        """Write down what is said in a recording, with times.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.
            model: 'auto', or a key of the catalogue such as 'whisper-base-offline'.
            language: 'auto' detects it; else a code such as 'en', 'de', 'fr'.
            task: 'transcribe', or 'translate' to English.

        Returns:
            A growing result, sent at every new segment: text; segments [{start, end, text, words: [{start, end, text,
            probability}]}] with times in seconds; language and language_probability; model, licence; duration and elapsed in
            seconds; state ('loading', 'decoding', 'done').
        """
        options = TranscriptionOptions(model, None if language == DETECT else language, cast(SpeechTask, task))
        clip = open_for_api(services, audio)
        segments = -1
        for snapshot in transcribe(clip, options, services.catalog, services.cache):
            if len(snapshot.segments) > segments or snapshot.state == "done":
                segments = len(snapshot.segments)
                yield {"text": snapshot.text, **asdict(snapshot)}

    gr.api(
        transcribe_audio,
        api_name="transcribe",
        concurrency_id=MODEL_JOBS,
        concurrency_limit=services.settings.parallel_jobs,
    )


def _known(services: Services, clip: AudioClip, options: TranscriptionOptions) -> Transcription | None:
    """What these controls gave for this clip before; a model that cannot be had now gave nothing."""
    try:
        choice = services.catalog.choose("transcribe", options.model)
    except ModelError:
        return None
    return find_stored(clip, options, choice, services.catalog)


def _shown(snapshots: Iterator[Transcription], feed: TimelineFeed) -> Iterator[tuple[Any, ...]]:
    """Snapshots as (transcript, summary, timeline); what did not change is not sent again."""
    feed.put(SpanTrack(id="speech", name="Speech"))
    feed.put(WordTrack(id="words", name="Words"))
    shown = 0
    for snapshot in snapshots:
        new = snapshot.segments[shown:]
        shown = len(snapshot.segments)
        feed.extend(SpanTrack(id="speech", name="Speech", items=tuple(Span(s.start, s.end, s.text) for s in new)))
        words = tuple(Word(w.start, max(w.start, w.end), w.text, min(w.probability, 1.0)) for s in new for w in s.words)
        feed.extend(WordTrack(id="words", name="Words", items=words))
        changed = bool(new) or snapshot.state in ("loading", "done", "stopped")
        yield (
            transcript_markup(snapshot) if changed else gr.skip(),
            summary_markup(snapshot),
            feed.value() if new else gr.skip(),
        )


def transcript_markup(now: Transcription) -> str:
    """The segments as rows of time and text."""
    if now.segments:
        return f'<ol class="segments">{"".join(_row(segment) for segment in now.segments)}</ol>'
    message = {
        "loading": "Getting the model ready …",
        "decoding": "Listening …",
        "stopped": "Stopped before anything was heard.",
        "done": "No speech was found in this clip.",
    }[now.state]
    return f'<p class="empty">{message}</p>'


def summary_markup(now: Transcription) -> str:
    """One line: how far, in which language, by which model, in what time."""
    facts = []
    if now.segments and now.language:
        language = WHISPER_LANGUAGES.get(now.language, now.language)
        facts.append(f"{language} ({now.language_probability:.2f})")
    facts.append(f"{html.escape(now.model)}, {now.dtype} on {now.device}, {html.escape(now.licence)}")
    if now.state == "done":
        earlier = ", computed before" if now.from_store else ""
        facts.append(f"{now.duration:.1f} s of audio in {now.elapsed:.1f} s{earlier}")
    elif now.state == "stopped":
        facts.append(f"stopped at {clock_time(now.position)} after {now.elapsed:.1f} s")
    else:
        facts.append(f"{clock_time(now.position)} of {clock_time(now.duration)}, {now.elapsed:.1f} s")
    running = now.state in ("loading", "decoding")
    bar = f'<progress max="{now.duration:.2f}" value="{now.position:.2f}" aria-label="Progress"></progress>' if running else ""
    why = f'<details class="why"><summary>Why this model</summary>{html.escape(now.model_reason)}</details>'
    return f'{bar}<p class="summary" data-state="{now.state}">{" · ".join(facts)}</p>{why}'


def failure_markup(sentence: str) -> str:
    """Why there is no (further) result, where the result's own line would stand."""
    return f'<p class="summary failed" role="alert" data-state="failed">{html.escape(sentence)}</p>'


def clock_time(seconds: float) -> str:
    """12.74 -> '0:12.7'."""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{minutes:.0f}:{rest:04.1f}"


def _row(segment: Segment) -> str:
    return f"<li><time>{clock_time(segment.start)}</time><span>{html.escape(segment.text)}</span></li>"


def _model_choices(specs: tuple[ModelSpec, ...]) -> list[tuple[str, str]]:
    described = [(f"{spec.title} · {spec.licence} · {as_size(spec.download_bytes)}", spec.key) for spec in specs]
    return [("Automatic: the best that fits", AUTO), *described]


def _language_choices() -> list[tuple[str, str]]:
    return [("Detect", DETECT), *((name, code) for code, name in WHISPER_LANGUAGES.items())]
