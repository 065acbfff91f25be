from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.data.errors import InvalidRow, TrainingDataError, UnusableClip
from training.data.triples import write_triples
from training.whisper.recordings import NoRecordings, read_recordings

RATE = 8000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seconds in (("a", 1.0), ("b", 2.0), ("long", 31.0)):
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * np.sin(np.arange(int(RATE * seconds))), RATE)
    return tmp_path


def test_the_three_forms_give_the_same_recordings(folder: Path) -> None:
    table, lines, beside = (folder / name for name in ("t.csv", "t.jsonl", "beside"))
    table.write_text("file,text,split\na.wav, One  two ,train\nb.wav,Three,test\n", encoding="utf-8")
    lines.write_text(
        '{"file": "a.wav", "text": "One two", "split": "train"}\n\n{"file": "b.wav", "text": "Three", "split": "test"}\n'
    )
    found = read_recordings(table)
    assert [(one.clip, one.duration, one.answer, one.split) for one in found] == [
        (folder / "a.wav", 1.0, "One two", "train"),
        (folder / "b.wav", 2.0, "Three", "test"),
    ]
    assert read_recordings(lines) == found
    write_triples(folder / "triples.jsonl", found)
    assert read_recordings(folder / "triples.jsonl") == found
    beside.mkdir()
    for name, text in (("a", "One two"), ("b", "Three")):
        (folder / f"{name}.wav").rename(beside / f"{name}.wav")
        (beside / f"{name}.txt").write_text(text)
    (beside / "notes.txt").write_text("No recording has this name.")
    assert [(one.clip.name, one.answer) for one in read_recordings(beside)] == [("a.wav", "One two"), ("b.wav", "Three")]


def test_what_is_said_in_one_split_is_said_in_no_other(folder: Path) -> None:
    rows = [f"a.wav,{text}" for number in range(40) for text in (f"Sentence {number}", f"sentence {number}")]
    (folder / "t.csv").write_text("\n".join(["file,text", *rows]))
    splits: dict[str, set[str]] = {}
    for one in read_recordings(folder / "t.csv"):
        splits.setdefault(one.answer.lower(), set()).add(one.split)
    assert all(len(of_text) == 1 for of_text in splits.values())
    assert {"train", "validation", "test"} == set().union(*splits.values())


@pytest.mark.parametrize(
    ("table", "error", "words"),
    [
        ("file,text\na.wav,...\n", InvalidRow, "Row 2 of t.csv cannot be used: there is no text."),
        ("file,text\nlong.wav,much\n", InvalidRow, "Row 2 of t.csv cannot be used: long.wav lasts 31 s"),
        ("file,text\ngone.wav,much\n", UnusableClip, "gone.wav cannot be used: there is no such file."),
        ("file,text,split\na.wav,one,dev\n", InvalidRow, "the split 'dev' is none of train, validation, test"),
        ("path,sentence\na.wav,one\n", InvalidRow, "there is a column 'path' beside 'file' and 'text'"),
        ("file,text,split\na.wav,one,test\n", NoRecordings, "has no recordings to train with"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(folder: Path, table: str, error: type[TrainingDataError], words: str) -> None:
    (folder / "t.csv").write_text(table)
    with pytest.raises(error) as raised:
        read_recordings(folder)
    assert words in str(raised.value)


def test_a_folder_that_is_not_there_or_has_two_tables_is_refused(folder: Path) -> None:
    with pytest.raises(NoRecordings, match="does not exist"):
        read_recordings(folder / "gone")
    for name in ("a.csv", "b.jsonl"):
        (folder / name).write_text("")
    with pytest.raises(NoRecordings, match=r"has 2 tables \(a.csv, b.jsonl\)"):
        read_recordings(folder)
