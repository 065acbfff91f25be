"""A pool of worker processes that heals: a worker that died or hung is replaced when the next job needs one."""

from __future__ import annotations

import json
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from models.errors import AudioscopeError, JobStopped
from models.stopping import never_stop
from pipelines.isolation.errors import WorkerFailed
from pipelines.isolation.frames import Kind, read_frame, write_frame
from pipelines.isolation.isolation import Reading

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "pipelines.isolation.worker")
MAX_SILENCE_SECONDS = 60.0
"""Time without a sign of life after which a worker is ended."""
MAX_JOBS = 200
"""Jobs after which a worker is replaced, so that what a library loses does not add up."""
MAX_IDLE = 2
"""Idle workers that tidying up leaves: each has some 40 MB. Starting one takes 25 times as long as a short file, so none is
ended between the files of a crowd."""
POLL_SECONDS = 0.1
"""Interval at which it is asked whether the job is to stop."""
END_SECONDS = 5.0
Message = tuple[Kind, bytes] | None


class FileReaders:
    """At most `workers` processes; a job waits until one is free. A copy in another process has workers of its own."""

    def __init__(self, workers: int, max_silence_seconds: float = MAX_SILENCE_SECONDS) -> None:
        self._arguments = (workers, max_silence_seconds)
        self._free = threading.BoundedSemaphore(workers)
        self._max_silence_seconds = max_silence_seconds
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._is_closed = False
        # A thread of each worker holds it, so that it would outlive a pool that is no longer needed.
        weakref.finalize(self, _end_all, self._idle)

    def __reduce__(self) -> tuple[type[FileReaders], tuple[int, float]]:
        """Describe the pool to `pickle`."""
        return type(self), self._arguments

    def warm_up(self) -> None:
        """Start one worker, so that the first file need not wait for it."""
        self._put_back(_Worker())

    def run(self, function: Reading, *arguments: Any, should_stop: Callable[[], bool] = never_stop) -> bytes:
        """See `Isolation`."""
        return b"".join(self.stream(function, *arguments, should_stop=should_stop))

    def stream(self, function: Reading, *arguments: Any, should_stop: Callable[[], bool] = never_stop) -> Iterator[bytes]:
        """See `Isolation`. A worker whose job is not read to its end is ended."""
        call = pickle.dumps((function, arguments))
        self._wait(should_stop)
        try:
            worker = self._take()
            is_done = False
            try:
                yield from worker.results(call, should_stop, self._max_silence_seconds)
                is_done = True
            except (AudioscopeError, OSError) as error:
                is_done = not isinstance(error, JobStopped | WorkerFailed)
                raise
            finally:
                if is_done:
                    self._put_back(worker)
                else:
                    worker.end()
        finally:
            self._free.release()

    def tidy(self) -> None:
        """End the idle workers beyond `MAX_IDLE`, those that were idle for longest."""
        with self._lock:
            ended, self._idle[:] = self._idle[:-MAX_IDLE], self._idle[-MAX_IDLE:]
        _end_all(ended)

    def close(self) -> None:
        """End the idle workers; those at work end with their jobs."""
        with self._lock:
            self._is_closed = True
        _end_all(self._idle)

    def _wait(self, should_stop: Callable[[], bool]) -> None:
        while not self._free.acquire(timeout=POLL_SECONDS):
            if should_stop():
                raise JobStopped

    def _take(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_usable:
                    return worker
                worker.end()
        return _Worker()

    def _put_back(self, worker: _Worker) -> None:
        with self._lock:
            if not self._is_closed and worker.is_usable:
                self._idle.append(worker)
                return
        worker.end()


def _end_all(workers: list[_Worker]) -> None:
    """End all workers of a list, and empty it."""
    while workers:
        workers.pop().end()


class _Worker:
    """A process, and the thread that reads its messages."""

    def __init__(self) -> None:
        threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **threads, "PYTHONPATH": paths}
        )
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._jobs = 0
        threading.Thread(target=self._read, name="messages of a worker", daemon=True).start()

    @property
    def is_usable(self) -> bool:
        """Whether it can take another job."""
        return self._jobs < MAX_JOBS and self._process.poll() is None

    def results(self, call: bytes, should_stop: Callable[[], bool], max_silence_seconds: float) -> Iterator[bytes]:
        """Run a call; yield its results."""
        self._jobs += 1
        self._send(call)
        last_sign = time.monotonic()
        while True:
            if should_stop():
                raise JobStopped
            try:
                message = self._messages.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if time.monotonic() > last_sign + max_silence_seconds:
                    raise WorkerFailed from None
                continue
            if message is None:
                raise WorkerFailed
            kind, content = message
            if kind is Kind.ERROR:
                raise _error_of(content)
            if kind is Kind.DONE:
                return
            if kind is Kind.VALUE:
                yield content
            last_sign = time.monotonic()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        with suppress(OSError):  # bytes that it did not take are left in the buffer
            self._stdin.close()

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    def _send(self, call: bytes) -> None:
        try:
            write_frame(self._stdin, Kind.CALL, call)
        except OSError:
            raise WorkerFailed from None

    def _read(self) -> None:
        """Pass on the messages; None when there are no more, also where they are none."""
        stream: Any = self._process.stdout
        with stream, suppress(ValueError):
            while (message := read_frame(stream)) is not None:
                self._messages.put(message)
        self._messages.put(None)


def _error_of(content: bytes) -> Exception:
    """Return the error that `pipelines.isolation.worker.error_record` describes."""
    record = json.loads(content)
    kind, sentence = str(record["kind"]), str(record["sentence"])
    if kind == "MemoryError":
        return WorkerFailed()
    if kind == "OSError":
        return OSError(int(record["errno"]), sentence)
    for known in _subclasses(AudioscopeError):
        if known.__name__ == kind:
            error = known.__new__(known, sentence)
            error.args = (sentence,)
            return error
    return RuntimeError(f"a worker failed: {sentence}")


def _subclasses(of: type[AudioscopeError]) -> Iterator[type[AudioscopeError]]:
    for known in of.__subclasses__():
        yield known
        yield from _subclasses(known)
