"""Renders projects of LMMS and Hydrogen with these programs: their tempo is written down, and the first beat is at 0.

Only the tempo of projects of one tempo counts, and the grid of beats; a bar of four beats where the project says so.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.accuracy.arrangements.projects import project_arrangement
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track

MAX_SECONDS = 90
COMMANDS = {
    ".h2song": ("h2cli", "-d", "auto", "-s", "{project}", "-o", "{sound}"),
    ".mmp": ("lmms", "--allowroot", "render", "{project}", "-f", "wav", "-o", "{sound}"),
    ".mmpz": ("lmms", "--allowroot", "render", "{project}", "-f", "wav", "-o", "{sound}"),
}
BPM_PATTERNS = {
    ".h2song": r"<bpm>([0-9.]+)</bpm>",
    ".mmp": r'<head\b[^>]*\bbpm="([0-9.]+)"',
    ".mmpz": r'<head\b[^>]*\bbpm="([0-9.]+)"',
}
QT_HEADER_BYTES = 4
"""Qt's compressed data begins with its length."""
MAX_SECONDS_TO_RENDER = 600


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the first 90 s of each project."""
    for path in sorted(path for path in folder.glob(source.files) if path.suffix in COMMANDS):
        data = path.read_bytes()
        text = (zlib.decompress(data[QT_HEADER_BYTES:]) if path.suffix == ".mmpz" else data).decode(errors="replace")
        found = re.search(BPM_PATTERNS[path.suffix], text)
        if found is None:
            raise ValueError(f"{path} states no tempo")
        with tempfile.TemporaryDirectory() as target:
            sound = Path(target) / "sound.wav"
            command = [part.format(project=path, sound=sound) for part in COMMANDS[path.suffix]]
            environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
            subprocess.run(command, check=True, capture_output=True, timeout=MAX_SECONDS_TO_RENDER, env=environment)
            rate = soundfile.info(sound).samplerate
            samples, _ = soundfile.read(sound, MAX_SECONDS * rate, dtype="float32", always_2d=True)
        bpm = float(found[1])
        beats = tuple(np.arange(0, len(samples) / rate, 60 / bpm).tolist())
        is_lmms = COMMANDS[path.suffix][0] == "lmms"
        sections = project_arrangement(text).sections(len(samples) / rate) if is_lmms else ()
        yield Track(path.stem, samples, rate, Annotation(bpm, beats=(beats,), downbeats=beats[::4], sections=sections))
