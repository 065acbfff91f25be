from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.notes.piano.decoding import (
    FRAME,
    OFFSET,
    ONSET,
    PEDAL_DOWN,
    PEDAL_RELEASE,
    VELOCITY,
    PianoThresholds,
    decode_pedals,
    decode_piano,
    refined,
)
from pipelines.notes.piano.spectrogram import PIANO_SAMPLE_RATE, frame_count, log_mel

KEY = 60 - 21
LIMITS = PianoThresholds()


def ramp(frames: int, *times: float) -> FloatArray:
    """Triangles of 2.5 frames either way, as the network learns them at 50 frames a second."""
    distance = np.abs(np.arange(frames)[:, np.newaxis] - np.array(times)).min(axis=1, initial=np.inf)
    triangles: FloatArray = np.maximum(0, 1 - distance / 2.5).astype(np.float32)
    return triangles


def curves(frames: int, *played: tuple[float, float]) -> FloatArray:
    made = np.zeros((frames, 4, 88), dtype=np.float32)
    made[:, ONSET, KEY] = ramp(frames, *(start for start, _ in played))
    made[:, OFFSET, KEY] = ramp(frames, *(end for _, end in played))
    for start, end in played:
        made[int(start) : int(end) + 1, FRAME, KEY] = 1
    made[:, VELOCITY, KEY] = 0.5
    return made


def spans(notes: FloatArray) -> list[tuple[float, float]]:
    return [(note.start, note.end) for note in decode_piano(notes, LIMITS)]


@pytest.mark.parametrize("time", [10.0, 10.2, 10.49, 10.5, 10.8])
def test_times_are_finer_than_frames(time: float) -> None:
    (start, end), *others = spans(curves(60, (time, time + 20.3)))
    assert not others
    assert (start, end) == pytest.approx((time, time + 20.3), abs=1e-3)


def test_repeated_notes_stay_apart_where_the_string_sounds_on() -> None:
    played = [(5 + 6.25 * number, 5 + 6.25 * (number + 1)) for number in range(16)]
    found = spans(curves(120, *played))
    assert [start for start, _ in found] == pytest.approx([start for start, _ in played], abs=1e-3)


def test_a_held_note_is_not_repeated_without_an_onset() -> None:
    notes = curves(200, (10.0, 190.0))
    notes[100:104, FRAME, KEY] = 0.6  # a dip while another string beats with it
    assert len(spans(notes)) == 1


def test_a_note_without_an_offset_ends_where_it_no_longer_sounds() -> None:
    notes = curves(60, (10.0, 30.0))
    notes[:, OFFSET] = 0
    assert spans(notes) == [(10.0, 31.0)]


def test_a_peak_at_the_edge_has_the_time_of_its_frame() -> None:
    assert refined(np.array([1.0, 0.5], dtype=np.float32), 0) == 0.0


def test_the_pedal_is_lifted_between_two_times_that_it_is_down() -> None:
    pedal = np.zeros((100, 3), dtype=np.float32)
    pedal[10:80, PEDAL_DOWN] = 1
    pedal[90:93, PEDAL_DOWN] = 1  # too short to be a foot
    pedal[:, PEDAL_RELEASE] = ramp(100, 40.3, 80.0)
    assert decode_pedals(pedal, LIMITS.pedal) == [(10.0, pytest.approx(40.3, abs=1e-3)), (pytest.approx(40.3, abs=1e-3), 80.0)]


def test_frames_of_the_spectrogram_are_centred_and_the_same_in_every_block() -> None:
    sound = np.zeros(PIANO_SAMPLE_RATE, dtype=np.float32)
    sound[8000] = 1
    frames = frame_count(len(sound), 320)
    whole = log_mel(sound, 320, 0, frames)
    assert whole.shape == (51, 229)
    assert int(whole.mean(axis=1).argmax()) == 8000 // 320
    assert log_mel(sound, 320, 20, 10) == pytest.approx(whole[20:30])
