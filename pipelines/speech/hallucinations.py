"""Whether a line of a transcript was said by anybody: for a piano or a whale, Whisper writes "You" or "Thank you for watching".

A line is doubtful if the model itself was unsure of it or holds silence for possible, or if it repeats itself; then the sound
tagger decides whether there was a voice at all. Lines that are not doubtful cost nothing.
"""

from __future__ import annotations

import zlib

import numpy as np

from models.arrays import FloatArray
from models.cache.model_cache import ModelCache
from models.specs.sound import YAMNET
from pipelines.speech.transcript import Segment
from pipelines.speech.vad_windows import SAMPLE_RATE
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.taggers import Yamnet
from pipelines.tagging.yamnet_features import PATCH_HOP_SAMPLES, PATCH_SAMPLES, patch_count

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
MIN_VOICE = 0.75
"""Score of one of `VOICES` from which a doubtful line is believed. Three of 140 doubtful lines from recordings of
single spoken words in many languages stay below; nine animals for which Whisper writes words do not exceed 0.69."""


def believed(segment: Segment, waveform: FloatArray, cache: ModelCache) -> bool:
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
    return voice_score(waveform, segment, cache) >= MIN_VOICE


def voice_score(waveform: FloatArray, segment: Segment, cache: ModelCache) -> float:
    """The highest score that a class of voices has in any of YAMNet's patches of `waveform` [samples] that touch the line.

    The patches lie as they do when the whole clip is tagged: a piece cut out at a line's edges can sound like a voice by chance.
    """
    start, end = int(segment.start * SAMPLE_RATE), int(segment.end * SAMPLE_RATE)
    final = patch_count(len(waveform)) - 1
    first = min(max(0, (start - PATCH_SAMPLES) // PATCH_HOP_SAMPLES + 1), final)
    last = max(first, min(end // PATCH_HOP_SAMPLES, final))
    stop = last * PATCH_HOP_SAMPLES + PATCH_SAMPLES
    sound = np.pad(waveform[first * PATCH_HOP_SAMPLES : stop], (0, max(0, stop - len(waveform))))
    with cache.lease(YAMNET, working_bytes=Yamnet.working_bytes) as (yamnet,):
        scores = Yamnet().scores(yamnet, sound)
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
