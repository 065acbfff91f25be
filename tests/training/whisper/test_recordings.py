from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.data.errors import TrainingDataError
from training.data.triples import write_triples
from training.whisper.recordings import read_recordings

RATE = 8000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name, seconds in (("a", 1.0), ("b", 2.0), ("long", 31.0)):
        soundfile.write(folder / f"{name}.wav", 0.1 * np.sin(np.arange(int(RATE * seconds))), RATE)
    return folder


def test_a_folder_and_a_file_of_triples_give_the_same_recordings(folder: Path, tmp_path: Path) -> None:
    (folder / "t.csv").write_text("clip,answer,split\na.wav,One two,train\nb.wav,Three,test\n", encoding="utf-8")
    found = read_recordings(folder)
    assert [(one.clip.name, one.duration, one.answer, one.split) for one in found] == [
        ("a.wav", 1.0, "One two", "train"),
        ("b.wav", 2.0, "Three", "test"),
    ]
    write_triples(tmp_path / "triples.jsonl", found)
    assert read_recordings(tmp_path / "triples.jsonl") == found


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.wav,...,train", "a.wav cannot be used: its text has no words."),
        ("long.wav,much,train", "long.wav cannot be used: it lasts 31 s; cut it into parts of at most 30 s."),
        ("a.wav,one,test", "has no recordings to train with"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(folder: Path, row: str, words: str) -> None:
    (folder / "t.csv").write_text(f"clip,answer,split\n{row}\n")
    with pytest.raises(TrainingDataError) as raised:
        read_recordings(folder)
    assert words in str(raised.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="gone has no recordings to train with"):
        read_recordings(tmp_path / "gone")
