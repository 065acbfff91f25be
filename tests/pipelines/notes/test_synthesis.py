from __future__ import annotations

import librosa
import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.notes.notes import KICK, Note, NotePart
from pipelines.notes.synthesis import SYNTHESIS_RATE, note_sound

PARTS = (NotePart("Piano", 0), NotePart("Flute", 73), NotePart("Drums", 0, True))


def strongest_pitch(sound: FloatArray) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 2**17))
    return float(librosa.hz_to_midi(spectrum.argmax() * SYNTHESIS_RATE / 2**17))


@pytest.mark.parametrize("part", ["Piano", "Flute"])
def test_notes_sound_at_their_times_and_pitches(part: str) -> None:
    sound = note_sound([Note(0.5, 1.0, 64, 100, part), Note(1.5, 2.0, 69, 50, part)], PARTS, 3.0)
    assert len(sound) == 3 * SYNTHESIS_RATE
    begins = [round(seconds * SYNTHESIS_RATE) for seconds in (0.05, 0.5, 1.1, 1.5)]
    silent, first, between, second = (sound[begin : begin + round(0.4 * SYNTHESIS_RATE)] for begin in begins)
    assert not silent.any()
    assert not between[: round(0.3 * SYNTHESIS_RATE)].any()
    assert (strongest_pitch(first), strongest_pitch(second)) == pytest.approx((64, 69), abs=0.1)
    assert np.abs(second).max() == pytest.approx(np.abs(first).max() / 4, rel=0.25)


def test_the_sound_follows_a_curve_and_the_tuning() -> None:
    sound = note_sound([Note(0.0, 1.0, 69, 100, "Flute", (0.0, 0.0, 2.0, 2.0))], PARTS, 1.0, tuning_cents=30.0)
    half = SYNTHESIS_RATE // 3
    assert strongest_pitch(sound[:half]) == pytest.approx(69.3, abs=0.1)
    assert strongest_pitch(sound[-half:]) == pytest.approx(71.3, abs=0.1)


def test_many_notes_at_once_do_not_clip_and_late_ones_are_left_out() -> None:
    notes = [Note(0.0, 1.0, pitch, 127, "Piano") for pitch in range(40, 90)] + [Note(2.0, 3.0, KICK, 127, "Drums")]
    sound = note_sound(notes, PARTS, 1.0)
    assert np.abs(sound).max() == pytest.approx(0.8)
    assert not note_sound([], PARTS, 1.0).any()
