"""The data sets that are known by name: where they lie, and what their columns mean.

Each was written against the columns that its page on the hub lists. Another copy with the same columns, or a folder on this
machine with the same files, can be read in place of `address`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import fsspec
import numpy as np

from training.data.hub.hub_row import HubRow, Row, Sound, Text
from training.data.midi_notes import midi_notes, part_notes
from training.data.questions import genre_answer, genre_question, question_for
from training.data.renderer.wordings import note_text
from training.data.triples import Split

Draw = np.random.Generator


@dataclass(frozen=True)
class HubSplit:
    """One split as `datasets.load_dataset` names it."""

    name: str
    split: Split | None
    """Ours; None where sources are divided here."""
    table: str = ""
    """CSV file of the split, relative to the address; '' where the hub has the rows itself."""
    folder: str = ""
    """Folder of the sounds of a CSV, relative to the address."""


@dataclass(frozen=True)
class RowContext:
    """What a row is read with."""

    address: str
    """Address of the data set."""
    audio_folder: str
    """Folder with the person's own audio; '' for none."""
    split: HubSplit
    labels: Mapping[str, tuple[str, ...]]
    """Names of the classes of each column with class labels."""
    rng: Draw


@dataclass(frozen=True)
class HubSet:
    """A published data set."""

    name: str
    address: str
    """Repository on the hub; '' for one that must be fetched by hand."""
    licence: str
    splits: tuple[HubSplit, ...]
    rows: Callable[[Row, RowContext], Iterator[HubRow]]
    """Makes one row of the data set into rows with texts; none where it cannot be used."""
    configuration: str | None = None
    needs_audio_folder: bool = False
    """Whether only texts are published."""
    note: str = ""
    """What a person must know or do first."""


def _gtzan(row: Row, context: RowContext) -> Iterator[HubRow]:
    """Columns: file, audio, genre (class label). One split, which is divided here; jazz.00054 is broken and left out."""
    genre = context.labels["genre"][row["genre"]]
    spoken = GENRES.get(genre, genre)
    text = Text("question", genre_question(context.rng), genre_answer(spoken, context.rng), facts={"genre": genre})
    tags = Text("tags", question_for("tags", context.rng), spoken, facts={"tags": [genre]})
    sound = _audio(row, f"{_stem(row, 'file')}.wav")
    yield HubRow(sound, (text, tags), PurePosixPath(sound.name).stem, context.split.split)


def _librispeech(row: Row, context: RowContext) -> Iterator[HubRow]:
    """Columns: file, audio, text (capitals, without punctuation), speaker_id, chapter_id, id. No speaker is in two splits."""
    text = Text("speech", question_for("speech", context.rng), str(row["text"]).lower())
    yield HubRow(_audio(row, f"{row['id']}.flac"), (text,), f"speaker {row['speaker_id']}", context.split.split)


def _clotho(row: Row, context: RowContext) -> Iterator[HubRow]:
    """Columns: index, datasetname, audio, audio_len, text, raw_text (the five captions)."""
    captions = [" ".join(str(caption).split()) for caption in row["raw_text"]]
    texts = tuple(
        Text("caption", question_for("caption", context.rng), caption, facts={"captions": captions}) for caption in captions
    )
    name = str(row["index"]).rsplit("/", 1)[-1]
    yield HubRow(_audio(row, f"{PurePosixPath(name).stem}.wav"), texts, name, context.split.split)


def _musiccaps(row: Row, context: RowContext) -> Iterator[HubRow]:
    """Columns: ytid, start_s, end_s, aspect_list (a list as text), caption, is_audioset_eval and others; no audio.

    A file named by the ytid alone, and no longer than the part, is the part itself; a longer one is the whole recording.
    """
    aspects = [str(aspect) for aspect in ast.literal_eval(row["aspect_list"])]
    start, duration = float(row["start_s"]), float(row["end_s"]) - float(row["start_s"])
    facts = {"tags": aspects, "captions": [row["caption"]]}
    texts = (
        Text("caption", question_for("caption", context.rng), row["caption"], start, duration, facts),
        Text("tags", question_for("tags", context.rng), ", ".join(aspects), start, duration, facts),
    )
    split: Split | None = "test" if row["is_audioset_eval"] else None
    yield HubRow(Sound(str(row["ytid"]), address=context.audio_folder), texts, f"video {row['ytid']}", split)


