"""A thousand clips of all kinds, one after the other, through a whole server: what does it hold at the end?

`make soak` runs it (`python -m benchmarks.service.soak --clips 1000`); each clip is uploaded, read, tagged and measured by the
endpoints, every eighth is transcribed, and then it is deleted, as from a person's history.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio_client
import psutil

from benchmarks.report import Figure, as_table, at_most, write_long_run
from benchmarks.service.soak_clips import write_soak_clip
from benchmarks.service.whole_server import WholeServer, whole_server
from pipelines.clip.clip_folders import SCRATCH_PREFIX

SETTLED_CLIP = 200
"""Number of the clip after which the memory is compared: all models and libraries are there."""
WINDOW = 20
"""Clips of which the median memory is taken."""
MAX_GROWTH_MB = 50.0
TRANSCRIBED = 8
"""One clip of this many is transcribed."""
PERSON = "soak"


@dataclass(frozen=True)
class Held:
    """What a server holds."""

    memory_mb: float
    """Private memory of its process: what would come back if it ended."""
    threads: int
    open_files: int
    processes: int
    running: int
    """Jobs that run."""
    clip_folders: int
    scratch: int
    """Folders and files that are not complete, and all that lies in the folder for temporary files."""


def held_by(server: WholeServer) -> Held:
    """Return what a server holds now."""
    process, folder = psutil.Process(server.app.process.pid), server.folder
    with urllib.request.urlopen(f"{server.app.address}/healthz", timeout=30) as answer:
        running = json.load(answer)["running"]
    clips = [path for path in (folder / "clips").glob("*") if not path.name.startswith(SCRATCH_PREFIX)]
    return Held(
        memory_mb=server.private_mb(),
        threads=process.num_threads(),
        open_files=process.num_fds(),
        processes=len(process.children(recursive=True)),
        running=running,
        clip_folders=len(clips),
        scratch=len(list((folder / "clips").glob(f"{SCRATCH_PREFIX}*"))) + len(list((folder / "tmp").glob("*"))),
    )


def use_clip(client: Any, number: int, folder: Path) -> None:
    """Send the clip of this number through the endpoints, and delete it."""
    file = write_soak_clip(number, folder)
    audio = gradio_client.handle_file(str(file))
    _, facts = client.predict(audio, person=PERSON, api_name="/read_clip")
    client.predict(audio, api_name="/tag_sounds")
    client.predict(audio, api_name="/music_facts")
    if number % TRANSCRIBED == 0:
        client.predict(audio, language="en", beam_size=1, api_name="/transcribe")
    client.predict(facts["content_hash"], PERSON, api_name="/forget_clip")
    file.unlink()


def soak(clips: int) -> tuple[list[Held], float]:
    """Return what the server held after each clip, and the seconds of the run."""
    held: list[Held] = []
    with whole_server() as server:
        began = time.monotonic()
        for number in range(clips):
            use_clip(server.client, number, server.folder / "own")
            held.append(held_by(server))
            if number % 10 == 9:
                print(number + 1, f"{time.monotonic() - began:.0f} s", held[-1], flush=True)
        return held, time.monotonic() - began


def figures(held: Sequence[Held], seconds: float) -> list[Figure]:
    """Return what is promised of a run, from what the server held after each clip."""
    settled = held[: min(SETTLED_CLIP, len(held) // 2)][-WINDOW:]
    last = held[-WINDOW:]

    def grown(what: str) -> float:
        before, now = (statistics.median(float(getattr(one, what)) for one in part) for part in (settled, last))
        return now - before

    count = min(SETTLED_CLIP, len(held) // 2)
    memory = statistics.median(one.memory_mb for one in settled)
    run = f"{len(held)} clips of all kinds in {seconds / 60:.0f} min"
    claim = f"{run}, private memory at the end beyond that after {count} ({memory:.0f} MB)"
    names = ("threads", "open_files", "processes", "running", "clip_folders", "scratch")
    left = sum(max(0.0, grown(name)) for name in names)
    what = "threads, open files, processes, jobs, clips and temporary folders beyond those"
    return [at_most(claim, grown("memory_mb"), MAX_GROWTH_MB, " MB", 0), at_most(f"the same: {what}", left, 0, "", 0)]


def main() -> None:
    """Run with as many clips as the arguments say; return exit code 1 if a claim does not hold."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--clips", type=int, default=1000)
    arguments.add_argument("--only-print", action="store_true", help="leave benchmarks/results.md as it is")
    options = arguments.parse_args()
    found = figures(*soak(options.clips))
    print(as_table(found))
    if not options.only_print:
        write_long_run("soak", found)
    sys.exit(0 if all(figure.kept for figure in found) else 1)


if __name__ == "__main__":
    main()
