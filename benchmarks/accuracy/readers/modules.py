"""Reads tracker modules: music that people wrote for sampled instruments, whose grid of rows libopenmpt knows exactly.

How many rows a beat has is written down in some files of Impulse Tracker only (its row highlight); 4 is the custom of trackers.
Where 4 rows make more than `MAX_BPM`, the beat has twice as many. Between `MAX_CERTAIN_BPM` and `MAX_BPM` either may be meant:
the octave is unknown, and both grids count. Needs the Debian package libopenmpt0.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.accuracy.arrangements.arrangement import Arrangement
from benchmarks.accuracy.arrangements.modules import Cell, PlayedRow, module_arrangement
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track
from models.arrays import DoubleArray, FloatArray

LIBRARY = "libopenmpt.so.0"
SAMPLE_RATE = 44_100
CHUNK_FRAMES = 64
"""Resolution of the time of a row: 1.5 ms."""
MAX_SECONDS, MIN_SECONDS = 75, 15
STEADY_DEVIATION, MIN_STEADY_FRACTION = 0.05, 0.94
"""A module is used if this fraction of its rows deviates from their median duration by no more than this."""
SPAN_ROWS = 16
ROWS_PER_BEAT, ROWS_PER_BAR = 4, 16
EIGHTHS, ROWS_PER_DOTTED_BEAT = 2, 6
"""Row highlight that marks eighths rather than beats, and the rows of a beat of three of them."""
TERNARY_ROWS_PER_BEAT = (4, 6, 8, 12)
"""Rows that a beat may have where patterns have a multiple of 3 rows and the file's bars do not."""
MAX_CERTAIN_BPM, MAX_BPM = 160.0, 200.0
HIGHLIGHT_OFFSET, FLAGS_OFFSET, HIGHLIGHT_FLAG = 0x1E, 0x2E, 4
"""Places in the header of Impulse Tracker: rows per beat and per bar, and whether they are set."""
NOTE, INSTRUMENT = 0, 1
"""Columns of a cell."""