def _fsd50k(row: Row, context: RowContext) -> Iterator[HubRow]:
    """Columns: fname, labels (joined by commas), mids, and in dev.csv split ('train' or 'val')."""
    labels = str(row["labels"]).split(",")
    spoken = [label.replace("_and_", " and ").replace("_", " ").replace("(", " (").replace("  ", " ").lower() for label in labels]
    text = Text("tags", question_for("tags", context.rng), ", ".join(spoken), facts={"tags": labels})
    split: Split | None = context.split.split or ("validation" if row["split"] == "val" else "train")
    address = f"{context.address}/{context.split.folder}/{row['fname']}.wav"
    yield HubRow(Sound(f"{row['fname']}.wav", address=address), (text,), f"sound {row['fname']}", split)


def _maestro(row: Row, context: RowContext) -> Iterator[HubRow]:
    """Columns: canonical_composer, canonical_title, split, year, midi_filename, audio_filename, duration; parts of ten seconds.

    All performances of a piece are in one split.
    """
    with fsspec.open(f"{context.address}/{row['midi_filename']}", "rb") as midi:
        notes = midi_notes(midi.read())
    texts = []
    for start in np.arange(0.0, float(row["duration"]) - PART_SECONDS, PART_SECONDS).tolist():
        inside = part_notes(notes, start, PART_SECONDS)
        if inside:
            question = question_for("notes", context.rng)
            texts.append(Text("notes", question, note_text(inside), start, PART_SECONDS, {"notes": inside}))
    name = str(row["audio_filename"])
    source = f"{row['canonical_composer']}: {row['canonical_title']}"
    yield HubRow(Sound(name.replace("/", "-"), address=f"{context.address}/{name}"), tuple(texts), source, row["split"])


GENRES = {"hiphop": "hip hop"}
PART_SECONDS = 10.0
"""Duration of the parts into which long performances are cut."""
HUB_SETS: Mapping[str, HubSet] = {
    each.name: each
    for each in (
        HubSet(
            "gtzan", "sanchit-gandhi/gtzan", "not stated", (HubSplit("train", None),), _gtzan,
            note="A copy as Parquet: marsyas/gtzan itself is a script, which datasets no longer runs. It holds a few duplicates.",
        ),
        HubSet(
            "librispeech", "openslr/librispeech_asr", "CC BY 4.0",
            (HubSplit("train.100", "train"), HubSplit("validation", "validation"), HubSplit("test", "test")),
            _librispeech, configuration="clean",
        ),
        HubSet(
            "clotho", "CLAPv2/Clotho", "per clip; captions: Tampere University, non-commercial",
            (HubSplit("train", "train"), HubSplit("validation", "validation"), HubSplit("test", "test")), _clotho,
        ),
        HubSet(
            "musiccaps", "google/MusicCaps", "CC BY-SA 4.0 (texts)", (HubSplit("train", None),), _musiccaps,
            needs_audio_folder=True, note="Texts alone: the audio must be a folder of files that are named by their ytid.",
        ),
        HubSet(
            "fsd50k", "hf://datasets/Fhrozen/FSD50k", "CC BY 4.0; per clip",
            (
                HubSplit("dev", None, table="labels/dev.csv", folder="clips/dev"),
                HubSplit("eval", "test", table="labels/eval.csv", folder="clips/eval"),
            ),
            _fsd50k,
        ),
        HubSet(
            "maestro", "", "CC BY-NC-SA 4.0", (HubSplit("all", None, table="maestro-v3.0.0.csv"),), _maestro,
            note="Fetch and unpack maestro-v3.0.0.zip of Magenta, and give its folder as the address.",
        ),
    )
}  # fmt: skip


def _audio(row: Row, name: str) -> Sound:
    """Return the sound of a column of undecoded audio: its bytes, or where it lies."""
    audio: Mapping[str, Any] = row["audio"]
    ending = PurePosixPath(audio["path"] or name).suffix or PurePosixPath(name).suffix
    named = f"{PurePosixPath(name).with_suffix('')}{ending}" if "." in name else name
    return Sound(named, audio["bytes"], audio["path"] or "")


def _stem(row: Row, column: str) -> str:
    return PurePosixPath(str(row[column]).replace("\\", "/")).stem
