from __future__ import annotations

import numpy as np
import pytest

from pipelines.music.harmony.note_activations import LOWEST_PITCH, NoteFrames
from pipelines.notes.detection.decoding import decode_notes
from pipelines.notes.detection.note_candidates import Candidates
from pipelines.notes.notes import NoteOptions

RATE = 86.13
C4 = 60


def activity(*played: tuple[int, int, int], length: int = 400) -> tuple[NoteFrames, Candidates]:
    """Activations and candidates of (pitch, first frame, frame after the last one)."""
    frames = NoteFrames(*(np.zeros((length, bins), dtype=np.float32) for bins in (88, 88, 264)))
    for pitch, start, end in played:
        frames.notes[start:end, pitch - LOWEST_PITCH] = 0.8
        frames.onsets[start, pitch - LOWEST_PITCH] = 0.9
    starts, columns = (
        np.array(values) for values in zip(*((start, pitch - LOWEST_PITCH) for pitch, start, _ in played), strict=True)
    )
    return frames, Candidates(starts, columns, np.full(len(played), 0.9, dtype=np.float32))


def spans(frames: NoteFrames, candidates: Candidates, options: NoteOptions = NoteOptions()) -> list[tuple[int, float, int]]:
    return [(note.pitch, note.start, note.end) for note in decode_notes(frames, candidates, options, RATE)]


def test_a_note_lasts_as_long_as_its_activation() -> None:
    played = [(C4, 10, 90), (C4 + 4, 200, 400)]
    assert spans(*activity(*played)) == played


def test_sixteen_repeated_notes_stay_sixteen() -> None:
    played = [(C4, 10 + 11 * number, 21 + 11 * number) for number in range(16)]
    assert spans(*activity(*played)) == played


def test_of_two_beginnings_that_are_too_close_there_is_one() -> None:
    assert spans(*activity((C4, 10, 90), (C4, 12, 90))) == [(C4, 10, 90)]


def test_a_short_dip_of_a_held_note_does_not_end_it() -> None:
    frames, candidates = activity((C4, 10, 300))
    frames.notes[100:106, C4 - LOWEST_PITCH] = 0.1
    assert spans(frames, candidates) == [(C4, 10, 300)]


def test_a_beginning_without_a_sound_is_no_note() -> None:
    frames, candidates = activity((C4, 100, 110), (C4, 300, 350))
    frames.notes[:200] = 0
    assert spans(frames, candidates) == [(C4, 300, 350)]
    frames.notes[:] = 0
    assert spans(frames, candidates) == []


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (NoteOptions(min_note_seconds=0.5), [C4]),
        (NoteOptions(lowest_pitch=C4 + 1), [C4 + 4]),
        (NoteOptions(highest_pitch=C4 + 1), [C4]),
        (NoteOptions(onset_threshold=0.95), []),
        (NoteOptions(frame_threshold=0.85), []),
    ],
)
def test_options_leave_notes_out(options: NoteOptions, kept: list[int]) -> None:
    assert [pitch for pitch, *_ in spans(*activity((C4, 10, 90), (C4 + 4, 100, 112)), options)] == kept
