"""What is kept between runs: packages, excerpts, outputs of networks, readings of other programs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmarks.accuracy.excerpts import excerpts
from benchmarks.accuracy.packages import PackageAbsent, package_folder
from benchmarks.accuracy.record_outputs import cut
from benchmarks.accuracy.run import spread
from benchmarks.accuracy.sources import Source, read_sources
from benchmarks.accuracy.stored_features import NotRecorded, StoredFeatures, read_arrays, write_arrays
from benchmarks.accuracy.tracks import Annotation, Track
from models.cache.feature_store import FeatureKey

SOURCE = Source(
    name="hummed",
    reader="hummed",
    files="",
    package="",
    version="1",
    kind="real",
    split="tuning",
    licence="CC0",
    truth="made here",
    tasks=("key",),
    origin="none",
)
KNOWN = Annotation(bpm=90.0, beats=((0.0, 0.66),), chords=((0.0, 1.0, "C:maj"),), key="C major")


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A reader of three tracks of a minute; the list has a name for every track that was read."""
    read: list[str] = []

    def tracks(folder: Path, source: Source) -> Iterator[Track]:
        for name in ("one", "two/three", "four"):
            read.append(name)
            yield Track(name, np.zeros((60 * 8000, 1), dtype=np.float32), 8000, KNOWN)

    module = ModuleType("benchmarks.accuracy.readers.hummed")
    module.tracks = tracks  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(inspect, "getsource", lambda reader: "code")
    return read


def test_a_source_is_read_once_until_its_entry_changes(readings: list[str], tmp_path: Path) -> None:
    first = list(excerpts(SOURCE, tmp_path / "packages", tmp_path / "excerpts"))
    again = list(excerpts(SOURCE, tmp_path / "packages", tmp_path / "excerpts"))
    assert readings == ["one", "two/three", "four"] and first == again
    assert [excerpt.annotation for excerpt in again] == [KNOWN] * 3
    assert all(excerpt.file.exists() for excerpt in again)
    list(excerpts(replace(SOURCE, version="2"), tmp_path / "packages", tmp_path / "excerpts"))
    assert len(readings) == 6


def test_a_source_is_read_again_after_what_its_reader_depends_on_has_changed(readings: list[str], tmp_path: Path) -> None:
    module = sys.modules["benchmarks.accuracy.readers.hummed"]
    for lines, read in (("a flute", 3), ("a flute", 3), ("a harp", 6)):
        module.inputs = lambda source, lines=lines: lines  # type: ignore[attr-defined]
        list(excerpts(SOURCE, tmp_path / "packages", tmp_path / "excerpts"))
        assert len(readings) == read


def test_a_source_that_cannot_be_had_says_what_is_missing(tmp_path: Path) -> None:
    python = replace(SOURCE, origin="python", package="no_such_package_of_scores")
    with pytest.raises(PackageAbsent, match="pip install no_such_package_of_scores==1"):
        package_folder(python, tmp_path)


def test_a_reader_without_its_program_leaves_nothing_half_made(
    readings: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def tracks(folder: Path, source: Source) -> Iterator[Track]:
        yield Track("one", np.zeros((8000, 1), dtype=np.float32), 8000, KNOWN)
        raise FileNotFoundError("no such file: 'lmms'")

    module = sys.modules["benchmarks.accuracy.readers.hummed"]
    working = module.tracks
    monkeypatch.setattr(module, "tracks", tracks)
    with pytest.raises(PackageAbsent, match="hummed: no such file: 'lmms'"):
        list(excerpts(SOURCE, tmp_path / "packages", tmp_path / "excerpts"))
    monkeypatch.setattr(module, "tracks", working)
    assert len(list(excerpts(SOURCE, tmp_path / "packages", tmp_path / "excerpts"))) == 3


def test_a_short_run_takes_a_part_of_a_long_source(readings: list[str], tmp_path: Path) -> None:
    found = list(excerpts(SOURCE, tmp_path / "packages", tmp_path / "excerpts"))
    assert spread(found, 500) == spread(found, float("inf")) == found and spread([], 120) == []
    assert len(spread(found * 10, 240)) == 4
    assert len(spread(found, 1)) == 1


def test_outputs_come_back_in_their_types_and_decisions_are_made_anew(tmp_path: Path) -> None:
    keys = [
        FeatureKey("clip", "network", "1", layer) for layer in ("scores", "names", "beats of both networks between 40 and 240")
    ]
    store = StoredFeatures(10**6, {})
    store.get_or_compute(keys[0], lambda: np.linspace(0, 1, 7, dtype=np.float32))
    store.get_or_compute(keys[1], lambda: np.array(["Piano", "Harp"]))
    store.get_or_compute(keys[2], lambda: np.arange(3))
    write_arrays(tmp_path / "outputs.npz", store.kept)
    kept = StoredFeatures(10**6, read_arrays(tmp_path / "outputs.npz"), is_complete=True)
    scores = kept.get_or_compute(keys[0], lambda: np.zeros(7, dtype=np.float32))
    assert scores.dtype == np.float32 and scores == pytest.approx(np.linspace(0, 1, 7), abs=1e-3)
    assert kept.get_or_compute(keys[1], lambda: np.array([""])).tolist() == ["Piano", "Harp"]
    assert kept.get_or_compute(keys[2], lambda: np.arange(9)).tolist() == list(range(9))
    with pytest.raises(NotRecorded, match="network: other"):
        kept.get_or_compute(FeatureKey("clip", "network", "1", "other"), lambda: np.zeros(1))


def test_the_annotation_of_a_beginning_ends_with_it() -> None:
    found = cut(replace(KNOWN, downbeats=(0.0, 2.6), sections=((0.0, 0.3, "A"), (0.3, 4.0, "B"))), 0.5)
    assert found.beats == ((0.0,),) and found.downbeats == (0.0,)
    assert found.chords == ((0.0, 0.5, "C:maj"),) and found.sections == ((0.0, 0.3, "A"), (0.3, 0.5, "B"))


def test_every_source_is_listed_once_with_origin_licence_and_truth() -> None:
    sources = read_sources()
    assert len({source.name for source in sources}) == len(sources)
    for source in sources:
        assert source.licence and source.truth and source.tasks
        assert source.origin == "none" or (source.package and source.version), source.name
