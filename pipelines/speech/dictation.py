"""Speech written down while it is spoken: partial text as it comes, final text when the phrase ends.

Sound is kept until its phrase is over. Each time more of it is there, the phrase is decoded quickly; a pause makes it final, with
all that the options ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.stopping import never_stop
from pipelines.clip.errors import ClipTooLong
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.result import Result
from pipelines.speech.decoding import decode_speech
from pipelines.speech.hallucinations import is_hallucination
from pipelines.speech.language_id import Language
from pipelines.speech.transcript import Segment, ShortenedField, TranscriptionOptions, shifted
from pipelines.speech.transcription import borrow_whisper, choose_whisper
from pipelines.speech.voice_activity import SAMPLE_RATE, SpeechRegion, speech_regions
from pipelines.wording.writing_systems import join_texts

PHRASE_PAUSE_SAMPLES = int(0.7 * SAMPLE_RATE)
"""After so much silence a phrase is over."""
LONG_PHRASE_SAMPLES = 10 * SAMPLE_RATE
"""Length of a phrase above which a shorter pause, such as a breath, ends it."""
MAX_PHRASE_SAMPLES = 24 * SAMPLE_RATE
"""Length at which a phrase ends although speech goes on; one window of Whisper holds it."""
PADDING_SAMPLES = int(0.3 * SAMPLE_RATE)
"""Kept before and after a phrase."""
TAIL_SAMPLES = SAMPLE_RATE
"""Kept after the last word of a dictation: what follows until the end is the way to the button."""


@dataclass(frozen=True)
class DictationResult(Result):
    """What is written so far."""

    segments: tuple[Segment, ...] = ()
    """Final; times in seconds since the beginning."""
    partial: str = ""
    """Text of the phrase that is being spoken; may still change."""
    language: Language | None = None
    shortened: tuple[ShortenedField, ...] = ()
    """Prompt fields that were too long."""
    duration: float = 0.0
    """Seconds of sound that came in."""


class Dictation:
    """One person speaking; not for several threads at once."""

    def __init__(self, options: TranscriptionOptions, runtime: ModelRuntime, max_seconds: float) -> None:
        """Choose the model and check the options.

        Raises:
            InvalidOption, ModelError: see `transcribe`.
        """
        self.options = options
        self.choice = choose_whisper(options, runtime.catalog, is_live=True)
        self._runtime = runtime
        self._max_samples = int(max_seconds * SAMPLE_RATE)
        self._parts: list[NDArray[np.int16]] = []
        self._samples = 0
        self._speech_end = 0
        self._pending: FloatArray = np.zeros(0, np.float32)
        self._result = DictationResult()

    def warm_up(self) -> None:
        """Load the model, so that the first words do not wait for it."""
        with borrow_whisper(self.choice.spec, self._runtime, self.options.beam_size):
            pass

    def accept(self, samples: FloatArray) -> DictationResult:
        """Take more sound and return what is written then.

        Args:
            samples: float32 [any number] at 16 kHz, which follow those before.

        Raises:
            ClipTooLong: it would be more than `max_seconds`; what came before stays.
        """
        if self._samples + len(samples) > self._max_samples:
            raise ClipTooLong(self._max_samples / SAMPLE_RATE)
        self._parts.append((np.clip(samples, -1.0, 1.0) * np.iinfo(np.int16).max).astype(np.int16))
        self._samples += len(samples)
        self._pending = np.concatenate([self._pending, samples])
        regions = self._regions()
        if not regions:
            self._drop(len(self._pending) - PADDING_SAMPLES)
            self._result = replace(self._result, partial="", duration=self._duration())
        elif (end := self._phrase_end(regions)) is not None:
            self._finalise(end)
        else:
            self._update_partial(regions)
        return self._result

    def finish(self) -> DictationResult:
        """End the open phrase and return all that is written."""
        if self._regions():
            self._finalise(len(self._pending))
        self._result = replace(self._result, partial="", duration=self._duration())
        return self._result

    def waveform(self) -> NDArray[np.int16]:
        """Return what came in, without the silence after the last word: [samples] at 16 kHz; all of it without a word."""
        waveform = np.concatenate([*self._parts, np.zeros(0, np.int16)])
        return waveform[: self._speech_end + TAIL_SAMPLES] if self._speech_end else waveform

    def _duration(self) -> float:
        return self._samples / SAMPLE_RATE

    def _regions(self) -> list[SpeechRegion]:
        regions = list(speech_regions(self._pending, never_stop, self.options.vad_threshold))
        if regions:
            self._speech_end = self._samples - len(self._pending) + regions[-1].end
        return regions

    def _phrase_end(self, regions: list[SpeechRegion]) -> int | None:
        """Return the pending sample at which a phrase ends; None while it goes on."""
        last = regions[-1]
        if len(self._pending) - last.end >= PHRASE_PAUSE_SAMPLES:
            return last.end + PADDING_SAMPLES
        if len(self._pending) > LONG_PHRASE_SAMPLES and len(regions) > 1:
            return (regions[-2].end + last.start) // 2
        return len(self._pending) if len(self._pending) > MAX_PHRASE_SAMPLES else None

    def _update_partial(self, regions: list[SpeechRegion]) -> None:
        self._drop(regions[0].start - PADDING_SAMPLES)
        quick = replace(self.options, beam_size=1, word_timestamps=False, fallback_searches=False)
        language, segments = self._decode(self._pending, quick)
        text = join_texts(segment.text for segment in segments)
        self._result = replace(self._result, partial=text, language=language, duration=self._duration())

    def _finalise(self, count: int) -> None:
        """Decode the first `count` pending samples as a phrase."""
        began = self._duration() - len(self._pending) / SAMPLE_RATE
        language, segments = self._decode(self._pending[:count], self.options)
        final = tuple(shifted(segment, began) for segment in segments)
        self._drop(count)
        self._result = replace(
            self._result,
            segments=(*self._result.segments, *final),
            partial="",
            language=language,
            duration=self._duration(),
        )

    def _decode(self, samples: FloatArray, options: TranscriptionOptions) -> tuple[Language | None, list[Segment]]:
        """Decode in the language of the first phrase that had one."""
        known = self._result.language
        in_known = replace(options, language=known.code) if known and self._result.segments else options
        steps = decode_phrase(samples, in_known, self.choice.spec, self._runtime)
        shortened = tuple(step for step in steps if isinstance(step, ShortenedField))
        self._result = replace(self._result, shortened=shortened)
        languages = [step for step in steps if isinstance(step, Language)]
        language = known if known and self._result.segments else next(iter(languages), known)
        return language, [step for step in steps if isinstance(step, Segment)]

    def _drop(self, count: int) -> None:
        """Forget the first `count` pending samples."""
        self._pending = self._pending[max(0, count) :]


@in_cluster("speech", model="options.model")
def decode_phrase(
    samples: FloatArray, options: TranscriptionOptions, spec: ModelSpec, runtime: ModelRuntime
) -> list[Segment | Language | ShortenedField]:
    """Decode a phrase: its language, prompt fields that were too long, and its segments without hallucinations.

    Args:
        samples: float32 [samples] at 16 kHz.
        options: what to decode and how.
        spec: the chosen model.
        runtime: where it is borrowed.
    """
    with borrow_whisper(spec, runtime, options.beam_size) as (whisper, budget):
        steps = list(decode_speech(whisper, samples, options, never_stop, budget))
    return [step for step in steps if not isinstance(step, Segment) or not is_hallucination(step, samples, runtime.cache)]
