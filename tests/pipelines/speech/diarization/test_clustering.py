"""The number of speakers and a speaker for every word, on embeddings that are drawn around known directions."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.speech.diarization.clustering import MAX_CLUSTERED_WINDOWS, find_speakers
from pipelines.speech.diarization.units import label_units
from pipelines.speech.diarization.voices import HOP_SAMPLES, WINDOW_SAMPLES, VoiceWindows, window_starts
from pipelines.speech.voice_activity import SAMPLE_RATE, SpeechRegion

WIDTH = 64
CENTRES = np.eye(WIDTH, dtype=np.float32) + np.float32(0.15)


def drawn(*speakers: int) -> FloatArray:
    """An embedding of unit length for each window, near the direction of its speaker."""
    noise = np.random.default_rng(0).normal(0.0, 0.06, (len(speakers), WIDTH)).astype(np.float32)
    embeds = CENTRES[list(speakers)] / np.linalg.norm(CENTRES[0]) + noise
    normed: FloatArray = embeds / np.linalg.norm(embeds, axis=1, keepdims=True)
    return normed


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_number_of_speakers_is_found(count: int) -> None:
    assert len(find_speakers(drawn(*list(range(count)) * 20), None)) == count


def test_the_number_that_is_asked_for_is_given_and_never_more_than_there_are_windows() -> None:
    assert len(find_speakers(drawn(*[0, 1, 2] * 20), 2)) == 2
    assert len(find_speakers(drawn(0), 4)) == 1


def test_of_a_long_clip_evenly_spread_windows_are_clustered() -> None:
    embeds = drawn(*[0] * MAX_CLUSTERED_WINDOWS, *[1] * MAX_CLUSTERED_WINDOWS, *[2] * MAX_CLUSTERED_WINDOWS)
    found = find_speakers(embeds, 3)
    assert sorted((found @ CENTRES[:3].T).argmax(axis=1).tolist()) == [0, 1, 2]


def test_windows_lie_within_their_region_and_a_short_region_is_the_middle_of_one() -> None:
    long, short = SpeechRegion(16_000, 16_000 + 60_000), SpeechRegion(100_000, 104_000)
    *inside, middle = window_starts([long, short]).tolist()
    assert inside[0] == long.start
    assert inside[-1] == long.end - WINDOW_SAMPLES
    assert np.diff(inside).max() <= HOP_SAMPLES
    assert middle + WINDOW_SAMPLES // 2 == 102_000
    assert window_starts([]).tolist() == []


def windows(*speakers: int) -> VoiceWindows:
    """A window every 0.4 s."""
    centres = np.arange(len(speakers)) * HOP_SAMPLES / SAMPLE_RATE
    return VoiceWindows(centres.astype(np.float32), drawn(*speakers))


def test_words_change_their_speaker_with_the_voice_and_one_odd_window_changes_nothing() -> None:
    found = windows(*[0] * 5, 1, *[0] * 5, *[1] * 10)
    words = [(at * 0.3, at * 0.3 + 0.25) for at in range(27)]
    labels = label_units(words, found, find_speakers(drawn(*[0, 1] * 20), 2)).tolist()
    assert len(set(labels)) == 2
    changes = [words[at][0] for at in range(1, len(labels)) if labels[at] != labels[at - 1]]
    assert changes == [pytest.approx(11 * 0.4, abs=0.45)]


def test_words_without_a_window_have_the_first_speaker() -> None:
    nothing = VoiceWindows(np.zeros(0, np.float32), np.zeros((0, 1), np.float32))
    assert label_units([(0.0, 1.0)], nothing, np.eye(2, dtype=np.float32)).tolist() == [0]
