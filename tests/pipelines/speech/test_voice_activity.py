"""Where speech is found."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from models.stopping import never_stop
from pipelines.speech.voice_activity import (
    BLOCK_FRAMES,
    FRAME_SAMPLES,
    MAX_REGION_FRAMES,
    MIN_SILENCE_FRAMES,
    SpeechRegion,
    find_regions,
    speech_probabilities,
)
from tests.assembled_speech import sentences_with_pauses


@pytest.fixture(scope="module")
def waveform() -> FloatArray:
    return sentences_with_pauses(100.0).waveform


def test_block_by_block_gives_the_probabilities_of_the_whole(waveform: FloatArray) -> None:
    from faster_whisper.vad import get_vad_model

    assert len(waveform) > 2 * BLOCK_FRAMES * FRAME_SAMPLES
    whole = get_vad_model()(np.pad(waveform, (0, -len(waveform) % FRAME_SAMPLES))).reshape(-1)
    np.testing.assert_array_equal(np.concatenate(list(speech_probabilities(waveform, never_stop))), whole)


def test_regions_are_those_of_faster_whisper(waveform: FloatArray) -> None:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=MIN_SILENCE_FRAMES * 32, speech_pad_ms=0)
    expected = [(found["start"], found["end"]) for found in get_speech_timestamps(waveform, options)]
    probabilities = (float(p) for block in speech_probabilities(waveform, never_stop) for p in block)
    found = [(s.start * FRAME_SAMPLES, min(s.end * FRAME_SAMPLES, len(waveform))) for s in find_regions(probabilities)]
    assert len(found) > 10
    assert found == expected


def test_a_region_that_never_pauses_is_cut_where_it_sounds_least_like_speech() -> None:
    probabilities = np.full(2000, 0.9)
    probabilities[700] = 0.4
    first, *others = find_regions(probabilities.tolist())
    assert first == SpeechRegion(0, 700)
    assert [s.start for s in others] == [first.end, *(s.end for s in others[:-1])]
    assert others[-1].end == 2000
    assert all(s.end - s.start <= MAX_REGION_FRAMES + 1 for s in others)


def test_stop_is_looked_at_before_each_block(waveform: FloatArray) -> None:
    answers = iter([False, True])
    assert len(list(speech_probabilities(waveform, lambda: next(answers)))) == 1
