"""Many people at once: does each get the answer that they would get alone, in turn, while the server says that it is well?

`make load` runs it (`python -m benchmarks.service.load --people 50 --seconds 300`). Each person has clips of their own, and
asks for one answer after the other: a transcript, measurements of music, tags, an embedding. They come once the server says on
`/readyz` that it has its models, and after one call of each kind, since the first one loads them. What was answered is asked
again of a fresh server, one call at a time, and compared.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio_client
import soundfile

from benchmarks.report import Figure, as_table, at_most, write_long_run
from tests.app_process import RunningApp, running_app
from tests.recordings import EXAMPLES

CLIP_SECONDS = 4.0
CLIPS = 12
"""Clips of each person: more than a run gets through, so that every answer is computed."""
SPACING_SECONDS = 0.013
"""Between the beginnings of two clips, so that no two are alike."""
CALLS: dict[str, dict[str, Any]] = {
    "transcribe": {"language": "en", "beam_size": 1},
    "music_facts": {},
    "tag_sounds": {},
    "embed_audio": {"encoder": "yamnet"},
}
"""Endpoints, and the arguments of their calls."""
MAX_WAIT_RATIO = 3.0
MAX_HEALTH_SECONDS = 1.0
HEALTH_INTERVAL_SECONDS = 0.5
MAX_PREPARING_SECONDS = 600.0
TIMEOUT_SECONDS = 60.0
"""Longest wait for one answer of the server; a browser waits longer."""


@dataclass(frozen=True)
class Answered:
    """One call, and what came back."""

    endpoint: str
    clip: Path
    seconds: float
    answer: str
    """What the answer says, or the error."""
    is_lost: bool


def essence(endpoint: str, answer: Any) -> str:
    """Return what an answer says, without times of computing and the last digits of numbers, which depend on batches."""
    match endpoint:
        case "transcribe":
            return str(answer["text"])
        case "music_facts":
            chords = [chord["name"] for chord in answer["chords"]]
            return f"{answer['key']} {chords}"
        case "tag_sounds":
            return str([tag["name"] for tag in answer["music"]["tags"]])
    return str({name: answer[name] for name in ("encoder", "layer", "frames", "width") if name in answer})


def write_clips(folder: Path, person: int) -> list[Path]:
    """Write the clips of a person: pieces of the examples of speech and music."""
    paths = []
    for number in range(CLIPS):
        source = EXAMPLES / ("speech.flac" if (person + number) % 2 else "music.ogg")
        with soundfile.SoundFile(source) as file:
            begin = (person * CLIPS + number) * SPACING_SECONDS * file.samplerate
            file.seek(round(begin) % round(file.frames - CLIP_SECONDS * file.samplerate))
            sound = file.read(round(CLIP_SECONDS * file.samplerate))
            paths.append(folder / f"{person}-{number}.wav")
            soundfile.write(paths[-1], sound, file.samplerate)
    return paths


def ask(client: Any, endpoint: str, clip: Path) -> Answered:
    """Make one call."""
    began = time.monotonic()
    try:
        found = client.predict(gradio_client.handle_file(str(clip)), **CALLS[endpoint], api_name=f"/{endpoint}")
        answer, is_lost = essence(endpoint, found[1] if isinstance(found, tuple | list) else found), False
    except Exception as error:
        answer, is_lost = f"{type(error).__name__}: {error}", True
    return Answered(endpoint, clip, time.monotonic() - began, answer, is_lost)


def calls_of(person: int, clips: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield endpoint and clip of one call after the other, without end."""
    names, number = list(CALLS), person
    while True:
        yield names[number % len(names)], clips[(number // len(names)) % len(clips)]
        number += 1


def connect(app: RunningApp, folder: Path) -> Any:
    """Return a client of `app` that writes what it downloads into `folder`."""
    return gradio_client.Client(
        app.address, verbose=False, download_files=str(folder), httpx_kwargs={"timeout": TIMEOUT_SECONDS}, analytics_enabled=False
    )


def use(app: RunningApp, person: int, folder: Path, seconds: float, calls: int = 1) -> list[Answered]:
    """Return what one person got in `seconds`, or in `calls` if these take longer."""
    client = connect(app, folder)
    end = time.monotonic() + seconds
    found: list[Answered] = []
    for endpoint, clip in calls_of(person, write_clips(folder, person)):
        if time.monotonic() > end and len(found) >= calls:
            return found
        found.append(ask(client, endpoint, clip))
    raise AssertionError("calls do not end")


def watch(app: RunningApp, done: threading.Event) -> list[float]:
    """Return how long the health check took, each time until `done` is set."""
    took = []
    while not done.wait(HEALTH_INTERVAL_SECONDS):
        began = time.monotonic()
        urllib.request.urlopen(f"{app.address}/healthz", timeout=60).close()
        took.append(time.monotonic() - began)
    return took


def wait_until_ready(app: RunningApp) -> None:
    """Return once the server has prepared its models, which is when an operator sends people there."""
    deadline = time.monotonic() + MAX_PREPARING_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{app.address}/readyz", timeout=TIMEOUT_SECONDS).close()
            return
        except urllib.error.HTTPError:
            time.sleep(HEALTH_INTERVAL_SECONDS)
    raise TimeoutError(app.log())


def crowded(people: int, seconds: float, folder: Path) -> tuple[list[Answered], list[float]]:
    """Return what `people` got at once, and the times of the health check."""
    done = threading.Event()
    with running_app(folder / "crowd", AUDIOSCOPE_MAX_WAITING=str(2 * people)) as app, ThreadPoolExecutor(people + 1) as pool:
        wait_until_ready(app)
        use(app, people, folder, 0.0, len(CALLS))
        health = pool.submit(watch, app, done)
        try:
            jobs = [pool.submit(use, app, person, folder, seconds) for person in range(people)]
            found = [answered for job in jobs for answered in job.result()]
        finally:
            done.set()
        return found, health.result()


def alone(wanted: Sequence[tuple[str, Path]], folder: Path) -> dict[tuple[str, Path], str]:
    """Return what each call answers on a server where nothing else runs."""
    with running_app(folder / "alone") as app:
        client = connect(app, folder)
        return {call: ask(client, *call).answer for call in wanted}


def figures(found: Sequence[Answered], right: dict[tuple[str, Path], str], health: Sequence[float], people: int) -> list[Figure]:
    """Return what is promised of a run."""
    lost = [one for one in found if one.is_lost]
    wrong = [one for one in found if not one.is_lost and one.answer != right[one.endpoint, one.clip]]
    for one in [*lost, *wrong][:10]:
        print(one, right.get((one.endpoint, one.clip)), flush=True)
    figures = [
        at_most(f"{people} people at once, {len(found)} calls: lost answers", len(lost), 0, "", 0),
        at_most("the same: answers other than alone", len(wrong), 0, "", 0),
        at_most(f"the same: slowest of {len(health)} health checks", max(health), MAX_HEALTH_SECONDS, " s"),
    ]
    for endpoints in (list(CALLS), *([name] for name in CALLS)):
        waits = [one.seconds for one in found if one.endpoint in endpoints and not one.is_lost]
        if waits:
            median = statistics.median(waits)
            asked = "an answer" if len(endpoints) > 1 else endpoints[0]
            claim = f"the same: longest wait of {len(waits)} for {asked}, against the median ({median:.1f} s)"
            figures.append(at_most(claim, max(waits) / median, MAX_WAIT_RATIO, "x"))
    return figures


def main() -> None:
    """Run as the arguments say; return exit code 1 if a claim does not hold."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--people", type=int, default=50)
    arguments.add_argument("--seconds", type=float, default=300.0)
    arguments.add_argument("--only-print", action="store_true", help="leave benchmarks/results.md as it is")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        tempfile.tempdir = name  # gradio_client makes a folder for each download, and leaves it
        found, health = crowded(options.people, options.seconds, Path(name))
        right = alone(sorted({(one.endpoint, one.clip) for one in found if not one.is_lost}), Path(name))
    made = figures(found, right, health, options.people)
    print(as_table(made))
    if not options.only_print:
        write_long_run("load", made)
    sys.exit(0 if all(figure.kept for figure in made) else 1)


if __name__ == "__main__":
    main()
