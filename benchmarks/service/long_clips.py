"""Two clips of two hours and a long map through a whole server: what does it hold meanwhile, and what comes back?

`python -m benchmarks.service.long_clips` runs it, for an hour or so. One clip is speech, the other music; both are tagged, the
speech is transcribed, the music is measured, and half an hour of speech is mapped. Then the models become idle.
"""

from __future__ import annotations

import re
import sys
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import gradio_client
import numpy as np
import soundfile

from benchmarks.report import Figure, as_table, at_most, write_long_run
from benchmarks.service.whole_server import WholeServer, whole_server
from tests.app_process import RunningApp
from tests.recordings import EXAMPLES

HOURS = 2.0
MAP_SECONDS = 1800.0
IDLE_SECONDS = 60.0
"""Time after which the server drops an idle model, in place of its half hour."""
SETTLE_SECONDS = 200.0
"""From the last answer until memory is read for the last time: idle models go, and the allocator gives back what was freed."""
MAX_PEAK_MB = 3000.0
MAX_LEFT_MB = 300.0
LINE_OF_OWNER = re.compile(r'^audioscope_memory_bytes\{owner="(?P<owner>[^"]+)"\} (?P<bytes>\S+)$', re.MULTILINE)


def memory_by_owner(app: RunningApp) -> dict[str, float]:
    """Return megabytes by owner, as the server's metrics say."""
    with urllib.request.urlopen(f"{app.address}/metrics", timeout=60) as answer:
        return {found["owner"]: float(found["bytes"]) / 1e6 for found in LINE_OF_OWNER.finditer(answer.read().decode())}


@contextmanager
def highest(measure: Callable[[], float]) -> Iterator[list[float]]:
    """Measure once a second in a thread; the list holds the highest value so far."""
    found, over = [measure()], Event()

    def watch() -> None:
        while not over.wait(1.0):
            found[0] = max(found[0], measure())

    thread = Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def write_long_clip(source: str, seconds: float, file: Path) -> None:
    """Write a FLAC file of a bundled example, again and again, each time at another gain."""
    samples, rate = soundfile.read(EXAMPLES / source, dtype="float32")
    gains = np.random.default_rng(0).uniform(0.3, 0.9, round(seconds * rate / len(samples)) + 1)
    with soundfile.SoundFile(file, "w", rate, 1 if samples.ndim == 1 else samples.shape[1]) as out:
        for gain in gains:
            out.write(samples * gain)


Step = tuple[str, Callable[[], object]]


def short_steps(client: Any) -> list[Step]:
    """Return what loads all that the long clips need, each step with its name."""
    short = gradio_client.handle_file(str(EXAMPLES / "speech.flac"))
    return [
        ("the bundled speech is tagged", lambda: client.predict(short, api_name="/tag_sounds")),
        ("it is transcribed", lambda: client.predict(short, language="en", beam_size=1, api_name="/transcribe")),
        ("its music is measured", lambda: client.predict(short, api_name="/music_facts")),
        ("its frames are mapped", lambda: client.predict([short], api_name="/map_embeddings")),
    ]


def long_steps(client: Any, folder: Path, hours: float) -> list[Step]:
    """Return the work on the long clips."""
    clips = {}
    for name, source, seconds in (
        ("speech", "speech.flac", hours * 3600),
        ("music", "music.ogg", hours * 3600),
        ("part", "speech.flac", MAP_SECONDS * hours / HOURS),
    ):
        write_long_clip(source, seconds, folder / f"{name}.flac")
        clips[name] = gradio_client.handle_file(str(folder / f"{name}.flac"))
    speech, music, part = clips["speech"], clips["music"], clips["part"]
    return [
        ("two hours of speech are tagged", lambda: client.predict(speech, api_name="/tag_sounds")),
        ("two hours of music are tagged", lambda: client.predict(music, api_name="/tag_sounds")),
        ("half an hour is mapped", lambda: client.predict([part], api_name="/map_embeddings")),
        ("two hours of music are measured", lambda: client.predict(music, api_name="/music_facts")),
        ("two hours are transcribed", lambda: client.predict(speech, language="en", beam_size=1, api_name="/transcribe")),
    ]


@dataclass(frozen=True)
class Held:
    """Megabytes of anonymous memory."""

    idle_before: float
    """After the short clip, when its models were dropped, without the features of clips, which have a bound of their own."""
    highest: float
    idle_after: float
    """The same after the long clips."""


def run(hours: float) -> Held:
    """Return what a server holds before, during and after the long clips."""
    idle = str(IDLE_SECONDS)
    with (
        whole_server(AUDIOSCOPE_IDLE_TIMEOUT_SECONDS=idle, AUDIOSCOPE_METRICS="1") as server,
        highest(server.anonymous_mb) as most,
    ):

        def idle_after(works: list[Step]) -> float:
            for step, work in works:
                began = time.monotonic()
                work()
                say(server, f"{step} ({time.monotonic() - began:.0f} s), highest {most[0]:.0f} MB")
            time.sleep(SETTLE_SECONDS)
            say(server, "idle")
            return server.anonymous_mb() - memory_by_owner(server.app)["features"]

        before = idle_after(short_steps(server.client))
        after = idle_after(long_steps(server.client, server.folder / "own", hours))
        return Held(before, most[0], after)


def say(server: WholeServer, when: str) -> None:
    """Print what the server holds now, in all and by owner."""
    owners = {owner: round(size) for owner, size in memory_by_owner(server.app).items()}
    print(f"{when}: {server.anonymous_mb():.0f} MB, {owners}", flush=True)


def figures(held: Held) -> list[Figure]:
    """Return what is promised of a run."""
    beyond = f"the same: when all models are idle again, features aside, beyond that before ({held.idle_before:.0f} MB)"
    return [
        at_most(
            "two clips of two hours and a map of half an hour: highest anonymous memory", held.highest, MAX_PEAK_MB, " MB", 0
        ),
        at_most(beyond, held.idle_after - held.idle_before, MAX_LEFT_MB, " MB", 0),
    ]


def main() -> None:
    """Run; return exit code 1 if a claim does not hold."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--hours", type=float, default=HOURS, help="duration of each long clip")
    arguments.add_argument("--only-print", action="store_true", help="leave benchmarks/results.md as it is")
    options = arguments.parse_args()
    found = figures(run(options.hours))
    print(as_table(found))
    if not options.only_print:
        write_long_run("long clips", found)
    sys.exit(0 if all(figure.kept for figure in found) else 1)


if __name__ == "__main__":
    main()