@dataclass(frozen=True)
class Rows:
    """The grid of a module."""

    times: DoubleArray
    """[rows], start of each row in seconds."""
    numbers: tuple[int, ...]
    """Number of each row in its pattern."""

    @property
    def seconds(self) -> float:
        """Median duration of a row, over spans of several rows since the time of each is known to 1.5 ms only."""
        span = min(SPAN_ROWS, len(self.times) - 1)
        return float(np.median(self.times[span:] - self.times[:-span])) / span

    @property
    def is_steady(self) -> bool:
        """Whether the module has one tempo and is long enough."""
        durations = np.diff(self.times) / self.seconds
        steady = np.abs(durations - 1) < STEADY_DEVIATION
        return float(steady.mean()) >= MIN_STEADY_FRACTION and float(self.times[-1]) >= MIN_SECONDS

    def every(self, count: int) -> tuple[float, ...]:
        """Return the times of every `count`-th row from the start of each pattern."""
        return tuple(float(time) for time, number in zip(self.times, self.numbers, strict=True) if number % count == 0)


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the first 75 s of each module that is steady."""
    for path in sorted(folder.glob(source.files)):
        sound, rows, arrangement = render_module(path)
        if rows.is_steady:
            sections = arrangement.sections(len(sound) / SAMPLE_RATE)
            known = replace(annotation(rows, *highlight(path.read_bytes())), sections=sections)
            yield Track(path.name, sound, SAMPLE_RATE, known)


def highlight(data: bytes) -> tuple[int, int]:
    """Return the rows per beat and per bar of a module file."""
    if data[:4] == b"IMPM" and data[FLAGS_OFFSET] & HIGHLIGHT_FLAG and data[HIGHLIGHT_OFFSET] > 1:
        per_beat, per_bar = data[HIGHLIGHT_OFFSET : HIGHLIGHT_OFFSET + 2]
        return ROWS_PER_DOTTED_BEAT if per_beat == EIGHTHS else per_beat, per_bar
    return ROWS_PER_BEAT, ROWS_PER_BAR


def annotation(rows: Rows, rows_per_beat: int, rows_per_bar: int) -> Annotation:
    """Return tempo, beats and downbeats; no downbeats where the octave is unknown or a bar has no whole number of beats."""
    pattern_rows = max(rows.numbers) + 1
    if pattern_rows % 3 == 0 and rows_per_beat % 3 and rows_per_bar % 3:
        grids = tuple(rows.every(count) for count in TERNARY_ROWS_PER_BEAT)
        return Annotation(60 / rows.seconds / max(TERNARY_ROWS_PER_BEAT), is_octave_known=False, beats=grids)
    beats_per_bar = rows_per_bar / rows_per_beat
    while 60 / rows.seconds / rows_per_beat > MAX_BPM:
        rows_per_beat *= 2
    bpm = 60 / rows.seconds / rows_per_beat
    is_known = bpm <= MAX_CERTAIN_BPM
    grids = (rows.every(rows_per_beat),) if is_known else (rows.every(rows_per_beat), rows.every(2 * rows_per_beat))
    downbeats = rows.every(round(beats_per_bar * rows_per_beat)) if is_known and beats_per_bar in (2, 3, 4) else ()
    return Annotation(bpm=bpm, is_octave_known=is_known, beats=grids, downbeats=downbeats)


def render_module(path: Path) -> tuple[FloatArray, Rows, Arrangement]:
    """Render the first `MAX_SECONDS` of a module; return (sound [frames, 2], grid of rows, arrangement).

    Raises:
        ValueError: libopenmpt cannot read the file.
    """
    library, data = _library(), path.read_bytes()
    module = library.openmpt_module_create_from_memory2(data, len(data), *[None] * 7)
    if not module:
        raise ValueError(f"{path} cannot be read")
    buffer = (ctypes.c_float * (2 * CHUNK_FRAMES))()
    chunks: list[FloatArray] = []
    rows: list[PlayedRow] = []
    pattern_rows = library.openmpt_module_get_pattern_num_rows(module, library.openmpt_module_get_current_pattern(module))
    frames = 0
    while frames < MAX_SECONDS * SAMPLE_RATE:
        order, number = library.openmpt_module_get_current_order(module), library.openmpt_module_get_current_row(module)
        if not rows or (order, number) != (rows[-1].order, rows[-1].number):
            rows.append(PlayedRow(frames / SAMPLE_RATE, order, number, _cells(library, module, number)))
        count = library.openmpt_module_read_interleaved_float_stereo(module, SAMPLE_RATE, CHUNK_FRAMES, buffer)
        if not count:
            break
        chunks.append(np.array(buffer[: 2 * count], dtype=np.float32).reshape(-1, 2))
        frames += count
    library.openmpt_module_destroy(module)
    sound = np.concatenate(chunks)
    loudest = float(np.abs(sound).max(initial=1e-9))
    arrangement = module_arrangement(rows, pattern_rows, frames / SAMPLE_RATE)
    grid = Rows(np.array([row.time for row in rows]), tuple(row.number for row in rows))
    return sound * np.float32(0.9 / loudest), grid, arrangement


def _cells(library: ctypes.CDLL, module: int, row: int) -> tuple[Cell, ...]:
    """Return the cells of a row of the pattern that is playing."""
    pattern = library.openmpt_module_get_current_pattern(module)
    command = library.openmpt_module_get_pattern_row_channel_command
    channels = range(library.openmpt_module_get_num_channels(module))
    return tuple(
        (command(module, pattern, row, channel, NOTE), command(module, pattern, row, channel, INSTRUMENT)) for channel in channels
    )


def _library() -> ctypes.CDLL:
    """Return libopenmpt with the types of the functions that are used."""
    library = ctypes.CDLL(LIBRARY)
    library.openmpt_module_create_from_memory2.restype = ctypes.c_void_p
    library.openmpt_module_create_from_memory2.argtypes = [ctypes.c_char_p, ctypes.c_size_t, *[ctypes.c_void_p] * 7]
    for name in ("get_current_row", "get_current_order", "get_current_pattern", "get_num_channels"):
        function = getattr(library, f"openmpt_module_{name}")
        function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_int32
    library.openmpt_module_get_pattern_num_rows.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    command = library.openmpt_module_get_pattern_row_channel_command
    command.argtypes, command.restype = [ctypes.c_void_p, *[ctypes.c_int32] * 3, ctypes.c_int], ctypes.c_uint8
    library.openmpt_module_destroy.argtypes = [ctypes.c_void_p]
    read_samples = library.openmpt_module_read_interleaved_float_stereo
    read_samples.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_size_t, ctypes.POINTER(ctypes.c_float)]
    read_samples.restype = ctypes.c_size_t
    return library
