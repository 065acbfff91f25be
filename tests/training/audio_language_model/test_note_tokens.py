"""The token language of notes."""

from __future__ import annotations

import pytest

from training.audio_language_model.metrics import note_scores
from training.audio_language_model.note_tokens import TextNote, midi_of_notes, note_vocabulary, notes_to_text, text_to_notes

NOTES = [TextNote(0.0, 0.5, 60, 80), TextNote(0.0, 0.25, 64, 70), TextNote(1.23, 1.5, 21, 1)]


def test_notes_come_back_from_their_tokens() -> None:
    assert text_to_notes(notes_to_text(reversed(NOTES))) == NOTES


def test_every_token_of_a_note_is_in_the_vocabulary() -> None:
    tokens = {f"<{part}>" for part in notes_to_text(NOTES).strip("<>").split("><")}
    assert tokens <= set(note_vocabulary(2))
    assert len(note_vocabulary(2)) == 2 * 201 + 2 * 128


def test_what_is_no_whole_note_is_passed_over() -> None:
    text = "<onset 5><pitch 60><onset 7><pitch 61><velocity 9><duration 3><pitch 1><onset 9><pitch 200><velocity 9><duration 3>"
    assert text_to_notes(text) == [TextNote(0.07, 0.1, 61, 9)]


def test_the_midi_file_plays_the_notes_at_their_times() -> None:
    playing: dict[int, float] = {}
    found, now = [], 0.0
    for message in midi_of_notes(NOTES):
        now += message.time
        if message.type == "note_on":
            playing[message.note] = now
        elif message.type == "note_off":
            found.append((round(playing.pop(message.note), 2), round(now, 2), message.note))
    assert sorted(found) == [
        (note.start, note.end, note.pitch) for note in sorted(NOTES, key=lambda note: (note.start, note.end))
    ]


def test_a_note_in_the_wrong_place_halves_the_f_measure() -> None:
    late = [NOTES[0], TextNote(0.2, 0.45, 64, 70)]
    assert note_scores([late], [NOTES[:2]])["onset_f"] == pytest.approx(0.5)
    assert note_scores([[]], [NOTES]) == {"onset_f": 0.0, "note_f": 0.0}
