"""The main loop of a worker process: `python -m pipelines.isolation.worker`, with calls on stdin and results on stdout."""

from __future__ import annotations

import json
import os
import pickle
import queue
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO

from models.errors import AudioscopeError
from pipelines.isolation.confinement import confine
from pipelines.isolation.frames import Kind, read_frame, write_frame
from pipelines.isolation.isolation import values_of

BEAT_SECONDS = 1.0


class LifeSigns:
    """A sign of life for the server, every second at most. It is the `should_stop` of the job, and never stops it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last = time.monotonic()

    def __call__(self) -> bool:
        """Send a message if the last one is a second old; return False."""
        now = time.monotonic()
        if now >= self._last + BEAT_SECONDS:
            self._last = now
            write_frame(self._stream, Kind.BEAT)
        return False


def main() -> None:
    """Serve calls until stdin ends. What a library prints goes to stderr, so that it cannot stand between the results."""
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    confine()
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=take_calls, args=(calls,), daemon=True).start()
    while True:
        serve(calls.get(), results)


def take_calls(calls: queue.SimpleQueue[bytes]) -> None:
    """Pass on the calls, and end the process with the server, also in the midst of a job, whose result has no taker then."""
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        calls.put(frame[1])
    os._exit(0)


def serve(call: bytes, results: BinaryIO) -> None:
    """Run one call and send its results, or its error."""
    function, arguments = pickle.loads(call)  # the server trusts itself; never the other way round
    try:
        for value in values_of(function(*arguments, LifeSigns(results))):
            write_frame(results, Kind.VALUE, value)
    except Exception as error:
        write_frame(results, Kind.ERROR, json.dumps(error_record(error)).encode())
    else:
        write_frame(results, Kind.DONE)


def error_record(error: Exception) -> dict[str, Any]:
    """Return what the server needs to raise an error again; see `pipelines.isolation.file_readers`."""
    if isinstance(error, AudioscopeError):
        return {"kind": type(error).__name__, "sentence": str(error)}
    if isinstance(error, MemoryError):
        return {"kind": "MemoryError", "sentence": ""}
    if isinstance(error, OSError) and error.errno is not None:
        return {"kind": "OSError", "sentence": error.strerror or "", "errno": error.errno}
    return {"kind": "", "sentence": "".join(traceback.format_exception(error))}


if __name__ == "__main__":
    main()
