from __future__ import annotations

import numpy as np
import pytest

from models.arrays import AnyArray, FloatArray
from pipelines.music.harmony.note_activations import LOWEST_PITCH, NoteFrames
from pipelines.notes.detection.decoding import FrameNote
from pipelines.notes.detection.melody import decode_melody, strongest_line, with_curves
from pipelines.notes.detection.note_candidates import Candidates
from pipelines.notes.notes import NoteOptions

RATE = 86.13
C4 = 60


def contours_of(pitches: AnyArray, strength: float = 0.8) -> FloatArray:
    """Contours [frames, 264] of a line of pitches [frames]; NaN is silence."""
    bins = 3 * (pitches[:, np.newaxis] - LOWEST_PITCH) + 1
    contours: FloatArray = np.nan_to_num(strength * np.exp(-np.square((np.arange(264) - bins) / 0.8))).astype(np.float32)
    return contours


def melody(
    contours: AnyArray,
    onsets: tuple[tuple[int, int], ...] = (),
    options: NoteOptions = NoteOptions(),
    levels: FloatArray | None = None,
) -> list[FrameNote]:
    nothing = np.zeros((len(contours), 88), dtype=np.float32)
    frames, columns = (np.array([pair[side] for pair in onsets], dtype=np.int64) for side in (0, 1))
    candidates = Candidates(frames, columns - LOWEST_PITCH, np.full(len(onsets), 0.9, dtype=np.float32))
    return decode_melody(NoteFrames(nothing, nothing, contours), nothing if levels is None else levels, candidates, options, RATE)


def held(*spans: tuple[float, int]) -> AnyArray:
    return np.concatenate([np.full(length, pitch) for pitch, length in spans])


def test_a_line_is_cut_where_its_pitch_changes_and_where_it_is_silent() -> None:
    notes = melody(contours_of(held((C4, 40), (C4 + 2, 40), (np.nan, 20), (C4 + 2, 40))))
    assert [note.pitch for note in notes] == [C4, C4 + 2, C4 + 2]
    assert [note.start for note in notes] == pytest.approx([0, 40, 100], abs=4)


def test_an_activation_that_falls_below_the_threshold_for_a_while_ends_no_note_but_silence_does() -> None:
    contours = contours_of(held((C4, 90)))
    contours[30:60] *= 0.25
    assert len(melody(contours)) == 1
    quiet = np.zeros((90, 88), dtype=np.float32)
    quiet[40:48] = -60.0
    assert [note.pitch for note in melody(contours, levels=quiet)] == [C4, C4]


def test_a_repeated_pitch_is_cut_where_it_begins_anew() -> None:
    notes = melody(contours_of(held((C4, 90))), ((0, C4), (45, C4), (60, C4 + 7)))
    assert [(note.pitch, note.start, note.end) for note in notes] == [(C4, 0, 45), (C4, 45, 90)]


def test_vibrato_is_one_note_whose_curve_has_it() -> None:
    (note,) = melody(contours_of(C4 + 0.5 * np.sin(2 * np.pi * 6 * np.arange(170) / RATE)))
    assert note.pitch == C4
    assert max(note.bend) == pytest.approx(0.5, abs=0.15)
    assert min(note.bend) == pytest.approx(-0.5, abs=0.15)


def test_a_stronger_or_louder_line_is_followed_and_a_short_burst_elsewhere_is_not() -> None:
    high, low = contours_of(held((C4, 100))), contours_of(held((C4 - 12, 100)))
    high[50:52] = np.maximum(high[50:52], contours_of(held((C4 + 19, 2)), 0.9))
    column, levels = 3 * (C4 - LOWEST_PITCH) + 1, np.zeros_like(high)
    assert set(strongest_line(np.maximum(high, 0.6 * low), levels)) == {column}
    levels[:, column - 1 : column + 2] = -3.0
    assert set(strongest_line(np.maximum(high, low), levels)) == {column - 36}


@pytest.mark.parametrize("options", [NoteOptions(frame_threshold=0.9), NoteOptions(lowest_pitch=C4 + 12)])
def test_what_is_too_soft_or_out_of_range_is_no_melody(options: NoteOptions) -> None:
    assert melody(contours_of(held((C4, 60))), options=options) == []


def test_polyphonic_notes_get_the_curves_of_their_own_pitches() -> None:
    contours = np.maximum(contours_of(np.linspace(C4, C4 + 0.6, 60)), contours_of(held((C4 + 7, 60))))
    bent, steady = with_curves([FrameNote(0.0, 60, C4), FrameNote(0.0, 60, C4 + 7)], contours)
    assert bent.bend[-1] == pytest.approx(0.6, abs=0.15)
    assert np.abs(steady.bend).max() < 0.05
