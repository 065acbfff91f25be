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
    "909beat01": 8,
    "break01": 4,
    "break02": 4,
    "break03": 4,
    "briff01": 4,
    "electro_beat01": 8,
    "electro_beat02": 4,
    "house_loop01": 4,
    "jungle01": 4,
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
    "rave_bass01": 4,
    "rave_bass02": 4,
    "rave_kick01": 4,
    "rave_kick02": 4,
    "tb303_01": 8,
    "techno_bass01": 4,
    "techno_bass02": 4,
    "techno_synth01": 8,
    "techno_synth02": 8,
    "techno_synth03": 8,
    "techno_synth04": 16,
}
"""Beats of the loops of Sonic Pi and LMMS.

Sonic Pi's documentation says 4 for `loop_amen` (`use_sample_bpm :loop_amen, num_beats: 4`). For the others the number follows
from the duration: the one with a tempo between 80 and 170. LMMS's loops of hi-hats and snares alone are left out: nothing tells
their beats from the places between them.
"""
DOCUMENTED = ("loop_amen",)
"""Loops whose octave is known; of the others half and twice as many beats count too."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield each loop, repeated to at least 20 s."""
    for path in sorted(path for path in folder.glob(source.files) if path.stem in BEATS):
        once, rate = soundfile.read(path, dtype="float32", always_2d=True)
        repeats = ceil(MIN_SECONDS * rate / len(once))
        seconds = len(once) / rate / BEATS[path.stem]
        end = repeats * len(once) / rate
        is_known = path.stem in DOCUMENTED
        grids = tuple(tuple(np.arange(0, end, seconds * ratio).tolist()) for ratio in ((1,) if is_known else (1, 1 / 2, 2)))
        yield Track(path.stem, np.tile(once, (repeats, 1)), rate, Annotation(60 / seconds, is_known, grids))
