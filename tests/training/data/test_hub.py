"""Published data sets, read by the same call from small local ones with the same columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile
from datasets import Audio, ClassLabel, Dataset, Features, Value
from datasets import Sequence as ListOf

from training.data.hub.hub_sets import HUB_SETS
from training.data.hub.reading import HubRequest, IncompleteRequest, LeftOut, UnknownDataSet, UnreachableDataSet, hub_triples
from training.data.midi_notes import midi_notes, part_notes
from training.data.triples import Triple

RATE = 8000
FILE = {"bytes": Value("binary"), "path": Value("string")}
GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]


@pytest.fixture(autouse=True)
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def wave(seconds: float, seed: int = 0) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)), RATE, format="WAV")
    return file.getvalue()


def audio(seconds: float, name: str, seed: int = 0) -> dict[str, Any]:
    return {"bytes": wave(seconds, seed), "path": name}


def published(folder: Path, features: Mapping[str, Any], splits: Mapping[str, Sequence[Mapping[str, Any]]], config: str) -> str:
    """Write Parquet files and a card that names them, as they lie on the hub."""
    folder.mkdir()
    lines = ["---", "configs:", f"- config_name: {config}", "  data_files:"]
    for split, rows in splits.items():
        columns = {name: [row[name] for row in rows] for name in features}
        # Encoding needs torchcodec, casting a column of files does not.
        stored = {name: FILE if isinstance(feature, Audio) else feature for name, feature in features.items()}
        dataset = Dataset.from_dict(columns, features=Features(stored)).cast(Features(dict(features)))
        dataset.to_parquet(str(folder / f"{split}.parquet"))
        lines += [f"  - split: {split}", f"    path: {split}.parquet"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]))
    return str(folder)


def read(request: HubRequest, folder: Path) -> tuple[list[Triple], list[LeftOut]]:
    found = list(hub_triples(request, folder))
    return [each for each in found if isinstance(each, Triple)], [each for each in found if isinstance(each, LeftOut)]


def test_gtzan_gives_genres_and_divides_its_one_split(tmp_path: Path) -> None:
    features = {"file": Value("string"), "audio": Audio(sampling_rate=RATE), "genre": ClassLabel(names=GENRES)}
    rows = [{"file": f"/x/hiphop.{i:05}.wav", "audio": audio(0.5, f"hiphop.{i:05}.wav", i), "genre": 4} for i in range(30)]
    address = published(tmp_path / "set", features, {"train": rows}, "default")
    triples, left_out = read(HubRequest("gtzan", address), tmp_path / "clips")
    assert len(triples) == 60 and not left_out
    assert {triple.split for triple in triples} == {"train", "validation", "test"}
    genres = [triple for triple in triples if triple.task == "question"]
    assert all("hip hop" in triple.answer and triple.facts == {"genre": "hiphop"} for triple in genres)
    assert len({triple.question for triple in genres}) == 3
    assert triples[0].source == "hiphop.00000" and triples[0].duration == 0.5
    assert triples[0].clip == tmp_path / "clips" / "hiphop.00000.wav" and soundfile.info(triples[0].clip).samplerate == RATE
    some, _ = read(HubRequest("gtzan", address, rows=5), tmp_path / "clips")
    assert len(some) == 10 and [each.source for each in some[::2]] != [f"hiphop.{i:05}" for i in range(5)]


def test_librispeech_keeps_the_publishers_splits_and_names_a_broken_clip(tmp_path: Path) -> None:
    features = {
        "file": Value("string"), "audio": Audio(sampling_rate=RATE), "text": Value("string"),
        "speaker_id": Value("int64"), "chapter_id": Value("int64"), "id": Value("string"),
    }  # fmt: skip

    def row(speaker: int, content: bytes) -> dict[str, Any]:
        sound = {"bytes": content, "path": f"{speaker}-1-0000.flac"}
        return {
            "file": "",
            "audio": sound,
            "text": "MISTER QUILTER",
            "speaker_id": speaker,
            "chapter_id": 1,
            "id": f"{speaker}-1",
        }

    splits = {"train.100": [row(19, wave(1)), row(20, b"no sound")], "validation": [row(21, wave(1))], "test": [row(22, wave(1))]}
    address = published(tmp_path / "set", features, splits, "clean")
    triples, left_out = read(HubRequest("librispeech", address), tmp_path / "clips")
    assert [(triple.split, triple.source, triple.answer) for triple in triples] == [
        ("train", "speaker 19", "mister quilter"), ("validation", "speaker 21", "mister quilter"),
        ("test", "speaker 22", "mister quilter"),
    ]  # fmt: skip
    assert triples[0].task == "speech" and [each.name for each in left_out] == ["20-1.flac"]


def test_clotho_gives_each_of_the_five_captions_with_all_as_references(tmp_path: Path) -> None:
    features = {
        "index": Value("string"), "datasetname": Value("string"), "audio": Audio(), "audio_len": Value("float32"),
        "text": Value("string"), "raw_text": ListOf(Value("string")),
    }  # fmt: skip
    captions = [f"Caption {i} of rain" for i in range(5)]
    row = {"index": "mnt/Clotho/test/rain 1.wav", "datasetname": "Clotho", "audio": audio(1, "rain 1.wav"), "audio_len": 1.0,
           "text": ". ".join(captions), "raw_text": captions}  # fmt: skip
    address = published(tmp_path / "set", features, {"train": [row], "validation": [row], "test": [row]}, "default")
    triples, _ = read(HubRequest("clotho", address), tmp_path / "clips")
    assert len(triples) == 15 and [triple.answer for triple in triples[:5]] == captions
    assert triples[0].facts == {"captions": captions} and triples[-1].split == "test"


def test_musiccaps_takes_a_persons_own_audio_cut_or_whole(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    rows = [
        {"ytid": f"video{i}", "start_s": 3, "end_s": 5, "audioset_positive_labels": "/m/0",
         "aspect_list": "['calm', 'solo piano']", "caption": "A calm piano.", "author_id": 4,
         "is_balanced_subset": False, "is_audioset_eval": i == 0}
        for i in range(3)
    ]  # fmt: skip
    write_csv(tmp_path / "set" / "musiccaps-public.csv", rows)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "video0.wav").write_bytes(wave(2))
    (tmp_path / "own" / "video1.wav").write_bytes(wave(8))
    with pytest.raises(IncompleteRequest, match="a folder with audio"):
        next(hub_triples(HubRequest("musiccaps", str(tmp_path / "set")), tmp_path / "clips"))
    triples, left_out = read(HubRequest("musiccaps", str(tmp_path / "set"), str(tmp_path / "own")), tmp_path / "clips")
    assert [(triple.clip.name, triple.start, triple.duration) for triple in triples[::2]] == [
        ("video0.wav", 0.0, 2.0), ("video1.wav", 3.0, 2.0),
    ]  # fmt: skip
    assert triples[0].split == "test" and triples[1].answer == "calm, solo piano" and triples[0].clip.parent == tmp_path / "own"
    assert [each.name for each in left_out] == ["video2"]


def test_fsd50k_reads_its_tables_and_spells_labels_as_people_do(tmp_path: Path) -> None:
    for table, name, split in (("dev", 1, "val"), ("dev", 2, "train"), ("eval", 3, None)):
        folder = tmp_path / "set" / "clips" / table
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.wav").write_bytes(wave(1, name))
        rows = [
            {"fname": name, "labels": "Bathtub_(filling_or_washing),Animal", "mids": "/m/1"} | ({"split": split} if split else {})
        ]
        write_csv(tmp_path / "set" / "labels" / f"{table}.csv", rows, append=True)
    triples, _ = read(HubRequest("fsd50k", str(tmp_path / "set")), tmp_path / "clips")
    assert [triple.split for triple in triples] == ["validation", "train", "test"]
    assert triples[0].answer == "bathtub (filling or washing), animal"
    assert triples[0].facts == {"tags": ["Bathtub_(filling_or_washing)", "Animal"]}


def test_maestro_is_cut_into_parts_with_their_notes(tmp_path: Path) -> None:
    folder = tmp_path / "set" / "2018"
    folder.mkdir(parents=True)
    midi = mido.MidiFile(ticks_per_beat=1000)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])
    for pitch in (60, 64, 67):
        track.append(mido.Message("note_on", note=pitch, velocity=70, time=4000))
        track.append(mido.Message("note_off", note=pitch, time=4000))
    midi.tracks.append(track)
    midi.save(folder / "a.midi")
    (folder / "a.wav").write_bytes(wave(26))
    rows = [{"canonical_composer": "Bach", "canonical_title": "Fugue", "split": "validation", "year": 2018,
             "midi_filename": "2018/a.midi", "audio_filename": "2018/a.wav", "duration": 26.0}]  # fmt: skip
    write_csv(tmp_path / "set" / "maestro-v3.0.0.csv", rows)
    with pytest.raises(IncompleteRequest, match=r"maestro needs an address\. Fetch"):
        next(hub_triples(HubRequest("maestro"), tmp_path / "clips"))
    triples, _ = read(HubRequest("maestro", str(tmp_path / "set")), tmp_path / "clips")
    assert [(triple.start, triple.duration) for triple in triples] == [(0.0, 10.0), (10.0, 10.0)]
    assert triples[0].answer == "400 400 60 70" and triples[1].facts["notes"] == [[2.0, 6.0, 64, 70, 0]]
    assert triples[0].source == "Bach: Fugue" and triples[0].split == "validation"


def test_a_note_that_is_never_released_or_struck_again_ends() -> None:
    midi = mido.MidiFile(ticks_per_beat=480)
    midi.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60, velocity=9, time=480 * (i > 0)) for i in range(3)]))
    content = io.BytesIO()
    midi.save(file=content)
    assert midi_notes(content.getvalue()) == [[0.0, 0.5, 60, 9, 0], [0.5, 1.0, 60, 9, 0], [1.0, 1.0, 60, 9, 0]]
    assert part_notes([[0.5, 3.0, 60, 9, 0], [2.0, 3.0, 61, 9, 0]], 0.5, 1.0) == [[0.0, 1.0, 60, 9, 0]]


def test_an_unknown_data_set_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownDataSet, match="gtzan, librispeech"):
        next(hub_triples(HubRequest("imagenet"), Path("x")))
    assert all(each.address or each.note for each in HUB_SETS.values())


def test_a_data_set_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreachableDataSet, match=rf"^gtzan cannot be read from {tmp_path}/empty: .*\.$"):
        next(hub_triples(HubRequest("gtzan", str(tmp_path / "empty")), tmp_path))


def write_csv(file: Path, rows: Sequence[Mapping[str, Any]], append: bool = False) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    has_header = append and file.exists()
    with open(file, "a" if append else "w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        if not has_header:
            writer.writeheader()
        writer.writerows(rows)
