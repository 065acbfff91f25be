"""The button that transcribes the microphone while a person speaks."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
import soundfile
import soxr

from components.clip.sound_chunks import chunk_rate, chunk_samples
from components.page.page_script import page_script
from components.page.user_errors import sentence_for
from components.timeline.timeline import Value, event_field
from components.transcription.controls import options_of
from components.transcription.summary import transcription_summary, waiting_message
from components.transcription.transcript import TranscriptFeed
from pipelines.jobs.model_use import model_fields
from pipelines.speech.dictation import Dictation, DictationResult
from pipelines.speech.transcript import Transcription
from pipelines.speech.transcription import store_result
from pipelines.speech.voice_activity import SAMPLE_RATE
from services import Services

TEMPLATE = '<button type="button" aria-pressed="false">Dictate</button><span class="dictation-note" role="status"></span>'
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


def build_dictation_button() -> gr.HTML:
    """Build the component; its event is `chunk`."""
    return gr.HTML(
        value={},
        elem_id="dictation",
        html_template=TEMPLATE,
        js_on_load=page_script("transcription/dictation"),
        apply_default_css=False,
        min_width=0,
    )


class DictationJob:
    """The handler of the button's event."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def accept(self, session: DictationSession | None, person: str, event: gr.EventData, *controls: Any) -> Update:
        """Take a chunk of sound from the page; with the last one the recording becomes the clip."""
        try:
            rate = chunk_rate(event)
            if event_field(event, "first") is True or session is None:
                session = self._begin(rate, controls)
            last = event_field(event, "last") is True
            samples = session.resampler.resample_chunk(chunk_samples(event, session.rate), last=last)
            written = session.dictation.accept(samples)
            if last:
                return self._end(session, session.dictation.finish(), person)
        except Exception as error:
            return _value(done=True, failure=sentence_for(error)), None, gr.skip(), gr.skip()
        feed = TranscriptFeed(written.segments)
        now = self._result(session, written, "dictating")
        return _value(), session, feed.value(waiting_message(now), written.partial), transcription_summary(now)

    def _begin(self, rate: int, controls: tuple[Any, ...]) -> DictationSession:
        services = self._services
        max_seconds = min(MAX_SECONDS, services.settings.max_clip_seconds)
        dictation = Dictation(options_of(controls), services.runtime, max_seconds)
        return DictationSession(dictation, soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32"), rate, time.perf_counter())

    def _end(self, session: DictationSession, written: DictationResult, person: str) -> Update:
        """Store the recording as a clip with its transcript; the page opens it like one of its history."""
        dictation, clips = session.dictation, self._services.clips
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "dictation.wav"
            soundfile.write(path, dictation.waveform(), SAMPLE_RATE, "PCM_16")
            clip = clips.open(path)
        clips.keep(clip, person)
        result = self._result(session, written, "done")
        store_result(clip, dictation.options, dictation.choice, self._services.runtime.catalog, result)
        name = f"Dictation {time.strftime('%H.%M')}"
        return _value(done=True, clip={"hash": clip.content_hash, "name": name}), None, gr.skip(), gr.skip()

    def _result(self, session: DictationSession, written: DictationResult, state: Any) -> Transcription:
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
