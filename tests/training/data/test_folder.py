"""A person's own folder becomes triples, and what is wrong with it is named by row."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.data.errors import InvalidRow, UnusableClip
from training.data.folder import FolderRequest, NoTable, NotUnicode, folder_triples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(3):
        soundfile.write(tmp_path / f"clip {i}.wav", np.full(8000 * (i + 1), 0.1), 8000)
    return tmp_path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_as_spreadsheets_write_it_is_read(folder: Path, delimiter: str) -> None:
    rows = [
        ["clip", "answer", "source", "room"],
        ["clip 0.wav", 'Hello, "you"', "Ann", "kitchen"],
        ["clip 1.wav", "Two\nlines", "Bob", ""],
    ]
    text = "\r\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    (folder / "table.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    triples = list(folder_triples(FolderRequest(folder)))
    assert [(triple.answer, triple.source, triple.duration) for triple in triples] == [
        ('Hello, "you"', "Ann", 1.0),
        ("Two\nlines", "Bob", 2.0),
    ]
    assert triples[0].facts == {"room": "kitchen"} and triples[1].facts == {} and triples[0].task == "speech"
    assert "said" in triples[0].question or "speech" in triples[0].question


def test_json_lines_name_parts_splits_and_facts(folder: Path) -> None:
    row = {"clip": "clip 2.wav", "answer": "A tone.", "question": "What is it?", "task": "question", "split": "test",
           "start": 0.5, "duration": 1.25, "tags": ["tone"]}  # fmt: skip
    (folder / "data.jsonl").write_text(json.dumps(row) + "\n\n")
    (triple,) = folder_triples(FolderRequest(folder))
    assert (triple.start, triple.duration, triple.split, triple.task) == (0.5, 1.25, "test", "question")
    assert triple.facts == {"tags": ["tone"]} and triple.source == "clip 2.wav" and triple.question == "What is it?"


def test_texts_beside_recordings_need_no_table(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "clip 1.wav").rename(folder / "deep" / "one.WAV")
    (folder / "deep" / "one.txt").write_text(" Good\n morning ")
    triples = list(folder_triples(FolderRequest(folder)))
    assert [(triple.clip.name, triple.answer) for triple in triples] == [("one.WAV", "Good morning")]


def test_hidden_copies_are_passed_over_and_a_table_may_lie_deeper(folder: Path) -> None:
    (folder / "__MACOSX").mkdir()
    (folder / "deep").mkdir()
    for name in ("__MACOSX/._data.jsonl", "._b.csv"):
        (folder / name).write_bytes(b"\xff\xfe")
    (folder / "clip 0.wav").rename(folder / "deep" / "clip 0.wav")
    (folder / "deep" / "data.csv").write_bytes("clip,answer\nclip 0.wav,Grüße".encode("cp1252"))
    with pytest.raises(NotUnicode, match=r"data\.csv is not in UTF-8"):
        list(folder_triples(FolderRequest(folder)))
    (folder / "deep" / "data.csv").write_text("clip,answer\nclip 0.wav,Grüße", encoding="utf-8")
    (triple,) = folder_triples(FolderRequest(folder))
    assert triple.answer == "Grüße" and triple.clip == folder / "deep" / "clip 0.wav"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"clip": "clip 0.wav"}, "the column answer is missing"),
        ({"clip": "../other/a.wav", "answer": "x"}, "outside the folder"),
        ({"clip": "/etc/passwd", "answer": "x"}, "outside the folder"),
        ({"clip": "clip 0.wav", "answer": "x", "split": "dev"}, "no split called 'dev'"),
        ({"clip": "clip 0.wav", "answer": "x", "task": "asr"}, "no task called 'asr'"),
        ({"clip": "clip 0.wav", "answer": "x", "start": "soon"}, "start must be a number"),
        ({"clip": "clip 0.wav", "answer": "x", "duration": -1}, "duration must be above 0"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(folder: Path, row: dict[str, object], reason: str) -> None:
    (folder / "data.jsonl").write_text(json.dumps({"clip": "clip 0.wav", "answer": "x"}) + "\n" + json.dumps(row))
    with pytest.raises(InvalidRow, match=rf"Row 2 of data\.jsonl.*{reason}"):
        list(folder_triples(FolderRequest(folder)))


def test_a_missing_clip_no_table_and_two_tables_are_refused(folder: Path) -> None:
    with pytest.raises(NoTable, match="neither"):
        list(folder_triples(FolderRequest(folder)))
    (folder / "a.jsonl").write_text(json.dumps({"clip": "none.wav", "answer": "x"}))
    with pytest.raises(UnusableClip, match="no such file"):
        list(folder_triples(FolderRequest(folder)))
    (folder / "b.csv").write_text("clip,answer\n")
    with pytest.raises(NoTable, match="2 tables"):
        list(folder_triples(FolderRequest(folder)))
    assert list(folder_triples(FolderRequest(folder, folder / "b.csv"))) == []
