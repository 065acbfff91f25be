"""The button that transcribes the microphone while a person speaks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
import soundfile
import soxr

from components.clip.sound_chunks import chunk_rate, chunk_samples
from components.page.events import QUIET_EACH, sharing
from components.page.markup import labels_markup
from components.page.page_script import page_script
from components.page.user_errors import sentence_for
from components.timeline.timeline import Value, event_field
from components.transcription.controls import options_of
from components.transcription.labels import DictationLabels, as_texts
from components.transcription.summary import transcription_summary, waiting_message
from components.transcription.transcript import TranscriptFeed
from models.errors import AudioscopeError
from pipelines.clip.clip import AudioClip
from pipelines.jobs.model_use import model_fields
from pipelines.speech.dictation import Dictation, DictationResult
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.speech.transcription import store_result
from pipelines.speech.voice_activity import SAMPLE_RATE
from services import Services

TEMPLATE = f"""
<button type="button" aria-pressed="false">{DictationLabels.start}</button>
<span class="dictation-level" role="meter" aria-label="{DictationLabels.level}" aria-valuemin="-60" aria-valuemax="0" hidden>
  <i></i>
</span>
<span class="dictation-note" role="status"></span>
"""
MAX_SECONDS = 1800.0
Update = tuple[Any, ...]
"""(button, session, transcript, summary)."""


@dataclass(frozen=True)
class DictationSession:
    """From a press of the button to its end."""

    dictation: Dictation
    resampler: soxr.ResampleStream
    rate: int
    """Hz of the page."""
    began: float
    """Seconds of `time.perf_counter`."""


def begin_dictation(services: Services, rate: int, options: TranscriptionOptions) -> DictationSession:
    """Begin a dictation of sound at `rate` Hz.

    Raises:
        InvalidOption, ModelError: see `Dictation`.
    """
    dictation = Dictation(options, services.runtime, min(MAX_SECONDS, services.settings.max_clip_seconds))
    return DictationSession(dictation, soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32"), rate, time.perf_counter())


def build_dictation_button() -> gr.HTML:
    """Build the component; its events are `begun`, and `chunk` for the sound."""
    return gr.HTML(
        value={},
        elem_id="dictation",
        html_template=TEMPLATE + labels_markup(as_texts(DictationLabels())),
        js_on_load=page_script("transcription/js/dictation"),
        apply_default_css=False,
        min_width=0,
    )


def connect_dictation(
    services: Services, button: gr.HTML, inputs: Sequence[gr.components.Component], shown: Sequence[gr.components.Component]
) -> None:
    """Connect the button's events; `inputs` are the person and the controls, `shown` the transcript and the summary."""
    session, job = gr.State(None), DictationJob(services)
    queue = {**sharing(services.settings), **QUIET_EACH}  # a chunk's answer comes before Gradio regards its event as ended
    button.begun(job.warm_up, inputs=list(inputs), **queue)
    button.chunk(job.accept, inputs=[session, *inputs], outputs=[button, session, *shown], **queue)


class DictationJob:
    """The handler of the button's event."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def warm_up(self, person: str, *controls: Any) -> None:
        """Load the model while the person takes a breath."""
        with suppress(AudioscopeError):  # the first chunk says the same
            begin_dictation(self._services, SAMPLE_RATE, options_of(controls)).dictation.warm_up()

    def accept(self, session: DictationSession | None, person: str, event: gr.EventData, *controls: Any) -> Update:
        """Take a chunk of sound from the page; with the last one the recording becomes the clip."""
        try:
            rate = chunk_rate(event)
            if event_field(event, "first") is True or session is None:
                self._services.clips.holdings.check_room()
                session = begin_dictation(self._services, rate, options_of(controls))
            last = event_field(event, "last") is True
            samples = session.resampler.resample_chunk(chunk_samples(event, session.rate), last=last)
            written = session.dictation.accept(samples)
            if last:
                return self._end(session, person)
        except Exception as error:
            return _value(done=True, failure=sentence_for(error)), None, gr.skip(), gr.skip()
        feed = TranscriptFeed(written.segments)
        now = self.result(session, written, "dictating")
        return _value(), session, feed.value(waiting_message(now), written.partial), transcription_summary(now)

    def _end(self, session: DictationSession, person: str) -> Update:
        """Store the recording; the page opens it like one of its history."""
        clip, _ = self.finish(session)
        self._services.clips.keep(clip, person)
        name = f"{DictationLabels.clip_name} {time.strftime('%H.%M')}"
        return _value(done=True, clip={"hash": clip.content_hash, "name": name}), None, gr.skip(), gr.skip()

    def finish(self, session: DictationSession) -> tuple[AudioClip, Transcription]:
        """End a dictation: its sound becomes a clip with its transcript."""
        dictation, written = session.dictation, session.dictation.finish()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "dictation.wav"
            soundfile.write(path, dictation.waveform(), SAMPLE_RATE, "PCM_16")
            clip = self._services.clips.open(path)
        result = replace(self.result(session, written, "done"), duration=clip.duration, position=clip.duration)
        store_result(clip, dictation.options, dictation.choice, self._services.runtime.catalog, result)
        return clip, result

    def result(self, session: DictationSession, written: DictationResult, state: Any) -> Transcription:
        """Return what is written so far as a transcription."""
        choice, device = session.dictation.choice, self._services.runtime.catalog.device
        language = written.language
        return Transcription(
            **model_fields([choice.spec], device, choice.reason),
            duration=written.duration,
            language=language.code if language else "",
            language_probability=language.probability if language else 0.0,
            alternatives=language.alternatives if language else (),
            shortened=written.shortened,
            position=written.duration,
            elapsed=time.perf_counter() - session.began,
            state=state,
        ).with_segments(written.segments)


def _value(done: bool = False, failure: str = "", clip: dict[str, str] | None = None) -> Value:
    """Return a value that differs from the last one: the page then sends the next chunk."""
    return {"done": done, "failure": failure, "clip": clip, "id": uuid4().hex}
