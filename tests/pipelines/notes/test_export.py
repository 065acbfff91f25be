from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import mido
import pytest

from models.errors import InvalidOption
from pipelines.music.rhythm.types import Beats
from pipelines.notes.export import NoNotes, NoScore, engraved, export_notes
from pipelines.notes.notes import NO_PITCHED_NOTES, Note, NotePart, NoteTranscription
from pipelines.notes.score import music_xml

BEATS = Beats(tuple(0.4 + 0.5 * beat for beat in range(24)), tuple((beat + 2) % 4 + 1 for beat in range(24)), 4, 4, 0.9)
NOTES = tuple(
    note
    for number in range(20)
    for note in (
        Note(0.4 + 0.5 * number, 0.8 + 0.5 * number, 72, 80, "Piano"),
        Note(0.4 + 0.5 * number, 1.1 + 0.5 * number, 43, 70, "Piano"),
    )
)
PIANO = NoteTranscription(12.0, NOTES, (NotePart("Piano", 0),), beats=BEATS, key=("Bb", "major"), state="done")
DRUMS = NoteTranscription(12.0, (Note(1.0, 1.1, 36, 80, "Drums"),), (NotePart("Drums", 0, True),), state="done")


@pytest.fixture(scope="module")
def score() -> ElementTree.Element:
    return ElementTree.fromstring(music_xml(PIANO, "A piece"))


def test_the_score_has_the_bars_the_key_and_two_staves(score: ElementTree.Element) -> None:
    bars = score.findall("part/measure")
    assert [bar.get("number") for bar in bars[:3]] == ["0", "1", "2"]
    assert [bar.findtext("attributes/time/beats") for bar in bars[:2]] == ["3", "4"]
    assert (score.findtext(".//fifths"), score.findtext(".//staves")) == ("-2", "2")
    assert [sound.get("tempo") for sound in score.iter("sound")] == ["120"]
    assert {note.findtext("staff") for note in score.iter("note") if note.findtext("pitch/step") == "G"} == {"2"}


def test_a_part_with_a_few_deep_notes_has_two_staves_and_a_melody_one() -> None:
    waltz = [Note(0.4 + 0.5 * beat, 0.8 + 0.5 * beat, 48 if beat % 12 == 0 else 76, 80, "Piano") for beat in range(24)]
    for notes, staves in ((waltz, "2"), (waltz[1:12], "1")):
        written = ElementTree.fromstring(music_xml(replace(PIANO, notes=tuple(notes)), "A piece"))
        assert written.findtext(".//staves") == staves


def test_every_bar_of_the_score_is_full_and_every_sign_can_be_written(score: ElementTree.Element) -> None:
    for bar, quarters in zip(score.findall("part/measure"), [3, 4, 4, 4, 4, 4], strict=False):
        for staff in ("1", "2"):
            signs = [note for note in bar.iter("note") if note.findtext("staff") == staff and note.find("chord") is None]
            assert sum(int(note.findtext("duration", "0")) for note in signs) == 4 * quarters
            assert all(note.findtext("type") for note in signs if note.find("rest") is None)


@pytest.mark.parametrize("note_format", ["midi", "svg", "csv", "json"])
def test_every_format_can_be_read(note_format: str, tmp_path: Path) -> None:
    path = export_notes(PIANO, note_format, tmp_path, "piece")
    match note_format:
        case "midi":
            assert len(mido.MidiFile(path).tracks) == 2
        case "svg":
            assert ElementTree.parse(path).getroot().tag.endswith("svg")
        case "csv":
            rows = list(csv.DictReader(path.open(encoding="utf-8")))
            assert (len(rows), rows[0]["name"], rows[0]["onset"]) == (40, "C5", "0.4")
        case "json":
            assert NoteTranscription.from_dict(json.loads(path.read_text(encoding="utf-8"))) == PIANO


def test_a_long_score_is_one_drawing_and_a_pdf_of_pages(tmp_path: Path) -> None:
    notes = tuple(Note(0.25 * number, 0.25 * number + 0.2, 60 + number % 12, 80, "Piano") for number in range(1600))
    piece = replace(PIANO, duration=400.0, notes=notes, beats=None)
    drawing = ElementTree.parse(export_notes(piece, "svg", tmp_path, "long")).getroot()
    pages = drawing.findall("{http://www.w3.org/2000/svg}svg")
    tops = [float(page.attrib["y"]) for page in pages]
    assert len(pages) > 1
    assert tops[1] == float(pages[0].attrib["height"].removesuffix("px"))
    assert float(drawing.attrib["height"].removesuffix("px")) > tops[-1]
    content = export_notes(piece, "pdf", tmp_path, 'Lied "für" Zoë').read_bytes()
    assert content.startswith(b"%PDF")
    assert f"/Count {len(pages)}".encode() in content


@pytest.mark.parametrize(
    ("transcription", "note_format", "error"),
    [
        (replace(PIANO, notes=()), "midi", NoNotes),
        (DRUMS, "musicxml", NoScore),
        (PIANO, "gp5", InvalidOption),
    ],
)
def test_what_cannot_be_written_is_refused(
    transcription: NoteTranscription, note_format: str, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        export_notes(transcription, note_format, tmp_path, "piece")


def test_a_clip_without_notes_says_why_it_has_none(tmp_path: Path) -> None:
    with pytest.raises(NoNotes, match=NO_PITCHED_NOTES):
        export_notes(replace(PIANO, notes=(), no_notes_reason=NO_PITCHED_NOTES), "midi", tmp_path, "piece")


def test_a_score_can_be_engraved_in_any_thread() -> None:
    with ThreadPoolExecutor(2) as pool:
        pages = [pool.submit(engraved, PIANO, "song").result() for _ in range(2)]
    assert all(len(each) == 1 and each[0].startswith("<svg") for each in (engraved(PIANO, "song"), *pages))


def test_the_sound_of_the_notes_is_as_long_as_the_clip(tmp_path: Path) -> None:
    import soundfile

    info = soundfile.info(export_notes(PIANO, "wav", tmp_path, "song"))
    assert (info.duration, info.channels) == (12.0, 1)
