from __future__ import annotations

import numpy as np
import pytest

from pipelines.music.harmony.note_activations import LOWEST_PITCH, NoteFrames
from pipelines.notes.decoding import decode_notes
from pipelines.notes.notes import NoteOptions

RATE = 86.13
C4 = 60


def frames_of(*played: tuple[int, int, int], length: int = 400) -> NoteFrames:
    """Activations of (pitch, first frame, frame after the last one)."""
    frames = NoteFrames(*(np.zeros((length, bins), dtype=np.float32) for bins in (88, 88, 264)))
    for pitch, start, end in played:
        frames.notes[start:end, pitch - LOWEST_PITCH] = 0.8
        frames.onsets[start, pitch - LOWEST_PITCH] = 0.9
    return frames


def spans(frames: NoteFrames, options: NoteOptions = NoteOptions()) -> list[tuple[int, float, int]]:
    return [(note.pitch, note.start, note.end) for note in decode_notes(frames, options, RATE)]


def test_a_note_lasts_as_long_as_its_activation() -> None:
    assert spans(frames_of((C4, 10, 90), (C4 + 4, 200, 400))) == [(C4, 10, 90), (C4 + 4, 200, 400)]


def test_sixteen_repeated_notes_stay_sixteen() -> None:
    played = [(C4, 10 + 11 * number, 21 + 11 * number) for number in range(16)]
    assert spans(frames_of(*played)) == played


def test_a_short_dip_of_a_held_note_does_not_repeat_it() -> None:
    frames = frames_of((C4, 10, 300))
    frames.notes[100:106, C4 - LOWEST_PITCH] = 0.1
    assert spans(frames) == [(C4, 10, 300)]


def test_an_onset_without_a_sound_is_no_note() -> None:
    frames = frames_of((C4, 300, 350))
    frames.onsets[100, C4 - LOWEST_PITCH] = 0.9
    assert spans(frames) == [(C4, 300, 350)]
    assert spans(frames_of()) == []


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
    assert [pitch for pitch, *_ in spans(frames_of((C4, 10, 90), (C4 + 4, 100, 112)), options)] == kept
