"""Recordings of known instruments are read as `instruments.json` lists them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.accuracy.readers import instruments
from benchmarks.accuracy.readers.instruments import PHRASE_SECONDS, TABLE_FILE, entries, tracks
from benchmarks.accuracy.sources import Source, read_sources

RATE = 44_100


def source(name: str) -> Source:
    return Source(name, "instruments", "", "", "", "real", "tuning", "", "", ("instruments",))


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lines = [
        {"files": "notes/*.wav", "instruments": ["Flute"], "phrases": 2},
        {"files": "song.wav", "instruments": ["Guitar", "Drums"], "with_file": "guitar.wav", "others": True},
        {"files": "song.wav", "instruments": ["Choir"], "seconds": 10},
        {"files": "song.wav", "instruments": [], "others": True, "sung": False},
    ]
    file = tmp_path / "instruments.json"
    file.write_text(json.dumps({"made": lines}), encoding="utf-8")
    monkeypatch.setattr(instruments, "TABLE_FILE", file)
    (tmp_path / "notes").mkdir()
    for number in range(3):
        note = np.sin(np.arange(2 * RATE) * 0.03 * (number + 1)).astype(np.float32)
        soundfile.write(tmp_path / "notes" / f"{number}.wav", note, RATE)
    (tmp_path / "notes" / "empty.wav").touch()
    soundfile.write(tmp_path / "song.wav", np.full(40 * RATE, 0.25, np.float32), RATE)
    soundfile.write(tmp_path / "guitar.wav", np.full(40 * RATE, 0.5, np.float32), RATE)
    return tmp_path


def test_phrases_are_joined_from_notes_and_are_the_same_each_time(table: Path) -> None:
    first, second = list(tracks(table, source("made"))), list(tracks(table, source("made")))
    phrases = first[:2]
    assert all(len(phrase.sound) >= PHRASE_SECONDS * RATE for phrase in phrases)
    assert all(phrase.annotation.instruments == ("Flute", "Wind", "Woodwind") for phrase in phrases)
    assert all(np.array_equal(one.sound, other.sound) for one, other in zip(first, second, strict=True))
    assert not np.array_equal(phrases[0].sound, phrases[1].sound)


def test_a_long_recording_is_cut_and_its_second_file_added(table: Path) -> None:
    song = list(tracks(table, source("made")))[2]
    assert len(song.sound) == 24 * RATE
    assert song.sound.max() == pytest.approx(0.75, abs=1e-3)
    assert song.annotation.has_other_instruments
    assert song.name == "made: song.wav guitar.wav"


def test_voices_are_vocals_and_unknown_instruments_may_be_voices_unless_the_table_says(table: Path) -> None:
    found = list(tracks(table, source("made")))
    assert [track.annotation.is_sung for track in found] == [False, False, None, True, False]
    assert len(found[3].sound) == 10 * RATE


def test_what_a_source_depends_on_changes_with_its_lines_alone(table: Path) -> None:
    before = instruments.inputs(source("made"))
    lines = json.loads((table / "instruments.json").read_text(encoding="utf-8"))
    (table / "instruments.json").write_text(json.dumps({**lines, "other": []}), encoding="utf-8")
    assert instruments.inputs(source("made")) == before
    lines["made"][0]["instruments"] = ["Clarinet"]
    (table / "instruments.json").write_text(json.dumps(lines), encoding="utf-8")
    assert instruments.inputs(source("made")) != before


def test_every_source_of_the_table_is_listed_and_every_listed_one_is_in_the_table() -> None:
    listed = {one.name for one in read_sources() if one.reader == "instruments"}
    assert listed == set(json.loads(TABLE_FILE.read_text(encoding="utf-8")))
    assert all(entries(name) for name in listed)


def test_an_instrument_whose_notes_are_all_faint_is_named(table: Path) -> None:
    for note in (table / "notes").glob("[0-9].wav"):
        soundfile.write(note, np.full(RATE, 1e-4, np.float32), RATE)
    with pytest.raises(ValueError, match="loud at its start"):
        list(tracks(table, source("made")))
