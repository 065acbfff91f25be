"""Where speech is found and how it is packed."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from models.stopping import never_stop
from pipelines.speech.vad_windows import (
    BLOCK_FRAMES,
    FRAME_SAMPLES,
    LONGEST_STRETCH_FRAMES,
    LONGEST_WINDOW_SECONDS,
    MARGIN_SAMPLES,
    MIN_SILENCE_FRAMES,
    SAMPLE_RATE,
    SpeechWindow,
    Stretch,
    find_stretches,
    pack,
    speech_probabilities,
    speech_windows,
    with_margins,
    with_silence,
)
from tests.assembled_speech import sentences_with_pauses


@pytest.fixture(scope="module")
def waveform() -> FloatArray:
    return sentences_with_pauses(100.0).waveform


def seconds(*stretches: tuple[float, float]) -> list[Stretch]:
    return [Stretch(int(start * SAMPLE_RATE), int(end * SAMPLE_RATE)) for start, end in stretches]


def windows_of(stretches: list[Stretch], clip_seconds: float, first_seconds: float = 10.0) -> list[SpeechWindow]:
    return list(pack(with_margins(stretches, int(clip_seconds * SAMPLE_RATE)), first_seconds))


def test_block_by_block_gives_the_probabilities_of_the_whole(waveform: FloatArray) -> None:
    from faster_whisper.vad import get_vad_model

    assert len(waveform) > 2 * BLOCK_FRAMES * FRAME_SAMPLES
    whole = get_vad_model()(np.pad(waveform, (0, -len(waveform) % FRAME_SAMPLES))).reshape(-1)
    np.testing.assert_array_equal(np.concatenate(list(speech_probabilities(waveform, never_stop))), whole)


def test_stretches_are_those_of_faster_whisper(waveform: FloatArray) -> None:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=MIN_SILENCE_FRAMES * 32, speech_pad_ms=0)
    expected = [(found["start"], found["end"]) for found in get_speech_timestamps(waveform, options)]
    probabilities = (float(p) for block in speech_probabilities(waveform, never_stop) for p in block)
    found = [(s.start * FRAME_SAMPLES, min(s.end * FRAME_SAMPLES, len(waveform))) for s in find_stretches(probabilities)]
    assert len(found) > 10
    assert found == expected


def test_an_endless_stretch_is_cut_where_it_sounds_least_like_speech() -> None:
    probabilities = np.full(2000, 0.9)
    probabilities[700] = 0.4
    first, *others = find_stretches(probabilities.tolist())
    assert first == Stretch(0, 700)
    assert [s.start for s in others] == [first.end, *(s.end for s in others[:-1])]
    assert others[-1].end == 2000
    assert all(s.end - s.start <= LONGEST_STRETCH_FRAMES + 1 for s in others)


def test_stop_is_looked_at_before_each_block(waveform: FloatArray) -> None:
    answers = iter([False, True])
    assert len(list(speech_probabilities(waveform, lambda: next(answers)))) == 1


def test_margins_never_overlap() -> None:
    first, second, third = with_margins(seconds((0.1, 2.0), (2.2, 4.0), (9.0, 9.9)), 10 * SAMPLE_RATE)
    assert first.start == 0
    assert first.end == second.start == int(2.1 * SAMPLE_RATE)
    assert second.end == second.speech.end + MARGIN_SAMPLES
    assert third.end == 10 * SAMPLE_RATE


def test_windows_are_full_and_end_at_long_pauses() -> None:
    stretches = [(at, at + 4.0) for at in (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 38.0, 43.0)]
    first, second, *others = windows_of(seconds(*stretches), 60.0)
    assert [piece.speech for piece in first.pieces] == seconds(*stretches[:2])  # kept short
    assert [piece.speech for piece in second.pieces] == seconds(*stretches[2:7])  # one more would fit, but not pause
    assert sum(len(window.pieces) for window in (first, second, *others)) == len(stretches)
    assert all(window.seconds <= LONGEST_WINDOW_SECONDS for window in (first, second, *others))


def test_times_lead_back_to_the_clip() -> None:
    (window,) = windows_of(seconds((5.0, 7.0), (100.0, 103.0)), 200.0)
    assert window.seconds == pytest.approx(2.6 + 3.6)
    assert window.piece_at(0.0) == 0
    assert window.piece_at(2.7) == 1
    assert window.clip_time(1.0, 0) == pytest.approx(4.7 + 1.0)
    assert window.clip_time(2.6 + 0.5, 1) == pytest.approx(99.7 + 0.5)
    assert window.clip_time(3.0, 0) == pytest.approx(7.05)  # held within its speech
    assert window.clip_time(99.0, window.piece_at(99.0)) == pytest.approx(103.05)


def test_the_sound_of_a_window_is_that_of_its_pieces() -> None:
    waveform = np.arange(20 * SAMPLE_RATE, dtype=np.float32)
    (window,) = windows_of(seconds((1.0, 2.0), (10.0, 12.0)), 20.0)
    sound = window.sound(waveform)
    assert len(sound) == window.offsets[-1]
    assert sound[0] == window.pieces[0].start
    assert sound[window.offsets[1]] == window.pieces[1].start


def test_what_was_not_heard_yet() -> None:
    (window,) = windows_of(seconds((1.0, 3.0), (4.0, 5.0), (6.0, 8.0)), 10.0)
    assert window.after(7.5) is None
    rest = window.after(3.5)
    assert rest is not None
    assert [piece.speech for piece in rest.pieces] == seconds((4.0, 5.0), (6.0, 8.0))
    middle = window.after(6.5)
    assert middle is not None
    assert middle.pieces[0].start == int(6.5 * SAMPLE_RATE)


def test_without_the_filter_all_of_the_clip_is_heard(waveform: FloatArray) -> None:
    padded = np.concatenate([np.zeros(70 * SAMPLE_RATE, np.float32), waveform])
    windows = list(speech_windows(padded, False, 10.0, never_stop))
    assert np.concatenate([window.sound(padded) for window in windows]).tobytes() == padded.tobytes()
    assert all(window.seconds <= LONGEST_WINDOW_SECONDS for window in windows)


def test_silence_has_windows_only_without_the_filter() -> None:
    silence = np.zeros(12 * SAMPLE_RATE, np.float32)
    assert list(speech_windows(silence, True, 10.0, never_stop)) == []
    assert sum(window.seconds for window in speech_windows(silence, False, 10.0, never_stop)) == 12.0
    assert [piece.samples for piece in with_silence([], SAMPLE_RATE)] == [SAMPLE_RATE]
