"""The endpoint `transcribe`, for scripts and as an MCP tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.calls.progress import watched
from components.page.endpoints import add_endpoint
from components.page.option_arguments import with_option_arguments
from components.transcription.controls import DETECT
from models.specs.model_spec import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.speech.transcript import NO_SPEAKERS, SpeechTask, TranscriptionOptions
from pipelines.speech.transcription import transcribe as transcribe_clip
from services import Services


@dataclass(frozen=True)
class TranscriptionArguments:
    """The arguments of `/transcribe` beside the recording."""

    model: Annotated[str, "'auto', or a key of the catalogue such as 'whisper-base-offline'."] = AUTO
    language: Annotated[str, "'auto' detects it; else a code such as 'en', 'de', 'fr'."] = DETECT
    task: Annotated[str, "'transcribe', or 'translate' to English."] = "transcribe"
    initial_prompt: Annotated[
        str, "a text in the style and with the spellings that are wanted; its end is used if it is long."
    ] = ""
    hotwords: Annotated[str, "names and terms to expect; the first are used if there are many."] = ""
    beam_size: Annotated[int, "1 to 10; more is slower and sometimes better."] = 5
    word_timestamps: Annotated[bool, "whether each word gets its times."] = True
    allowed_languages: Annotated[str, "codes among which 'auto' chooses, such as 'en, de'; '' for all."] = ""
    separate_sides: Annotated[bool, "whether two sides that are unlike recordings are read one by one, not mixed."] = True
    speakers: Annotated[str, "'off'; 'auto' finds out how many people speak; or their number, '2' to '10'."] = NO_SPEAKERS
    speaker_model: Annotated[str, "'auto', or a key of the catalogue such as 'resemblyzer'."] = AUTO

    def options(self) -> TranscriptionOptions:
        """Return the options of the pipeline."""
        return TranscriptionOptions(
            model=self.model,
            language=None if self.language == DETECT else self.language,
            allowed_languages=tuple(self.allowed_languages.replace(",", " ").split()),
            task=cast(SpeechTask, self.task),
            initial_prompt=self.initial_prompt,
            hotwords=self.hotwords,
            beam_size=self.beam_size,
            word_timestamps=self.word_timestamps,
            separate_sides=self.separate_sides,
            speakers=self.speakers,
            speaker_model=self.speaker_model,
        )


def add_transcription_endpoint(services: Services) -> None:
    """Add `/transcribe` to the page's API."""

    @with_option_arguments(TranscriptionArguments)
    def transcribe(
        audio: gr.FileData, arguments: TranscriptionArguments, *, should_stop: Callable[[], bool]
    ) -> Iterator[dict[str, Any]]:
        """Transcribe a recording, with the times of lines and words.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.

        Returns:
            A growing result, sent at every new segment: text; segments [{start, end, text, words: [{start, end, text,
            probability}], language of the text, log_probability, no_speech_probability, speech_language,
            language_probability, is_guess, side, is_edited, speaker}] with times in seconds, in order of their start, side 'left'
            or 'right' where each was read by itself, speaker 'Speaker 1' where speakers were asked for; languages [{code,
            share, probability, is_guess}], the most spoken one first; language, the main one, language_probability,
            alternatives [{code, probability}]; non_speech [{start, end, sound}]; shortened [{field, used, characters}], the
            prompt fields that were too long; limit, a sentence where the text ends early as it has as many words as it may;
            model, licence;
            duration and elapsed in seconds; state ('loading', 'decoding', 'done', 'stopped'); clip_notes: what could not be read.
        """
        yield from _growing_result(services, open_for_api(services, audio, should_stop), arguments.options(), should_stop)

    add_endpoint(transcribe, services.stop_flags, services.lines.calls.speech)


def _growing_result(
    services: Services, clip: AudioClip, options: TranscriptionOptions, should_stop: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    """Yield a snapshot for each new segment and the result."""
    segments = -1
    for snapshot in watched(transcribe_clip(clip, options, services.runtime, should_stop), clip.duration):
        if len(snapshot.segments) > segments or snapshot.state in ("done", "stopped"):
            segments = len(snapshot.segments)
            yield {**snapshot.to_dict(), "clip_notes": clip.notes}
