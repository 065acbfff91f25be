"""Evaluates tempo and beats on tracker modules: `python -m training.music.evaluate_modules FOLDER`.

Modules are music that people wrote for sampled instruments, and libopenmpt knows the row that sounds at every moment, so their
time grid is exact; how many rows a beat has is not written down. A tempo is right but for octaves if a beat has 1, 2, 4, 8 or 16
rows (3, 6 or 12 too where patterns have 48 or 96 rows), and the beats are compared with the rows of that grid, counted from the
start of the pattern. The figures in `pipelines.music.rhythm.beatnet` are those of the Debian packages pingus-data,
tecnoballz-data and criticalmass-data. Needs the Debian package libopenmpt0.
"""

from __future__ import annotations

import argparse
import ctypes
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.accuracy.scores import TEMPO_TOLERANCE, beat_f_measure
from models.arrays import DoubleArray, FloatArray
from pipelines.music.facts import MusicFacts
from services import build_services
from settings import Settings
from training.music.evaluate import read

LIBRARY = "libopenmpt.so.0"
ENDINGS = (".it", ".s3m", ".xm", ".mod")
SAMPLE_RATE = 44_100
CHUNK_FRAMES = 64
"""Resolution of the time of a row: 1.5 ms."""
MAX_SECONDS, MIN_SECONDS = 75, 15
ROWS_PER_BEAT, TERNARY_ROWS_PER_BEAT = (1, 2, 4, 8, 16), (3, 6, 12)
TERNARY_PATTERN_ROWS = (48, 96)
STEADY_DEVIATION, MIN_STEADY_FRACTION = 0.05, 0.94
"""A module is used if this fraction of its rows deviates from their median duration by no more than this."""


@dataclass(frozen=True)
class Module:
    """A rendered module."""

    name: str
    sound: FloatArray
    """[frames, 2] at `SAMPLE_RATE`."""
    times: DoubleArray
    """[rows], start of each row in seconds."""
    rows: tuple[int, ...]
    """Number of each row in its pattern."""
    pattern_rows: int
    """Rows of the first pattern."""

    @property
    def row_seconds(self) -> float:
        """Median duration of a row."""
        return float(np.median(np.diff(self.times)))

    @property
    def is_steady(self) -> bool:
        """Whether the module has one tempo and is long enough."""
        durations = np.diff(self.times) / self.row_seconds
        steady = np.abs(durations - 1) < STEADY_DEVIATION
        return float(steady.mean()) >= MIN_STEADY_FRACTION and float(self.times[-1]) >= MIN_SECONDS


def render_module(path: Path) -> Module:
    """Render the first `MAX_SECONDS` of a module.

    Raises:
        ValueError: libopenmpt cannot read the file.
    """
    library, data = _library(), path.read_bytes()
    module = library.openmpt_module_create_from_memory2(data, len(data), *[None] * 7)
    if not module:
        raise ValueError(f"{path} cannot be read")
    buffer = (ctypes.c_float * (2 * CHUNK_FRAMES))()
    chunks: list[FloatArray] = []
    rows: list[tuple[float, int, int]] = []
    pattern_rows = library.openmpt_module_get_pattern_num_rows(module, library.openmpt_module_get_current_pattern(module))
    frames = 0
    while frames < MAX_SECONDS * SAMPLE_RATE:
        place = library.openmpt_module_get_current_order(module), library.openmpt_module_get_current_row(module)
        if not rows or place != rows[-1][1:]:
            rows.append((frames / SAMPLE_RATE, *place))
        count = library.openmpt_module_read_interleaved_float_stereo(module, SAMPLE_RATE, CHUNK_FRAMES, buffer)
        if not count:
            break
        chunks.append(np.array(buffer[: 2 * count], dtype=np.float32).reshape(-1, 2))
        frames += count
    library.openmpt_module_destroy(module)
    sound = np.concatenate(chunks)
    loudest = float(np.abs(sound).max(initial=1e-9))
    times = np.array([time for time, _, _ in rows])
    return Module(path.stem, sound * np.float32(0.9 / loudest), times, tuple(row for _, _, row in rows), pattern_rows)


def _library() -> ctypes.CDLL:
    """Return libopenmpt with the types of the functions that are used."""
    library = ctypes.CDLL(LIBRARY)
    library.openmpt_module_create_from_memory2.restype = ctypes.c_void_p
    library.openmpt_module_create_from_memory2.argtypes = [ctypes.c_char_p, ctypes.c_size_t, *[ctypes.c_void_p] * 7]
    for name in ("get_current_row", "get_current_order", "get_current_pattern"):
        function = getattr(library, f"openmpt_module_{name}")
        function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_int32
    library.openmpt_module_get_pattern_num_rows.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    library.openmpt_module_destroy.argtypes = [ctypes.c_void_p]
    read_samples = library.openmpt_module_read_interleaved_float_stereo
    read_samples.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_size_t, ctypes.POINTER(ctypes.c_float)]
    read_samples.restype = ctypes.c_size_t
    return library


def module_scores(module: Module, facts: MusicFacts) -> tuple[float, float]:
    """Return (1 if the tempo is right but for octaves, F-measure of the beats), both 0 where there is no tempo."""
    if facts.tempo is None or facts.beats is None:
        return 0.0, 0.0
    is_ternary = module.pattern_rows in TERNARY_PATTERN_ROWS
    allowed = np.array([*ROWS_PER_BEAT, *(TERNARY_ROWS_PER_BEAT if is_ternary else ())])
    found = 60 / facts.tempo.bpm / module.row_seconds
    rows_per_beat = int(allowed[np.abs(np.log(found / allowed)).argmin()])
    if abs(found / rows_per_beat - 1) > TEMPO_TOLERANCE:
        return 0.0, 0.0
    truth = module.times[[row % rows_per_beat == 0 for row in module.rows]]
    return 1.0, beat_f_measure(tuple(truth.tolist()), facts.beats.times)


def main() -> None:
    """Print a line for each steady module below the folder, then the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    paths = [path for path in sorted(parser.parse_args().folder.rglob("*")) if path.suffix.lower() in ENDINGS]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        for module in map(render_module, paths):
            if not module.is_steady:
                continue
            soundfile.write(f"{folder}/module.flac", module.sound, SAMPLE_RATE)
            facts = read(services.clips.open(Path(folder) / "module.flac"), services)
            results.append(module_scores(module, facts))
            beats = (
                f"{facts.tempo.bpm:6.1f} BPM, {60 / facts.tempo.bpm / module.row_seconds:5.2f} rows" if facts.tempo else "none"
            )
            print(f"{module.name:30} {beats}, F {results[-1][1]:.2f}", flush=True)
    means = np.mean(results, axis=0)
    print(f"{len(results)} modules: tempo right but for octaves {means[0]:.3f}, beats F {means[1]:.3f}")


if __name__ == "__main__":
    main()
