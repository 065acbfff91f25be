"""Whether a line of a transcript was said by anybody: for a piano or a whale, Whisper writes "You" or "Thank you for watching".

A line is doubtful if the model itself was unsure of it or holds silence for possible, or if it repeats itself; then the sound
tagger decides whether there was a voice at all. Lines that are not doubtful cost nothing.
"""

from __future__ import annotations

import zlib

import numpy as np

from models.model_cache import ModelCache
from models.sound_model_specs import YAMNET
from pipelines.sound_models import Yamnet
from pipelines.sound_names import class_tree
from pipelines.speech_windows import SAMPLE_RATE, Waveform
from pipelines.transcript import Segment
from pipelines.yamnet_features import PATCH_HOP_SAMPLES, PATCH_SAMPLES, patch_count

UNSURE_LOG_PROBABILITY = -0.5
"""Well-recorded speech lies above; what was invented for 440 sounds of animals, instruments and machines never did."""
LIKELY_SILENCE = 0.3
UNSURE_OF_WORDS = 0.3
"""Mean probability of the words."""
REPETITIVE = 1.8
"""Compression ratio; ordinary English of one line stays below 1.6."""
SHORTEST_REPETITIVE_BYTES = 24
"""zlib does not compress less."""
VOICES = (
    "Speech",
    "Child speech, kid speaking",
    "Conversation",
    "Speech synthesizer",
    "Shout",
    "Whispering",
    "Singing",
    "Rapping",
)
LEAST_VOICE = 0.75
"""Score of one of `VOICES` from which a doubtful line is believed. Recordings of single spoken words reach 0.77 and more."""
MARGIN_SECONDS = 0.25


def believed(segment: Segment, waveform: Waveform, cache: ModelCache) -> bool:
    """Whether a line may stand in the transcript.

    Args:
        segment: the line.
        waveform: float32 [samples] at 16 kHz, in which the line's times are.
        cache: for the tagger, which is asked only if the line is doubtful.

    Raises:
        ModelError: see `ModelCache.lease`.
    """
    if not is_doubtful(segment):
        return True
    start = max(0, int((segment.start - MARGIN_SECONDS) * SAMPLE_RATE))
    return voice_score(waveform[start : int((segment.end + MARGIN_SECONDS) * SAMPLE_RATE)], cache) >= LEAST_VOICE


def voice_score(sound: Waveform, cache: ModelCache) -> float:
    """The highest score that a class of voices has anywhere in `sound` [samples] at 16 kHz."""
    missing = PATCH_SAMPLES + (patch_count(len(sound)) - 1) * PATCH_HOP_SAMPLES - len(sound)
    with cache.lease(YAMNET, working_bytes=Yamnet.working_bytes) as (yamnet,):
        scores = Yamnet().scores(yamnet, np.pad(sound, (0, missing)))
    return float(scores[:, [class_tree().index(name) for name in VOICES]].max())


def is_doubtful(segment: Segment) -> bool:
    """Whether the model's own numbers, or the text, speak against a line."""
    unsure_of_words = bool(segment.words) and float(np.mean([word.probability for word in segment.words])) < UNSURE_OF_WORDS
    return (
        segment.log_probability < UNSURE_LOG_PROBABILITY
        or segment.no_speech_probability > LIKELY_SILENCE
        or unsure_of_words
        or repeats_itself(segment.text)
    )


def repeats_itself(text: str) -> bool:
    """'la la la la la la la la': text that compresses as no sentence does."""
    encoded = text.strip().lower().encode()
    return len(encoded) >= SHORTEST_REPETITIVE_BYTES and len(encoded) / len(zlib.compress(encoded)) > REPETITIVE
