"""What the piano roll gets."""

from __future__ import annotations

from dataclasses import replace

import orjson

from components.notes.roll import beat_rows, pitch_names, roll_value
from pipelines.music.rhythm.types import Beats
from pipelines.notes.notes import KICK, Note, NotePart
from tests.components.notes.test_edit_events import NOW


def test_bars_are_numbered_as_in_the_score() -> None:
    upbeat = Beats(times=(0.0, 0.5, 1.0, 1.5), positions=(4, 1, 2, 3), beats_per_bar=4, beat_unit=4, confidence=0.9)
    assert beat_rows(NOW)[:5] == [[0.0, 1], [0.5, None], [1.0, None], [1.5, None], [2.0, 2]]
    assert beat_rows(replace(NOW, beats=upbeat))[:2] == [[0.0, 0], [0.5, 1]]
    assert beat_rows(replace(NOW, beats=None)) == []


def test_notes_are_rows_with_their_curves_and_pedals_are_pairs() -> None:
    value = roll_value("token", replace(NOW, pedals=((0.5, 1.5),)))
    assert value["pedals"] == [[0.5, 1.5]]
    assert value["notes"] == [[0.5, 1.0, 60, 80, 0, [0.0, 0.3]], [1.07, 1.5, 64, 70, 0]]
    assert value["parts"] == [{"name": "Piano", "drums": None}]


def test_a_value_with_drums_can_be_sent() -> None:
    hit = Note(0.5, 0.6, KICK, 90, "Drums")
    drums = replace(NOW, notes=(*NOW.notes, hit), parts=(*NOW.parts, NotePart("Drums", 0, is_drums=True)))
    sent = orjson.loads(orjson.dumps(roll_value("token", drums)))
    assert sent["parts"][1]["drums"][str(KICK)] == "Kick"


def test_pitches_are_spelled_by_the_key() -> None:
    names = pitch_names(replace(NOW, key=("C", "minor")))
    assert names is not None
    assert (names[3], names[10], names[11]) == ("E♭", "B♭", "B")
    sharp = pitch_names(replace(NOW, key=("D", "major")))
    assert sharp is not None
    assert sharp[6] == "F♯"
    assert pitch_names(replace(NOW, key=None)) is None
