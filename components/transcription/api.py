"""The endpoint `transcribe`, for scripts and as an MCP tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, cast

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.endpoints import add_endpoint
from components.page.events import borrowing
from components.transcription.controls import DETECT
from models.specs.model_spec import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.speech.transcript import SpeechTask, TranscriptionOptions
from pipelines.speech.transcription import transcribe as transcribe_clip
from services import Services


def add_transcription_endpoint(services: Services) -> None:
    """Add `/transcribe` to the page's API."""

    def transcribe(
        audio: gr.FileData,
        model: str = AUTO,
        language: str = DETECT,
        task: str = "transcribe",
        initial_prompt: str = "",
        hotwords: str = "",
        beam_size: int = 5,
        word_timestamps: bool = True,
        allowed_languages: str = "",
        *,
        should_stop: Callable[[], bool],
    ) -> Iterator[dict[str, Any]]:
        """Transcribe a recording, with the times of lines and words.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.
            model: 'auto', or a key of the catalogue such as 'whisper-base-offline'.
            language: 'auto' detects it; else a code such as 'en', 'de', 'fr'.
            task: 'transcribe', or 'translate' to English.
            initial_prompt: a text in the style and with the spellings that are wanted; its end is used if it is long.
            hotwords: names and terms to expect; the first are used if there are many.
            beam_size: 1 to 10; more is slower and sometimes better.
            word_timestamps: whether each word gets its times.
            allowed_languages: codes among which 'auto' chooses, such as 'en, de'; '' for all.

        Returns:
            A growing result, sent at every new segment: text; segments [{start, end, text, words: [{start, end, text,
            probability}], language of the text, log_probability, no_speech_probability, speech_language,
            language_probability, is_guess}] with times in seconds; languages [{code, share, probability, is_guess}], the most
            spoken one first; language, the main one, language_probability, alternatives [{code, probability}]; non_speech
            [{start, end, sound}]; shortened [{field, used, characters}], the prompt fields that were too long; model, licence;
            duration and elapsed in seconds; state ('loading', 'decoding', 'done'); clip_notes: what could not be read.
        """
        options = TranscriptionOptions(
            model=model,
            language=None if language == DETECT else language,
            allowed_languages=tuple(allowed_languages.replace(",", " ").split()),
            task=cast(SpeechTask, task),
            initial_prompt=initial_prompt,
            hotwords=hotwords,
            beam_size=beam_size,
            word_timestamps=word_timestamps,
        )
        yield from _growing_result(services, open_for_api(services, audio, should_stop), options, should_stop)

    add_endpoint(transcribe, **borrowing(services.settings))


def _growing_result(
    services: Services, clip: AudioClip, options: TranscriptionOptions, should_stop: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    """Yield a snapshot for each new segment and the result."""
    segments = -1
    for snapshot in transcribe_clip(clip, options, services.runtime, should_stop):
        if len(snapshot.segments) > segments or snapshot.state == "done":
            segments = len(snapshot.segments)
            yield {"text": snapshot.text, **asdict(snapshot), "clip_notes": clip.notes}
