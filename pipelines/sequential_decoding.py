"""Whisper window after window, as faster-whisper itself does it: the quickest way for a clip that fits one or two windows."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from pipelines.speech_windows import Waveform
from pipelines.whisper_decoding import DecodingOptions, Language, Segment, Word

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def decode_in_sequence(whisper: Any, waveform: Waveform, options: DecodingOptions) -> Generator[Language | Segment, None, None]:
    """The language, then the segments in order of time.

    Args:
        whisper: a `faster_whisper.WhisperModel`.
        waveform: float32 [samples] at 16 kHz.
        options: what to decode and how.
    """
    segments, info = whisper.transcribe(
        waveform,
        language=options.language,
        task=options.task,
        beam_size=options.beam_size,
        word_timestamps=options.word_timestamps,
        vad_filter=options.voice_activity_filter,
        vad_parameters={"threshold": options.voice_threshold},
        initial_prompt=options.initial_prompt or None,
        hotwords=options.hotwords or None,
        temperature=TEMPERATURES if options.temperature_fallback else 0.0,
    )
    yield Language(info.language, float(info.language_probability))
    for segment in segments:
        yield _segment(segment)


def _segment(segment: Any) -> Segment:
    """From faster-whisper's types, whose numbers may be NumPy's."""
    words = tuple(Word(float(w.start), float(w.end), w.word.strip(), float(w.probability)) for w in segment.words or ())
    return Segment(float(segment.start), float(segment.end), segment.text.strip(), words)
