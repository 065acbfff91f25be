"""Triples are read as they were written, and a source is in one split only."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from training.data.errors import InvalidRow
from training.data.triples import Triple, clips_of, in_split, read_triples, split_by_source, write_triples


def triple(folder: Path, name: str = "a.wav") -> Triple:
    return Triple(folder / name, 1.5, 10.0, "What plays?", "A flute – softly.", "caption", "piece 1", "train", {"bpm": 93.5})


def test_triples_survive_the_way_to_the_file_and_back(tmp_path: Path) -> None:
    triples = [
        triple(tmp_path),
        replace(triple(tmp_path / "clips"), facts={"notes": [[0.1, 0.2, 60]]}),
        triple(Path("/elsewhere")),
    ]
    assert write_triples(tmp_path / "data.jsonl", triples) == 3
    assert read_triples(tmp_path / "data.jsonl") == triples


def test_a_folder_of_triples_can_be_moved(tmp_path: Path) -> None:
    write_triples(tmp_path / "old" / "data.jsonl", [triple(tmp_path / "old" / "clips")])
    (tmp_path / "old").rename(tmp_path / "new")
    assert read_triples(tmp_path / "new" / "data.jsonl")[0].clip == tmp_path / "new" / "clips" / "a.wav"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"split": "dev"}, "split"),
        ({"answer": 3}, "answer"),
        ({"label": "rock"}, "label"),
        ({"duration": 0.0}, "duration"),
        ({"start": -1.0}, "start"),
    ],
)
def test_a_row_that_is_no_triple_is_refused_by_number_and_field(tmp_path: Path, change: dict[str, object], named: str) -> None:
    file = tmp_path / "data.jsonl"
    write_triples(file, [triple(tmp_path)])
    good = file.read_text()
    file.write_text(good + "\n" + json.dumps(json.loads(good) | change))
    with pytest.raises(InvalidRow, match=rf"Row 3 of data\.jsonl.*{named}"):
        read_triples(file)


def test_sources_keep_their_split_when_others_are_added_and_splits_have_their_shares() -> None:
    splits = {f"piece {i}": split_by_source(f"piece {i}") for i in range(4000)}
    assert all(split_by_source(source) == split for source, split in splits.items())
    counts = Counter(splits.values())
    assert counts["train"] / 4000 == pytest.approx(0.8, abs=0.03)
    assert counts["test"] / 4000 == pytest.approx(0.1, abs=0.02)
    assert splits != {source: split_by_source(source, seed=1) for source in splits}


def test_fractions_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to 1"):
        split_by_source("a", fractions={"train": 0.8, "test": 0.1})


def test_triples_are_chosen_by_split_and_task_and_clips_are_counted_once(tmp_path: Path) -> None:
    first = triple(tmp_path)
    triples = [first, replace(first, task="question"), replace(first, split="test"), replace(first, start=0.0)]
    assert in_split(triples, "train", ["question"]) == [triples[1]]
    assert list(clips_of(triples)) == [first, triples[3]]
