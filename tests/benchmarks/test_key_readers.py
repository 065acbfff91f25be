"""The readers of music of known key."""

from __future__ import annotations

import pytest

from benchmarks.accuracy.readers.chord_loops import LOOPS
from benchmarks.accuracy.readers.named_keys import KEYS
from benchmarks.accuracy.sources import read_sources
from pipelines.music.harmony.notation import MODES, pitch_class


def test_every_source_of_named_keys_is_listed_with_keys_that_exist() -> None:
    sources = {source.name for source in read_sources() if source.reader == "named_keys"}
    assert sources == set(KEYS)
    for files in KEYS.values():
        for key in files.values():
            tonic, mode = key.split()
            assert 0 <= pitch_class(tonic) < 12 and mode in MODES


@pytest.mark.parametrize("mode", MODES)
def test_every_loop_has_the_chord_of_its_tonic_in_its_mode(mode: str) -> None:
    tonic = "0m" if mode == "minor" else "0"
    assert all(tonic in loop.split() and len(loop.split()) == 4 for loop in LOOPS[mode])  # type: ignore[index]
