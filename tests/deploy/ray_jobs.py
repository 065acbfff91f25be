"""Pipelines for the tests of a cluster: small, and gated by files, which any process can see."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.jobs.cluster_jobs import in_cluster

GATE_TIMEOUT_SECONDS = 90.0


@in_cluster("speech")
def process_id(runtime: ModelRuntime) -> int:
    """The process in which it runs."""
    return os.getpid()


@in_cluster("speech")
def duration(clip: AudioClip, runtime: ModelRuntime) -> float:
    """What the worker's clip says."""
    return clip.duration


@in_cluster("speech")
def waiting(
    begun: Path, gate: Path, ended: Path, runtime: ModelRuntime, should_stop: Callable[[], bool] = never_stop
) -> Iterator[int]:
    """Yield the process, wait for the gate, or for Stop, and yield it again; files tell where it is."""
    begun.touch()
    yield os.getpid()
    wait_for(lambda: gate.exists() or should_stop())
    ended.touch()
    yield os.getpid()


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; it is about another process."""
    deadline = time.monotonic() + GATE_TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the other process did not do it")
        time.sleep(0.02)  # between two looks at another process


@in_cluster("speech")
def counting(count: int, runtime: ModelRuntime, should_stop: Callable[[], bool] = never_stop) -> Iterator[int]:
    """Yield as fast as it goes."""
    yield from range(count)
