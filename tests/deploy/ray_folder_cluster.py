"""The command for a folder of many clips on a Ray cluster of this machine, whose processes are killed meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from tests.recordings import EXAMPLES

pytest.importorskip("ray", reason="requirements-ray.txt is not installed")

ROOT = Path(__file__).parents[2]
RECORDINGS = 60
TIMEOUT_SECONDS = 120.0
ACTOR = "FolderActor"
"""Part of the title of a worker's process."""


class Cluster:
    """A cluster of two CPUs, for commands that run in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source, self.output, self.log = folder / "source", folder / "output", folder / "head.log"
        self._environment = {
            **os.environ,
            "AUDIOSCOPE_DATA_DIR": str(folder / "data"),
            "AUDIOSCOPE_CLIP_DIR": str(folder / "clips"),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": uuid4().hex,
            "RAY_TMPDIR": str(folder),
            "RAY_ADDRESS": "",
        }
        start = (
            "start --head --port 0 --num-cpus 2 --object-store-memory 100000000 --include-dashboard false --disable-usage-stats"
        )
        self._head = subprocess.Popen(
            [str(Path(sys.executable).with_name("ray")), *start.split(), "--block"],
            cwd=ROOT,
            env=self._environment,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        address = folder / "ray" / "ray_current_cluster"
        try:
            wait_until(lambda: address.exists() and address.read_text(), self.log)
        except AssertionError:
            self.close()
            raise
        self._environment["RAY_ADDRESS"] = address.read_text().strip()

    def command(self, *options: str) -> subprocess.Popen[str]:
        arguments = [str(self.source), "--task", "embed", "--model", "yamnet", "--output", str(self.output), *options]
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.ray_folder", *arguments],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def done(self) -> dict[Path, int]:
        """Return the results, and when each was written."""
        return {file: file.stat().st_mtime_ns for file in self.output.glob("done/*/*.json")}

    def actors(self) -> list[psutil.Process]:
        """Return the processes of workers."""
        return [process for process in psutil.Process(self._head.pid).children(recursive=True) if ACTOR in title(process)]

    def close(self) -> None:
        head = psutil.Process(self._head.pid)
        for process in [head, *head.children(recursive=True)]:
            process.kill()
        self._head.wait(TIMEOUT_SECONDS)


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def wait_until(is_so: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)  # between two looks at a folder that fills


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster; its folder has a short name, as those of sockets may have a hundred characters only."""
    folder = Path(tempfile.mkdtemp(prefix="r"))
    running = Cluster(folder)
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.models
def test_a_run_survives_its_workers_and_the_next_ones_go_on(cluster: Cluster) -> None:
    for number in range(RECORDINGS):
        name = cluster.source / f"{number % 3}" / f"bird\n{number} é.ogg"
        name.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLES / "blackbird.ogg", name)
    (cluster.source / "bad.mp3").write_text("no sound")

    first = cluster.command("--workers", "1")
    wait_until(lambda: len(cluster.done()) >= 2 and cluster.actors(), cluster.log)
    cluster.actors()[0].kill()
    before = len(cluster.done())
    wait_until(lambda: len(cluster.done()) >= before + 12, cluster.log)
    first.kill()
    first.communicate()
    kept = cluster.done()
    assert len(kept) < RECORDINGS

    second = cluster.command("--workers", "1")
    wait_until(lambda: len(cluster.done()) >= len(kept) + 2, cluster.log)
    second.send_signal(signal.SIGINT)
    _, problems = second.communicate(timeout=TIMEOUT_SECONDS)
    assert second.returncode == 1
    assert "Stopped. What is done is kept; the same command goes on." in problems
    assert "Traceback" not in problems
    assert RECORDINGS > len(cluster.done()) > len(kept)

    third = cluster.command()
    said, problems = third.communicate(timeout=TIMEOUT_SECONDS)
    assert third.returncode == 1, problems
    assert said.splitlines()[-1].startswith(f"{RECORDINGS + 1} recordings: ")
    assert " 1 failed, 0 unread, " in said.splitlines()[-1]
    done = cluster.done()
    assert done.items() >= kept.items()
    lines = [json.loads(file.read_text()) for file in done]
    assert len({line["file"] for line in lines}) == len(lines) == RECORDINGS
    assert len({json.dumps(line["result"]["vector"]) for line in lines}) == 1
