"""Speech written down while it is spoken: a first guess as it comes, settled when the phrase ends.

What has come in is kept until its phrase is over. Each time more of it is there, the phrase is decoded quickly; a pause settles
it, with all that the options ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.errors import ClipTooLong
from pipelines.speech.decoding import decode_speech
from pipelines.speech.hallucinations import believed
from pipelines.speech.language_id import Language
from pipelines.speech.transcript import Segment
from pipelines.speech.transcription import (
    WORKING_BYTES,
    TranscriptionOptions,
    check_options,
    moved,
)
from pipelines.speech.vad_windows import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Stretch,
    find_stretches,
    speech_probabilities,
)

PHRASE_PAUSE_SAMPLES = int(0.7 * SAMPLE_RATE)
"""After so much silence a phrase is over."""
LONG_PHRASE_SAMPLES = 10 * SAMPLE_RATE
"""From here a shorter pause, which is only a breath, ends a phrase as well."""
LONGEST_PHRASE_SAMPLES = 24 * SAMPLE_RATE
"""Then it is settled although it goes on; one window of Whisper holds it."""
MARGIN_SAMPLES = int(0.3 * SAMPLE_RATE)


@dataclass(frozen=True)
class Dictated:
    """What is written so far."""

    segments: tuple[Segment, ...] = ()
    """Settled; times in seconds since the beginning."""
    partial: str = ""
    """What the phrase that is being spoken seems to be."""
    language: Language | None = None
    seconds: float = 0.0
    """Of sound that came in."""


class Dictation:
    """One person speaking; not for several threads at once."""

    def __init__(self, options: TranscriptionOptions, runtime: ModelRuntime, most_seconds: float) -> None:
        """Nothing said yet.

        Raises:
            InvalidOption, ModelError: see `transcribe`.
        """
        self.options = options
        self.choice = runtime.catalog.choose("transcribe", options.model, WORKING_BYTES)
        check_options(options, self.choice)
        self._cache = runtime.cache
        self._most_samples = int(most_seconds * SAMPLE_RATE)
        self._parts: list[NDArray[np.int16]] = []
        self._samples = 0
        self._pending: FloatArray = np.zeros(0, np.float32)
        self._written = Dictated()

    def hear(self, samples: FloatArray) -> Dictated:
        """What is written after `samples` [any number] at 16 kHz, which follow what came before.

        Raises:
            ClipTooLong: it would be more than `most_seconds`; what came before stays.
        """
        if self._samples + len(samples) > self._most_samples:
            raise ClipTooLong(self._most_samples / SAMPLE_RATE)
        self._parts.append((np.clip(samples, -1.0, 1.0) * np.iinfo(np.int16).max).astype(np.int16))
        self._samples += len(samples)
        self._pending = np.concatenate([self._pending, samples])
        stretches = self._stretches()
        if not stretches:
            self._forget(len(self._pending) - MARGIN_SAMPLES)
            self._written = replace(self._written, partial="", seconds=self._seconds())
        elif (end := self._end_of_phrase(stretches)) is not None:
            self._settle(end)
        else:
            self._guess(stretches)
        return self._written

    def finish(self) -> Dictated:
        """What is written in the end: the phrase that was open is settled."""
        stretches = self._stretches()
        if stretches:
            self._settle(len(self._pending))
        self._written = replace(self._written, partial="", seconds=self._seconds())
        return self._written

    def waveform(self) -> NDArray[np.int16]:
        """All that came in: [samples] at 16 kHz."""
        return np.concatenate([*self._parts, np.zeros(0, np.int16)])

    def _seconds(self) -> float:
        return self._samples / SAMPLE_RATE

    def _end_of_phrase(self, stretches: list[Stretch]) -> int | None:
        """Where the pending sound holds a whole phrase; None if it goes on."""
        last = stretches[-1]
        if len(self._pending) - last.end >= PHRASE_PAUSE_SAMPLES:
            return last.end + MARGIN_SAMPLES
        if len(self._pending) > LONG_PHRASE_SAMPLES and len(stretches) > 1:
            return (stretches[-2].end + last.start) // 2
        return len(self._pending) if len(self._pending) > LONGEST_PHRASE_SAMPLES else None

    def _stretches(self) -> list[Stretch]:
        """Where a voice is in what is pending, in samples."""
        probabilities = (float(p) for block in speech_probabilities(self._pending, never_stop) for p in block)
        frames = find_stretches(probabilities, self.options.voice_threshold)
        return [Stretch(s.start * FRAME_SAMPLES, min(s.end * FRAME_SAMPLES, len(self._pending))) for s in frames]

    def _guess(self, stretches: list[Stretch]) -> None:
        self._forget(stretches[0].start - MARGIN_SAMPLES)
        quick = replace(self.options, beam_size=1, word_timestamps=False, temperature_fallback=False)
        language, segments = self._decode(self._pending, quick)
        text = " ".join(segment.text for segment in segments)
        self._written = replace(self._written, partial=text, language=language, seconds=self._seconds())

    def _settle(self, count: int) -> None:
        """The first `count` pending samples are a phrase."""
        began = self._seconds() - len(self._pending) / SAMPLE_RATE
        language, segments = self._decode(self._pending[:count], self.options)
        settled = tuple(moved(segment, began) for segment in segments)
        self._forget(count)
        self._written = Dictated((*self._written.segments, *settled), "", language, self._seconds())

    def _decode(self, sound: FloatArray, options: TranscriptionOptions) -> tuple[Language | None, list[Segment]]:
        """In the language of the first phrase that told one."""
        known = self._written.language
        heard = replace(options, language=known.code) if known and self._written.segments else options
        with self._cache.lease(self.choice.spec, working_bytes=WORKING_BYTES) as (whisper,):
            steps = list(decode_speech(whisper, sound, heard, never_stop))
        languages = [step for step in steps if isinstance(step, Language)]
        language = known if known and self._written.segments else next(iter(languages), known)
        return language, [step for step in steps if isinstance(step, Segment) and believed(step, sound, self._cache)]

    def _forget(self, count: int) -> None:
        """The first `count` pending samples."""
        self._pending = self._pending[max(0, count) :]
