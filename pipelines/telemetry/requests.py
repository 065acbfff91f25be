"""The request for which the code runs: its id stands in log lines and in the sentence of an unexpected error."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from models.errors import JobStopped
from pipelines.telemetry.metrics import Metrics

ID_CHARACTERS = 8
Source = Literal["page", "api"]
Outcome = Literal["done", "stopped", "failed"]

log = logging.getLogger(__name__)


@dataclass
class ServedRequest:
    """One event of a page, call of the API, or other HTTP request."""

    id: str
    metrics: Metrics
    failure: str = ""
    """Kind of its last failure; '' while there is none."""
    audio_seconds: float = 0.0
    """Duration of the clips that it opened."""

    def fail(self, kind: str) -> None:
        """Count a failure of `kind`."""
        self.failure = kind
        self.metrics.failures.labels(kind).inc()


REQUEST: ContextVar[ServedRequest | None] = ContextVar("request", default=None)
"""The request in whose threads and tasks the code runs."""


def new_id() -> str:
    """Return an id that no other request of these days has."""
    return uuid.uuid4().hex[:ID_CHARACTERS]


def note_audio(seconds: float) -> None:
    """Note that the request of this thread works on a clip of `seconds`."""
    request = REQUEST.get()
    if request is not None:
        request.audio_seconds += seconds


@contextmanager
def counted_request(task: str, source: Source, was_stopped: Callable[[], bool]) -> Iterator[None]:
    """Count the work of the block for the request of this thread, if there is one, and log its end.

    Args:
        task: name of the endpoint or of the tab's job.
        source: who asked for it.
        was_stopped: called at the end of work that did not fail.
    """
    request, began = REQUEST.get(), time.monotonic()
    outcome: Outcome = "failed"
    try:
        yield
        if request is None or not request.failure:
            outcome = "stopped" if was_stopped() else "done"
    except JobStopped:
        outcome = "stopped"
        raise
    finally:
        if request is not None:
            _count(request, task, source, outcome, time.monotonic() - began)


def _count(request: ServedRequest, task: str, source: Source, outcome: Outcome, seconds: float) -> None:
    metrics = request.metrics
    metrics.requests.labels(task, source, outcome).inc()
    metrics.request_seconds.labels(task, source).observe(seconds)
    if outcome == "done":
        metrics.audio_seconds.labels(task).inc(request.audio_seconds)
    facts = {
        "task": task,
        "source": source,
        "outcome": outcome,
        "seconds": round(seconds, 3),
        "audio_seconds": round(request.audio_seconds, 3),
    }
    log.info("%s %s in %.1f s", task, outcome, seconds, extra={"facts": facts})
