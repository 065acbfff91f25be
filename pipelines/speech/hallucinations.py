"""Filter for hallucinated lines: for a piano or a whale, Whisper writes "You" or "Thank you for watching".

A line needs a voice check if the model itself was unsure of it or gives silence a high probability, or if it is repetitive; then
the sound tagger decides whether there was a voice at all. Other lines cost nothing.
"""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray
from models.cache.model_cache import ModelCache
from models.specs.sound import YAMNET
from pipelines.speech.sentences import is_repetitive
from pipelines.speech.transcript import Segment
from pipelines.speech.voice_activity import SAMPLE_RATE
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.shared_yamnet import lend_yamnet
from pipelines.tagging.taggers import YamnetTagger
from pipelines.tagging.yamnet import PATCH_HOP_SAMPLES, PATCH_SAMPLES, patch_count

MIN_TRUSTED_LOG_PROBABILITY = -0.5
"""Well-recorded speech lies above; what was invented for 440 sounds of animals, instruments and machines never did."""
MAX_TRUSTED_NO_SPEECH_PROBABILITY = 0.3
MIN_WORD_PROBABILITY = 0.3
"""Mean of a line's words."""
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
"""AudioSet classes of words that are spoken or sung."""
MIN_VOICE_SCORE = 0.75
"""Score of one of `VOICES` from which a checked line is kept. Three of 140 checked lines from recordings of
single spoken words in many languages stay below; nine animals for which Whisper writes words do not exceed 0.69."""


def is_hallucination(segment: Segment, waveform: FloatArray, cache: ModelCache) -> bool:
    """Return whether a line was written although there was no voice.

    Args:
        segment: the line.
        waveform: float32 [samples] at 16 kHz, on which the line's times are defined.
        cache: for the tagger, which runs only if the line needs a voice check.

    Raises:
        ModelError: see `ModelCache.lease`.
    """
    return needs_voice_check(segment) and voice_score(waveform, segment, cache) < MIN_VOICE_SCORE


def needs_voice_check(segment: Segment) -> bool:
    """Return whether the model's own numbers, or the text, speak against a line."""
    unsure_of_words = bool(segment.words) and float(np.mean([w.probability for w in segment.words])) < MIN_WORD_PROBABILITY
    return (
        segment.log_probability < MIN_TRUSTED_LOG_PROBABILITY
        or segment.no_speech_probability > MAX_TRUSTED_NO_SPEECH_PROBABILITY
        or unsure_of_words
        or is_repetitive(segment.text)
    )


def voice_score(waveform: FloatArray, segment: Segment, cache: ModelCache) -> float:
    """Return the maximum YAMNet score of `VOICES` over the patches that overlap `segment`.

    The patches lie as they do when the whole clip is tagged: a piece cut out at a line's edges can sound like a voice by chance.

    Args:
        waveform: float32 [samples] at 16 kHz, on which the segment's times are defined.
        segment: the line.
        cache: for the tagger.
    """
    start, end = int(segment.start * SAMPLE_RATE), int(segment.end * SAMPLE_RATE)
    final = patch_count(len(waveform)) - 1
    first = min(max(0, (start - PATCH_SAMPLES) // PATCH_HOP_SAMPLES + 1), final)
    last = max(first, min(end // PATCH_HOP_SAMPLES, final))
    stop = last * PATCH_HOP_SAMPLES + PATCH_SAMPLES
    samples = np.pad(waveform[first * PATCH_HOP_SAMPLES : stop], (0, max(0, stop - len(waveform))))
    with cache.share(YAMNET, working_bytes=YamnetTagger.working_bytes) as shared:
        scores = YamnetTagger().scores(lend_yamnet(shared), samples)
    return float(scores[:, [class_tree().index(name) for name in VOICES]].max())
