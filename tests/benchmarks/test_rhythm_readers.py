"""The truth of tempo and beats that readers find in files of games and programs."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest

from benchmarks.accuracy.readers.midi_files import midi_annotation
from benchmarks.accuracy.readers.modules import Rows, annotation, highlight
from benchmarks.accuracy.sources import read_sources


def grid(row_seconds: float, patterns: int = 2, pattern_rows: int = 64) -> Rows:
    rows = np.arange(patterns * pattern_rows)
    return Rows((rows * row_seconds).astype(np.float64), tuple((rows % pattern_rows).tolist()))


@pytest.mark.parametrize(
    ("row_seconds", "bpm", "grids"),
    [(0.12, 125.0, 1), (0.05, 150.0, 1), (0.08, 187.5, 2)],
)
def test_a_beat_of_a_module_has_as_many_rows_as_keep_it_below_200(row_seconds: float, bpm: float, grids: int) -> None:
    found = annotation(grid(row_seconds), 4, 16)
    assert found.bpm == pytest.approx(bpm)
    assert (found.is_octave_known, len(found.beats)) == (grids == 1, grids)
    assert bool(found.downbeats) == (grids == 1)


def test_a_module_with_bars_of_three_beats_has_downbeats_each_three_beats() -> None:
    found = annotation(grid(0.12, pattern_rows=48), 4, 12)
    assert np.diff(found.downbeats) == pytest.approx(3 * 0.48)


def test_the_row_highlight_of_impulse_tracker_counts_where_it_is_set() -> None:
    header = bytearray(b"IMPM" + bytes(60))
    header[0x1E:0x20] = (6, 24)
    assert highlight(bytes(header)) == (4, 16)
    header[0x2E] = 4
    assert highlight(bytes(header)) == (6, 24)


@pytest.mark.parametrize(("metre", "bpm", "bar_seconds"), [((6, 8), 80.0, 1.5), ((3, 4), 120.0, 1.5)])
def test_the_beat_of_a_midi_file_is_that_of_its_metre(
    tmp_path: Path, metre: tuple[int, int], bpm: float, bar_seconds: float
) -> None:
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=500_000))
    track.append(mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1]))
    track.append(mido.Message("note_on", note=60, time=480 * 40))
    midi = mido.MidiFile()
    midi.tracks.append(track)
    midi.save(tmp_path / "piece.mid")
    found = midi_annotation(tmp_path / "piece.mid")
    assert found is not None and found.bpm == pytest.approx(bpm)
    assert np.diff(found.downbeats) == pytest.approx(bar_seconds)


def test_no_package_stands_on_both_sides_of_the_split() -> None:
    sides: dict[tuple[str, str], set[str]] = {}
    for source in read_sources():
        if source.package:
            sides.setdefault((source.package, source.part), set()).add(source.split)
    assert all(len(split) == 1 for split in sides.values())
