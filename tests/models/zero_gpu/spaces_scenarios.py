"""What happens in calls through `spaces`, written down for `test_spaces_host`: `python -m ... folder`."""

from __future__ import annotations

import base64
import functools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.errors import InvalidOption, OutOfMemory
from models.runtime import ModelRuntime
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.zero_gpu.refusals import GpuRefused
from models.zero_gpu.spaces_host import SpacesGpu
from pipelines.jobs.background import in_background
from pipelines.jobs.gpu_calls import gpu_steps
from tests.models.zero_gpu.fake_zero_gpu import Scheduler, import_spaces

SPEC = replace(WHISPER_BASE_OFFLINE, on_zero_gpu=True)


def count(number: int, runtime: Any, should_stop: Callable[[], bool]) -> Iterator[Any]:
    for index in range(number):
        yield index, runtime.cache, os.getpid()


def count_slowly(note: Path, runtime: Any, should_stop: Callable[[], bool]) -> Iterator[int]:
    try:
        for index in range(1000):
            time.sleep(0.02)
            if should_stop():
                return
            yield index
    finally:
        note.write_text("ended")


def fail(kind: type[Exception], arguments: tuple[Any, ...], runtime: Any, should_stop: Callable[[], bool]) -> Iterator[str]:
    yield "begun"
    raise kind(*arguments)


def die(runtime: Any, should_stop: Callable[[], bool]) -> Iterator[str]:
    yield "begun"
    time.sleep(0.5)
    os._exit(9)


class Headers(dict[str, str]):
    """Headers as Gradio keeps them."""


class Scenes:
    """Scenarios with one scheduler; a worker of one may serve the next."""

    def __init__(self, scheduler: Scheduler, host: SpacesGpu, folder: Path) -> None:
        self.scheduler = scheduler
        self.runtime: Any = ModelRuntime(None, os.getpid(), None, host)  # type: ignore[arg-type]
        self.note = folder / "note"

    def steps(self, work: Any, *arguments: Any, seconds: float = 1.0, should_stop: Callable[[], bool] = lambda: False) -> Any:
        return gpu_steps(functools.partial(work, *arguments), self.runtime, SPEC, seconds, should_stop)

    def outcome(self, work: Any, *arguments: Any, **options: Any) -> list[Any]:
        got: list[Any] = []
        try:
            for step in self.steps(work, *arguments, **options):
                got.append(step)
        except Exception as error:
            return [got, type(error).__name__, str(error)]
        return [got, "", ""]

    def refused(self, left: int, wait: int, **options: Any) -> list[Any]:
        self.scheduler.refuse = lambda seconds: {"left": left, "wait": wait}
        try:
            return self.outcome(count, 3, **options)
        finally:
            self.scheduler.refuse = lambda seconds: None

    def queued(self, *events: str) -> list[Any]:
        self.scheduler.queue = events
        try:
            return [*self.outcome(count, 2), self.scheduler.releases()]
        finally:
            self.scheduler.queue = ()

    def stopped_in_queue(self) -> list[Any]:
        self.scheduler.queue = (*["ping"] * 10, "succeeded")
        stop, began = threading.Event(), time.monotonic()
        threading.Timer(0.3, stop.set).start()
        got = [
            step
            for step in in_background(lambda stopped: self.steps(count_slowly, self.note, should_stop=stopped), stop.is_set)
            if step is not None
        ]
        seconds = time.monotonic() - began
        while not self.scheduler.releases() and time.monotonic() - began < 20:
            time.sleep(0.1)
        self.scheduler.queue = ()
        return [got, seconds, self.scheduler.releases()]

    def stop(self) -> list[Any]:
        got, stop, stopped = [], threading.Event(), 0.0
        for step in self.steps(count_slowly, self.note, seconds=60.0, should_stop=stop.is_set):
            got.append(step)
            if step == 10:
                stop.set()
                stopped = time.monotonic()
        seconds = time.monotonic() - stopped
        return [got, seconds, self.note.read_text(), list(self.steps(count, 2)), self.scheduler.releases()]

    def close(self) -> list[Any]:
        some = self.steps(count_slowly, self.note, seconds=60.0)
        next(some)
        some.close()
        return [self.note.read_text(), self.scheduler.releases()]

    def quota(self) -> list[Any]:
        from gradio.context import LocalContext

        token = f"x.{base64.urlsafe_b64encode(b'{}').decode().rstrip('=')}.x"
        request: Any = type("Request", (), {"headers": Headers({"x-ip-token": token, "x-gradio-user": "app"})})()
        LocalContext.request.set(request)
        self.scheduler.refuse = lambda seconds: {"left": 2, "wait": 5025}
        try:
            list(in_background(lambda stopped: self.steps(count, 3), lambda: False))
        except GpuRefused as refused:
            return [type(refused).__name__, str(refused), self.scheduler.tokens() == [token]]
        finally:
            self.scheduler.refuse = lambda seconds: None
            LocalContext.request.set(None)
        return []

    def all(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        durations, releases = self.scheduler.durations, self.scheduler.releases
        yield "steps", lambda: [list(self.steps(count, 3)), list(self.steps(count, 2)), durations(), releases(), os.getpid()]
        yield "stop", self.stop
        yield "close", self.close
        yield "stopped before", lambda: self.outcome(count_slowly, self.note, should_stop=lambda: True)
        yield "no account", lambda: self.refused(42, 5025)
        yield "too long", lambda: self.refused(42, -86400, seconds=19.0)
        yield "queue is too long", lambda: self.queued("ping", "ping", "failed")
        yield "queue moves", lambda: self.queued("ping", "succeeded")
        yield "stop in queue", self.stopped_in_queue
        yield "quota", self.quota
        yield (
            "errors",
            lambda: [
                self.outcome(fail, InvalidOption, ("beam size", 99, "1 to 10")),
                self.outcome(fail, OutOfMemory, (2, 1, "cuda")),
                self.outcome(fail, ValueError, ("x",)),
                self.outcome(count, 1)[1],
            ],
        )
        yield "time", lambda: self.outcome(count_slowly, self.note, seconds=0.4)
        yield "killed", lambda: [self.outcome(die), self.outcome(count, 1)[1], releases()]


def main(folder: Path) -> None:
    scheduler = Scheduler()
    spaces = import_spaces(scheduler, folder)
    host = SpacesGpu(spaces.GPU, lambda: ModelRuntime(None, os.getpid(), None), placed_bytes=0)  # type: ignore[arg-type]
    scenes, seen = Scenes(scheduler, host, folder), {}
    for name, scene in scenes.all():
        scheduler.requests.clear()
        scenes.note.unlink(missing_ok=True)
        seen[name] = scene()
    (folder / "seen.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
