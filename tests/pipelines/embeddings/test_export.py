from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from pipelines.embeddings.colouring import Colouring
from pipelines.embeddings.export import (
    save_map,
    save_npz,
    save_parquet,
    save_projector_files,
)
from pipelines.embeddings.map import MapOptions, map_embeddings
from pipelines.embeddings.map_image import (
    DARK,
    map_image,
    point_colours,
    save_map_image,
)
from tests.pipelines.embeddings.embedding_examples import embedding, walk

EMBEDDING = embedding(walk(30))
COLOURINGS = (
    Colouring("time", "Time", "continuous", EMBEDDING.times.astype(np.float32), unit="s"),
    Colouring("loudness", "Loudness", "continuous", np.linspace(-60, -10, 30, dtype=np.float32), unit="dB"),
    Colouring("chord", "Chord", "categorical", np.array([0, 1, -1] * 10, dtype=np.int32), ("Am", "F")),
    Colouring("word", "Word", "categorical", np.array([-1] * 29 + [0], dtype=np.int32), ("tab\tand\nline",)),
)


def projector(path: Path) -> tuple[Any, list[dict[str, str]]]:
    """As the projector reads them: lines, then tabs, no quotes."""
    with zipfile.ZipFile(path) as archive:
        vectors = np.loadtxt(io.StringIO(archive.read("vectors.tsv").decode()), delimiter="\t", ndmin=2)
        text = archive.read("metadata.tsv").decode()
    return vectors, list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_npz_opens_without_pickle(tmp_path: Path) -> None:
    embedding_map = map_embeddings(EMBEDDING.frames)
    save_npz(tmp_path / "clip.embedding", EMBEDDING, "räin.ogg", embedding_map)
    with np.load(tmp_path / "clip.embedding", allow_pickle=False) as opened:
        np.testing.assert_array_equal(opened["frames"], EMBEDDING.frames)
        np.testing.assert_array_equal(opened["times"], EMBEDDING.times)
        np.testing.assert_array_equal(opened["points"], embedding_map.points)
        known = json.loads(str(opened["metadata"]))
    assert (known["clip"], known["encoder"], known["layer"]) == ("räin.ogg", "yamnet", "patches")


def test_npz_has_the_labels_of_tokens(tmp_path: Path) -> None:
    save_npz(tmp_path / "clip.npz", replace(EMBEDDING, labels=("hé",) * 30), "clip")
    with np.load(tmp_path / "clip.npz", allow_pickle=False) as opened:
        assert opened["labels"].tolist() == ["hé"] * 30


