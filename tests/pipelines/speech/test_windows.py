"""How speech regions are packed into windows."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from models.stopping import never_stop
from pipelines.speech.voice_activity import SAMPLE_RATE, SpeechRegion
from pipelines.speech.windows import (
    MAX_WINDOW_SECONDS,
    PADDING_SAMPLES,
    Chunk,
    SpeechWindow,
    fill_with_silence,
    pack,
    pad_regions,
    speech_windows,
)
from tests.assembled_speech import sentences_with_pauses


@pytest.fixture(scope="module")
def waveform() -> FloatArray:
    return sentences_with_pauses(100.0).waveform


def seconds(*regions: tuple[float, float]) -> list[SpeechRegion]:
    return [SpeechRegion(int(start * SAMPLE_RATE), int(end * SAMPLE_RATE)) for start, end in regions]


def windows_of(regions: list[SpeechRegion], clip_seconds: float, first_duration: float = 10.0) -> list[SpeechWindow]:
    return list(pack(pad_regions(regions, int(clip_seconds * SAMPLE_RATE)), first_duration))


def test_padding_never_overlaps() -> None:
    first, second, third = pad_regions(seconds((0.1, 2.0), (2.2, 4.0), (9.0, 9.9)), 10 * SAMPLE_RATE)
    assert first.start == 0
    assert first.end == second.start == int(2.1 * SAMPLE_RATE)
    assert second.end == second.speech.end + PADDING_SAMPLES
    assert third.end == 10 * SAMPLE_RATE


def test_speech_far_apart_shares_no_window() -> None:
    regions = seconds((1.0, 3.0), (12.0, 14.0), (600.0, 602.0))
    assert [[chunk.speech for chunk in window.chunks] for window in windows_of(regions, 700.0)] == [regions[:2], regions[2:]]


def test_windows_are_full_and_end_at_long_pauses() -> None:
    regions = [(at, at + 4.0) for at in (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 38.0, 43.0)]
    first, second, *others = windows_of(seconds(*regions), 60.0)
    assert [chunk.speech for chunk in first.chunks] == seconds(*regions[:2])  # kept short
    assert [chunk.speech for chunk in second.chunks] == seconds(*regions[2:7])  # one more would fit, but not pause
    assert sum(len(window.chunks) for window in (first, second, *others)) == len(regions)
    assert all(window.duration <= MAX_WINDOW_SECONDS for window in (first, second, *others))


def test_times_lead_back_to_the_clip() -> None:
    (window,) = windows_of(seconds((5.0, 7.0), (12.0, 15.0)), 200.0)
    assert window.duration == pytest.approx(2.6 + 3.6)
    assert window.chunk_at(0.0) == 0
    assert window.chunk_at(2.7) == 1
    assert window.clip_time(1.0, 0) == pytest.approx(4.7 + 1.0)
    assert window.clip_time(2.6 + 0.5, 1) == pytest.approx(11.7 + 0.5)
    assert window.clip_time(3.0, 0) == pytest.approx(7.05)  # held within its speech
    assert window.clip_time(99.0, window.chunk_at(99.0)) == pytest.approx(15.05)


def test_the_sound_of_a_window_is_that_of_its_chunks() -> None:
    waveform = np.arange(20 * SAMPLE_RATE, dtype=np.float32)
    (window,) = windows_of(seconds((1.0, 2.0), (10.0, 12.0)), 20.0)
    sound = window.audio(waveform)
    assert len(sound) == window.offsets[-1]
    assert sound[0] == window.chunks[0].start
    assert sound[window.offsets[1]] == window.chunks[1].start


def test_the_rest_of_a_window_is_the_speech_after_a_word() -> None:
    waveform = np.ones(10 * SAMPLE_RATE, np.float32)
    (window,) = windows_of(seconds((1.0, 3.0), (4.0, 5.0), (6.0, 8.0)), 10.0)
    assert window.after(7.5, waveform) is None
    rest = window.after(3.5, waveform)
    assert rest is not None
    assert [chunk.speech for chunk in rest.chunks] == seconds((4.0, 5.0), (6.0, 8.0))
    within = window.after(6.5, waveform)
    assert within is not None
    assert within.chunks[0].start >= 6.5 * SAMPLE_RATE


@pytest.mark.models
def test_without_the_filter_all_of_the_clip_is_packed(waveform: FloatArray) -> None:
    padded = np.concatenate([np.zeros(70 * SAMPLE_RATE, np.float32), waveform])
    windows = list(speech_windows(padded, False, 10.0, never_stop))
    assert np.concatenate([window.audio(padded) for window in windows]).tobytes() == padded.tobytes()
    assert all(window.duration <= MAX_WINDOW_SECONDS for window in windows)


def test_silence_has_windows_only_without_the_filter() -> None:
    silence = np.zeros(12 * SAMPLE_RATE, np.float32)
    assert list(speech_windows(silence, True, 10.0, never_stop)) == []
    assert sum(window.duration for window in speech_windows(silence, False, 10.0, never_stop)) == 12.0
    assert [chunk.samples for chunk in fill_with_silence([], SAMPLE_RATE)] == [SAMPLE_RATE]


def test_what_is_left_of_a_window_begins_at_a_pause_after_the_last_word() -> None:
    waveform = np.ones(40 * SAMPLE_RATE, np.float32)
    waveform[int(6.3 * SAMPLE_RATE) : int(6.4 * SAMPLE_RATE)] = 0.0
    (window,) = windows_of(seconds((1.0, 3.3), (4.0, 9.0)), 40.0)
    near_its_end, within = window.after(2.7, waveform), window.after(6.1, waveform)
    assert near_its_end is not None
    assert near_its_end.chunks == window.chunks[1:]  # 0.6 s are the end of the word and silence, not a word that was left out
    assert within is not None
    assert within.chunks[0].start / SAMPLE_RATE == pytest.approx(6.35, abs=0.05)
    assert window.after(8.5, waveform) is None


def test_a_window_is_halved_at_a_long_pause_near_its_middle_and_speech_without_one_at_its_quietest_moment() -> None:
    waveform = np.ones(40 * SAMPLE_RATE, np.float32)
    waveform[int(7.0 * SAMPLE_RATE) : int(7.1 * SAMPLE_RATE)] = 0.1
    (window,) = windows_of(seconds((1.0, 4.0), (4.4, 7.0), (7.8, 11.0), (11.4, 14.0), (18.0, 19.0)), 40.0, 28.0)
    assert [len(half.chunks) for half in window.halves(waveform)] == [2, 3]
    (unbroken,) = windows_of(seconds((1.0, 15.0)), 40.0, 28.0)
    first, second = unbroken.halves(waveform)
    assert first.chunks[0].end == second.chunks[0].start == pytest.approx(7.05 * SAMPLE_RATE, abs=0.05 * SAMPLE_RATE)
    (short,) = windows_of(seconds((1.0, 5.0)), 40.0)
    assert short.halves(waveform) == (short,)


def test_a_short_sound_away_from_other_speech_has_a_window_of_its_own() -> None:
    windows = windows_of(
        seconds((1.0, 4.0), (5.5, 5.75), (8.0, 10.0), (10.5, 10.7), (11.0, 12.0), (14.0, 14.6), (17.0, 17.2)), 40.0
    )
    spoken = [[(c.speech.start / SAMPLE_RATE, c.speech.end / SAMPLE_RATE) for c in window.chunks] for window in windows]
    assert spoken == [[(1.0, 4.0)], [(5.5, 5.75)], [(8.0, 10.0), (10.5, 10.7), (11.0, 12.0), (14.0, 14.6)], [(17.0, 17.2)]]
    assert [window.is_short for window in windows] == [False, True, False, True]


def test_a_long_chunk_is_cut_at_its_longest_pauses_until_its_pieces_are_short() -> None:
    loud = np.random.default_rng(0).normal(0.0, 0.1, 10 * SAMPLE_RATE).astype(np.float32)
    for start, end in ((2.0, 2.2), (4.9, 5.3), (6.0, 6.05)):  # the last one is within a word
        loud[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)] = 1e-4
    chunk = Chunk(0, len(loud), SpeechRegion(0, len(loud)))
    pieces = chunk.pieces(loud, 4 * SAMPLE_RATE)
    assert [piece.start / SAMPLE_RATE for piece in pieces[:3]] == pytest.approx([0.0, 2.1, 5.1], abs=0.03)
    assert max(piece.samples for piece in pieces) <= 4 * SAMPLE_RATE
    assert [piece.end for piece in pieces[:-1]] == [piece.start for piece in pieces[1:]]
    assert chunk.pieces(loud, len(loud)) == [chunk]
