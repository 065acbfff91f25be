"""A person's own data: a folder with a table in CSV or JSON Lines, or with a text beside each recording."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from training.data.durations import file_seconds
from training.data.errors import InvalidRow, TrainingDataError, UnusableClip
from training.data.questions import question_for
from training.data.triples import DEFAULT_FRACTIONS, SPLITS, TASKS, Split, Task, Triple, split_by_source

TABLES = ("*.csv", "*.jsonl")
DELIMITERS = ",;\t"
AUDIO_ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".mp4", ".webm", ".aiff", ".aif", ".wma")
COLUMNS = ("clip", "answer", "question", "task", "source", "split", "start", "duration")
"""Columns with a meaning; all others are facts. Only `clip` and `answer` must be there."""


class NoTable(TrainingDataError):
    """A folder has no table, or several."""

    def __init__(self, folder: Path, found: int) -> None:
        what = "neither a CSV or JSON Lines file nor recordings with texts beside them" if not found else f"{found} tables"
        super().__init__(f"{folder} has {what}: name one table with the columns clip and answer.")


class NotUnicode(TrainingDataError):
    """A text file has another encoding."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file.name} is not in UTF-8: save it again in this encoding (in Excel: CSV UTF-8).")


@dataclass(frozen=True)
class FolderRequest:
    """How a folder is read."""

    folder: Path
    table: Path | None = None
    """CSV or JSON Lines file, with clips relative to it; None for the only one, or else for the texts beside the recordings."""
    task: Task = "speech"
    """Task of rows that name none."""
    fractions: Mapping[Split, float] = field(default_factory=lambda: dict(DEFAULT_FRACTIONS))
    """Share of the sources in each split, for rows that name none."""
    seed: int = 0


def folder_triples(request: FolderRequest) -> Iterator[Triple]:
    """Yield the triples of a folder. Without a source, each file is its own.

    Raises:
        NoTable: there is no table and no text beside a recording, or there are several tables.
        NotUnicode: a table or a text is not in UTF-8.
        InvalidRow: a row has no clip or no answer, names a file outside the folder, or a task or split that does not exist.
        UnusableClip: a clip cannot be read.
    """
    rng = np.random.default_rng(request.seed)
    table = request.table or _only_table(request.folder)
    home = table.parent if table else request.folder
    rows = _table_rows(table) if table else _texts_beside(request.folder)
    for number, row in rows:
        try:
            yield _triple(row, home, request, rng)
        except ValueError as error:
            raise InvalidRow(table or request.folder, number, str(error)) from error


def _only_table(folder: Path) -> Path | None:
    tables = sorted(path for pattern in TABLES for path in folder.rglob(pattern) if _is_meant(path, folder))
    if len(tables) > 1:
        raise NoTable(folder, len(tables))
    return tables[0] if tables else None


def _table_rows(table: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield (line, columns) of each row; the cells of a CSV are texts, and empty ones are left out."""
    text = _text_of(table)
    if table.suffix == ".jsonl":
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield number, _json_object(line, table, number)
        return
    header = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield reader.line_num, {name: cell for name, cell in row.items() if name and cell not in (None, "")}
    except csv.Error as error:
        raise InvalidRow(table, reader.line_num, str(error)) from error


def _json_object(line: str, table: Path, number: int) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InvalidRow(table, number, f"it is no JSON ({error.msg})") from error
    if not isinstance(row, dict):
        raise InvalidRow(table, number, "it is no JSON object")
    return row


def _texts_beside(folder: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield (number, columns) of every recording with a text file of the same name beside it."""
    recordings = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in AUDIO_ENDINGS and _is_meant(path, folder)]
    found = [path for path in recordings if path.with_suffix(".txt").is_file()]
    if not found:
        raise NoTable(folder, 0)
    for number, path in enumerate(found, start=1):
        answer = " ".join(_text_of(path.with_suffix(".txt")).split())
        yield number, {"clip": path.relative_to(folder).as_posix(), "answer": answer}


def _is_meant(path: Path, folder: Path) -> bool:
    """Return whether a file is none of those that a system hides, such as the copies in a Mac's zip files."""
    return not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUnicode(file) from error


def _triple(row: Mapping[str, Any], home: Path, request: FolderRequest, rng: np.random.Generator) -> Triple:
    """Make a triple of a row, whose clip is named relative to the folder `home`.

    Raises:
        ValueError: the row cannot be used.
        UnusableClip: the clip cannot be read.
    """
    for column in ("clip", "answer"):
        if column not in row:
            raise ValueError(f"the column {column} is missing or empty")
    name = str(row["clip"]).replace("\\", "/")
    clip = home / name
    if not clip.resolve().is_relative_to(request.folder.resolve()):
        raise ValueError(f"{name} lies outside the folder")
    task = _one_of(row.get("task", request.task), TASKS, "task")
    source = str(row.get("source", name))
    start = _seconds(row.get("start", 0.0), "start")
    seconds = file_seconds(clip)
    if start >= seconds:
        raise UnusableClip(clip, f"it ends before {start:g} s")
    duration = _seconds(row.get("duration", seconds - start), "duration")
    split = split_by_source(source, request.seed, request.fractions)
    return Triple(
        clip=clip,
        start=start,
        duration=duration,
        question=str(row.get("question") or question_for(task, rng)),
        answer=str(row["answer"]),
        task=task,
        source=source,
        split=_one_of(row.get("split", split), SPLITS, "split"),
        facts={name: value for name, value in row.items() if name not in COLUMNS},
    )


def _one_of(value: Any, known: tuple[Any, ...], column: str) -> Any:
    if value not in known:
        raise ValueError(f"there is no {column} called {value!r}, only {', '.join(known)}")
    return value


def _seconds(value: Any, column: str) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{column} must be a number of seconds, not {value!r}") from None
    if not 0 <= seconds < float("inf") or (column == "duration" and not seconds):
        raise ValueError(f"{column} must be {'above' if column == 'duration' else 'at least'} 0 s, not {seconds:g}")
    return seconds
