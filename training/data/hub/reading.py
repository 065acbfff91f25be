"""Published data sets as triples: rows are streamed with `datasets`, and their sounds written to a folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import numpy as np

from training.data.durations import file_seconds
from training.data.errors import TrainingDataError, UnusableClip
from training.data.hub.hub_row import HubRow, Row, Sound, Text
from training.data.hub.hub_sets import HUB_SETS, HubSet, HubSplit, RowContext
from training.data.triples import Triple, split_by_source

SHUFFLE_ROWS = 200
"""Rows that are kept in memory to be drawn from, where only some of a split are wanted: many sets are sorted by label."""
WHOLE_PART_MARGIN_SECONDS = 1.0
"""A file longer than the described part by less is the part itself."""
MIN_PART_SECONDS = 0.1


class UnknownDataSet(TrainingDataError):
    """There is no published data set of this name here."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no data set called {name!r} here: choose one of {', '.join(HUB_SETS)}.")


class IncompleteRequest(TrainingDataError):
    """A data set needs something that is not on the hub."""

    def __init__(self, hub_set: HubSet, option: str) -> None:
        super().__init__(f"{hub_set.name} needs {option}. {hub_set.note}")


class UnreachableDataSet(TrainingDataError):
    """A data set is not where it was sought, or not in the form that was expected."""

    def __init__(self, name: str, address: str, error: Exception) -> None:
        reason = " ".join(str(error).split()).rstrip(".")
        super().__init__(f"{name} cannot be read from {address}: {reason}.")


@dataclass(frozen=True)
class HubRequest:
    """Which data set, and how much of it."""

    name: str
    """One of `HUB_SETS`."""
    address: str = ""
    """Another repository or local folder with the same files; '' for the known one."""
    audio_folder: str = ""
    """The person's own audio, for a data set that publishes texts alone."""
    rows: int | None = None
    """Rows of each split; None for all."""
    seed: int = 0


@dataclass(frozen=True)
class LeftOut:
    """A row whose sound cannot be used."""

    name: str
    reason: str


def hub_triples(request: HubRequest, folder: Path) -> Iterator[Triple | LeftOut]:
    """Yield the triples of a data set, and what had to be left out; sounds that are not local files are written to `folder`.

    Raises:
        UnknownDataSet: of the name.
        IncompleteRequest: an address or an audio folder is missing.
        UnreachableDataSet: there is no such data set, or no way to it.
    """
    if request.name not in HUB_SETS:
        raise UnknownDataSet(request.name)
    hub_set = HUB_SETS[request.name]
    if not (request.address or hub_set.address):
        raise IncompleteRequest(hub_set, "an address")
    if hub_set.needs_audio_folder and not request.audio_folder:
        raise IncompleteRequest(hub_set, "a folder with audio")
    folder.mkdir(parents=True, exist_ok=True)
    for split in hub_set.splits:
        rng = np.random.default_rng(request.seed)
        for row, labels in _rows(hub_set, split, request):
            context = RowContext(request.address or hub_set.address, request.audio_folder, split, labels, rng)
            for each in hub_set.rows(row, context):
                yield from _row_triples(each, folder, request.seed)


def _rows(hub_set: HubSet, split: HubSplit, request: HubRequest) -> Iterator[tuple[Row, dict[str, tuple[str, ...]]]]:
    """Yield each row with its sound undecoded, and the names of the classes of its columns."""
    from datasets import Audio, ClassLabel, load_dataset
    from datasets.exceptions import DatasetsError

    address = request.address or hub_set.address
    try:
        if split.table:
            rows: Any = load_dataset("csv", data_files={"train": f"{address}/{split.table}"}, split="train", streaming=True)
        else:
            rows = load_dataset(address, hub_set.configuration, split=split.name, streaming=True)
    except (OSError, ValueError, DatasetsError) as error:
        raise UnreachableDataSet(hub_set.name, address, error) from error
    features = dict(rows.features or {})
    for column, feature in features.items():
        if isinstance(feature, Audio):
            rows = rows.cast_column(column, Audio(decode=False))
    labels = {column: tuple(feature.names) for column, feature in features.items() if isinstance(feature, ClassLabel)}
    if request.rows is not None:
        rows = rows.shuffle(seed=request.seed, buffer_size=SHUFFLE_ROWS).take(request.rows)
    for row in rows:
        yield row, labels


def _row_triples(row: HubRow, folder: Path, seed: int) -> Iterator[Triple | LeftOut]:
    try:
        file = _local_file(row.sound, folder)
        seconds = file_seconds(file)
    except (UnusableClip, OSError) as error:
        yield LeftOut(row.sound.name, str(error))
        return
    split = row.split or split_by_source(row.source, seed)
    for text in row.texts:
        start, duration = _part(text, seconds)
        if duration < MIN_PART_SECONDS:
            yield LeftOut(row.sound.name, f"it ends before {text.start:g} s")
            continue
        yield Triple(file, start, duration, text.question, text.answer, text.task, row.source, split, text.facts)


def _local_file(sound: Sound, folder: Path) -> Path:
    """Return the file of a sound: where it lies if that is on this machine, else a copy in `folder`.

    Raises:
        OSError: it cannot be read.
        UnusableClip: the folder of a person's own audio has none of this name.
    """
    address = Path(sound.address)
    if sound.content is None and address.is_dir():
        named = sorted(path for path in address.iterdir() if path.stem == sound.name)
        if not named:
            raise UnusableClip(address / sound.name, "there is no such file")
        return named[0]
    if sound.content is None and address.is_file():
        return address
    target = folder / Path(sound.name).name
    if not target.exists():
        incoming = target.with_name(f"{target.name}.incoming")
        with open(incoming, "wb") as stream:
            if sound.content is None:
                with fsspec.open(sound.address, "rb") as source:
                    shutil.copyfileobj(source, stream)
            else:
                stream.write(sound.content)
        incoming.replace(target)
    return target


def _part(text: Text, seconds: float) -> tuple[float, float]:
    """Return (start, duration) of a text's part within a file of `seconds`."""
    if text.duration is None:
        return text.start, seconds - text.start
    if seconds <= text.duration + WHOLE_PART_MARGIN_SECONDS:
        return 0.0, min(seconds, text.duration)
    return text.start, min(text.duration, seconds - text.start)
