"""The harmony of a clip: its key, the keys of its parts, and its chords."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.music.harmony.chord_recognition import find_chords
from pipelines.music.harmony.key_detection import clip_key_log_probs, find_key, window_key_log_probs
from pipelines.music.harmony.key_spans import find_key_spans
from pipelines.music.harmony.reading import HarmonyReading
from pipelines.music.harmony.types import Chord, Key, KeyCandidate, KeySpan


@dataclass(frozen=True)
class Harmonies:
    """Key and chords; None and () for a clip without a tonal centre."""

    key: Key | None = None
    key_spans: tuple[KeySpan, ...] = ()
    chords: tuple[Chord, ...] = ()


def find_harmonies(reading: HarmonyReading, duration: float, beats: tuple[float, ...]) -> Harmonies:
    """Return the harmony of a clip of `duration` seconds; chords change only at the beats."""
    windows = window_key_log_probs(reading.activations)
    key = find_key(clip_key_log_probs(reading.activations, windows), reading.tonality)
    if key is None:
        return Harmonies()
    spans = find_key_spans(reading.activations, windows, duration)
    return Harmonies(
        key, consistent_spans(key, spans, duration), find_chords(reading.activations.chords, duration, beats, key.spelling)
    )


def consistent_spans(key: Key, spans: tuple[KeySpan, ...], duration: float) -> tuple[KeySpan, ...]:
    """Return the spans if they modulate from or to the key of the clip, else one span of that key.

    The key of a clip follows from how it begins and ends too. Where it is none of the keys of the parts, these are not
    sure enough to be shown.
    """
    if len(spans) > 1 and any(span.key.name == key.name for span in spans):
        return spans
    return (KeySpan(0.0, duration, KeyCandidate(key.tonic, key.mode, key.confidence)),)