@pytest.mark.parametrize("group", [7, 4096])
def test_parquet_has_a_row_for_each_frame(tmp_path: Path, group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.embeddings.export.ROW_GROUP_FRAMES", group)
    save_parquet(tmp_path / "clip.parquet", replace(EMBEDDING, labels=tuple("abc" * 10)), "rain.ogg", COLOURINGS)
    table = parquet.read_table(tmp_path / "clip.parquet")
    assert table.column_names == ["time", "frame", "label", "loudness", "chord", "word"]
    np.testing.assert_array_equal(np.array(table["frame"].to_pylist(), dtype=np.float32), EMBEDDING.frames)
    np.testing.assert_array_equal(table["time"].to_numpy(), EMBEDDING.times)
    assert table["label"].to_pylist()[:3] == ["a", "b", "c"]
    assert table["chord"].to_pylist()[:4] == ["Am", "F", None, "Am"]
    assert json.loads(table.schema.metadata[b"audioscope"])["clip"] == "rain.ogg"


def test_projector_files_have_vectors_and_the_path_through_time(tmp_path: Path) -> None:
    save_projector_files(tmp_path / "clip.zip", EMBEDDING, "rain.ogg", COLOURINGS)
    vectors, rows = projector(tmp_path / "clip.zip")
    np.testing.assert_allclose(vectors, EMBEDDING.frames, rtol=1e-5, atol=1e-6)
    assert list(rows[0]) == ["label", "time", "clip", "loudness", "chord", "__next__"]
    assert [row["__next__"] for row in rows] == [*map(str, range(1, 30)), ""]
    assert [float(row["time"]) for row in rows] == pytest.approx(EMBEDDING.times, abs=1e-3)
    assert [row["chord"] for row in rows[:3]] == ["Am", "F", ""]
    assert rows[-1]["label"] == "14.160 s tab and line"


def test_many_frames_are_thinned_evenly_for_the_projector(tmp_path: Path) -> None:
    save_projector_files(tmp_path / "clip.zip", EMBEDDING, "rain.ogg", max_frames=10)
    vectors, rows = projector(tmp_path / "clip.zip")
    assert vectors.shape == (10, 8)
    assert [row["__next__"] for row in rows] == [*map(str, range(1, 10)), ""]
    np.testing.assert_allclose(vectors[-1], EMBEDDING.frames[-1], rtol=1e-5)


def test_the_map_of_two_clips_as_json(tmp_path: Path) -> None:
    other = embedding(walk(12, seed=1), "1" * 32)
    rows = np.concatenate([EMBEDDING.frames, other.frames])
    embedding_map = map_embeddings(rows, MapOptions("pca", 3))
    colouring = Colouring("clip", "Clip", "categorical", np.repeat([0, 1], (30, 12)).astype(np.int32), ("rain", "dog"))
    save_map(tmp_path / "map.json", embedding_map, [("rain", EMBEDDING), ("dog", other)], [colouring])
    read = json.loads((tmp_path / "map.json").read_text(encoding="utf-8"))
    np.testing.assert_allclose(read["points"], embedding_map.points, atol=1e-4)
    np.testing.assert_allclose(read["times"], np.concatenate([EMBEDDING.times, other.times]), atol=1e-4)
    assert read["clip_index"] == read["colourings"]["clip"]["values"] == [0] * 30 + [1] * 12
    assert [one["clip"] for one in read["clips"]] == ["rain", "dog"]
    assert read["options"]["method"] == read["method"] == "pca"
    assert len(read["explained_variance_ratio"]) == 3


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("is_dark", [False, True])
def test_the_image_has_the_points_and_metadata(tmp_path: Path, dimensions: Any, is_dark: bool) -> None:
    embedding_map = map_embeddings(EMBEDDING.frames, MapOptions("pca", dimensions))
    picture = map_image(embedding_map, COLOURINGS[2], "rain.ogg", is_dark)
    save_map_image(tmp_path / "map.png", picture, {"clip": "räin.ogg"})
    with Image.open(tmp_path / "map.png") as opened:
        opened.load()
        assert json.loads(opened.info["audioscope"]) == {"clip": "räin.ogg"}
        pixels = np.asarray(opened.convert("RGB"))
    assert (pixels[0, 0] == ((0x13, 0x13, 0x16) if is_dark else 255)).all()
    for colour in ((0, 0x72, 0xB2), (0xE6, 0x9F, 0)):
        assert (np.abs(pixels[:1200, :1200].astype(int) - colour).max(axis=2) < 4).sum() > 500


def test_colours_follow_the_ramp_and_missing_categories_are_faint() -> None:
    ramp = point_colours(COLOURINGS[1]).astype(int)
    assert ramp[0].tolist() == [0x44, 0x01, 0x54]
    assert ramp[-1].tolist() == [0xFD, 0xE7, 0x25]
    named = point_colours(COLOURINGS[2], DARK)
    assert named[2].tolist() == [0x34, 0x34, 0x3C]
    assert named[0].tolist() == named[3].tolist() != named[1].tolist()


def test_an_image_of_one_point(tmp_path: Path) -> None:
    embedding_map = map_embeddings(walk(1))
    colouring = Colouring("time", "Time", "continuous", np.zeros(1, dtype=np.float32), unit="s")
    assert map_image(embedding_map, colouring, "a" * 200).size == (1500, 1280)
