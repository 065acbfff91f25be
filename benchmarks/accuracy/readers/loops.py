"""Reads loops of a known number of beats, which begin with a downbeat, and repeats them."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track

MIN_SECONDS = 20
BEATS = {
    "loop_amen": 4,
    "loop_amen_full": 16,
    "loop_breakbeat": 4,
    "loop_compus": 16,
    "loop_electric": 4,
    "loop_garzul": 16,
    "loop_industrial": 2,
    "loop_mehackit1": 4,
    "loop_mehackit2": 4,
    "loop_mika": 16,
    "loop_perc1": 4,
    "loop_safari": 16,
    "loop_tabla": 16,
}
"""Beats of Sonic Pi's loops. Its documentation calls `use_sample_bpm :loop_amen, num_beats: 4`; for the others the number follows
from the duration: the one with a tempo between 80 and 160, which is a whole number within 0.2 for all but four."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield each loop, repeated to at least 20 s."""
    for path in sorted(path for path in folder.glob(source.files) if path.stem in BEATS):
        once, rate = soundfile.read(path, dtype="float32", always_2d=True)
        repeats = ceil(MIN_SECONDS * rate / len(once))
        beats = BEATS[path.stem]
        seconds = len(once) / rate / beats
        times = tuple((np.arange(repeats * beats) * seconds).tolist())
        sound = np.tile(once, (repeats, 1))
        yield Track(path.stem, sound, rate, Annotation(60 / seconds, beats=(times,), downbeats=times[::4] if beats > 2 else ()))
