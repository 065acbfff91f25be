from __future__ import annotations

import json

import pytest

from models.errors import InvalidOption
from pipelines.music.rhythm.types import Beats, MetreCandidate
from pipelines.notes.notes import Note, NoteOptions, NotePart, NoteTranscription

BEATS = Beats((0.5, 1.0), (1, 2), 2, 4, 0.9, (MetreCandidate(3, 4, 0.1),))
NOTES = (Note(0.5, 1.0, 60, 80, "Piano", (0.0, 0.1)), Note(1.0, 1.1, 36, 90, "Drums"))
PARTS = (NotePart("Piano", 0), NotePart("Drums", 0, True))


@pytest.mark.parametrize("key", [None, ("Bb", "minor")])
def test_a_transcription_comes_back_from_json(key: tuple[str, str] | None) -> None:
    transcription = NoteTranscription(2.0, NOTES, PARTS, 12.0, BEATS if key else None, key, state="done")  # type: ignore[arg-type]
    assert NoteTranscription.from_dict(json.loads(json.dumps(transcription.to_dict()))) == transcription


def test_edited_notes_are_put_in_order() -> None:
    assert NoteTranscription(2.0, NOTES, PARTS).with_notes(NOTES[::-1]).notes == NOTES


@pytest.mark.parametrize(
    "options",
    [
        NoteOptions(mode="choir"),  # type: ignore[arg-type]
        NoteOptions(onset_threshold=1.2),
        NoteOptions(frame_threshold=0.0),
        NoteOptions(min_note_seconds=-1),
        NoteOptions(lowest_pitch=70, highest_pitch=60),
        NoteOptions(lowest_pitch=0),
    ],
)
def test_options_outside_their_limits_are_refused(options: NoteOptions) -> None:
    with pytest.raises(InvalidOption):
        options.check()
