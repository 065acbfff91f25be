"""A person's own recordings with texts, as triples.

Three forms: a table (CSV or JSON Lines) with the columns `file` and `text`, and if wanted `source` and `split`; a folder in which
`clip.txt` lies beside `clip.wav`; a file of triples. Where the split is not said, it follows from the source, which by default is
the text: nothing that is said in the training part is said in the test part.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.data.errors import InvalidRow, TrainingDataError
from training.data.triples import DEFAULT_FRACTIONS, SPLITS, Triple, read_triples, split_by_source
from training.data.waveforms import read_waveform
from training.whisper.windows import SAMPLE_RATE, WINDOW_SECONDS

QUESTION = "What is said?"
TABLES = (".csv", ".jsonl")
COLUMNS, FURTHER_COLUMNS = ("file", "text"), ("source", "split")


class NoRecordings(TrainingDataError):
    """There is nothing to train with."""

    def __init__(self, place: Path, what: str) -> None:
        super().__init__(
            f"{place} {what}: it takes a CSV or JSONL file with the columns 'file' and 'text', "
            "or a folder with clip.txt beside each clip.wav."
        )


def read_recordings(place: Path, seed: int = 0) -> list[Triple]:
    """Return the recordings of a folder or table, each with its text and split.

    Args:
        place: a folder with one table or with texts beside its recordings, a table, or a file of triples.
        seed: of the division, where the table has none.

    Raises:
        NoRecordings: there are none, or none to train with.
        InvalidRow: a row lacks its file, its text or a known split, or the recording is longer than 30 s.
        UnusableClip: a recording cannot be read.
    """
    if not place.exists():
        raise NoRecordings(place, "does not exist")
    tables = [place] if place.is_file() else sorted(path for path in place.iterdir() if path.suffix.lower() in TABLES)
    if len(tables) > 1:
        raise NoRecordings(place, f"has {len(tables)} tables ({tables[0].name}, {tables[1].name})")
    if tables and _is_triples(tables[0]):
        triples = [triple for triple in read_triples(tables[0]) if triple.task == "speech"]
    else:
        rows = _table_rows(tables[0]) if tables else _text_files(place)
        triples = [_triple(row, tables[0] if tables else place, number, seed) for number, row in rows]
    if not any(triple.split == "train" for triple in triples):
        raise NoRecordings(place, "has no recordings to train with")
    return triples


def _is_triples(table: Path) -> bool:
    with open(table, encoding="utf-8") as stream:
        return table.suffix.lower() == ".jsonl" and '"clip"' in stream.readline()


def _table_rows(table: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number of the line, row) of a table; relative paths are resolved against its folder."""
    with open(table, newline="", encoding="utf-8-sig") as stream:
        if table.suffix.lower() == ".csv":
            rows: list[tuple[int, Any]] = list(enumerate(csv.DictReader(stream), start=2))
        else:
            rows = [(number, _json_row(line, table, number)) for number, line in enumerate(stream, start=1) if line.strip()]
    for number, row in rows:
        if unknown := set(row) - {*COLUMNS, *FURTHER_COLUMNS}:
            raise InvalidRow(table, number, f"there is a column {str(min(map(str, unknown)))!r} beside 'file' and 'text'")
        yield number, {**row, "file": table.parent / str(row.get("file") or "")}


def _json_row(line: str, table: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InvalidRow(table, number, "it is no JSON") from error
    if not isinstance(row, dict):
        raise InvalidRow(table, number, "it is no JSON object")
    return row


def _text_files(folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number, row) of each text file with a sound of the same name beside it."""
    texts = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".txt")
    for number, text in enumerate(texts, start=1):
        sounds = [path for path in text.parent.glob(f"{_escaped(text.stem)}.*") if path != text and path.stem == text.stem]
        if sounds:
            yield number, {"file": min(sounds), "text": text.read_text(encoding="utf-8-sig")}


def _escaped(stem: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)


def _triple(row: Mapping[str, Any], place: Path, number: int, seed: int) -> Triple:
    text = " ".join(str(row.get("text") or "").split())
    if not any(letter.isalnum() for letter in text):
        raise InvalidRow(place, number, "there is no text")
    duration = len(read_waveform(row["file"], SAMPLE_RATE)) / SAMPLE_RATE
    if duration > WINDOW_SECONDS:
        raise InvalidRow(place, number, f"{row['file'].name} lasts {duration:.0f} s; cut it into parts of at most 30 s")
    source = str(row.get("source") or text.casefold())
    split = str(row.get("split") or split_by_source(source, seed, DEFAULT_FRACTIONS))
    if split not in SPLITS:
        raise InvalidRow(place, number, f"the split {split!r} is none of {', '.join(SPLITS)}")
    return Triple(row["file"], 0.0, duration, QUESTION, text, "speech", source, split)
