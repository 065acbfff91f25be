"""How far an API call is: Gradio sends it to its clients, and to MCP clients as notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import gradio as gr

STEPS = 100
"""Steps of a whole call."""


@dataclass(frozen=True)
class CallProgress:
    """How far a call is."""

    step: int
    """0 to `STEPS`."""
    state: str
    """State of the job, e.g. 'decoding'."""


class Snapshot(Protocol):
    """A snapshot of a job."""

    @property
    def position(self) -> float:
        """Progress, in seconds of the clip or 0 to 1."""

    @property
    def state(self) -> str:
        """Progress in a word."""


Snapshots = TypeVar("Snapshots", bound=Snapshot)
REPORT: ContextVar[Callable[[CallProgress], None]] = ContextVar("report")
"""Where the work of a call, in its thread, reports to; unset outside of calls."""


def _ignore(progress: CallProgress) -> None:
    """Report to nowhere: there is no call."""


def watched(snapshots: Iterator[Snapshots], end: float = 1.0) -> Iterator[Snapshots]:
    """Yield the snapshots of a job, and report how far each is to the caller.

    Args:
        snapshots: of one job.
        end: position of a job that is done: the clip's duration for positions in seconds.
    """
    report, last = REPORT.get(_ignore), None
    steps: Any = snapshots
    with closing(steps):
        for now in snapshots:
            progress = CallProgress(round(STEPS * min(1.0, max(0.0, now.position / end))), now.state)
            if progress != last:
                report(progress)
            last = progress
            yield now


def send_progress(progress: CallProgress) -> None:
    """Send progress to the caller of the endpoint that is being served."""
    send: Callable[..., Any] = gr.Progress()
    send((progress.step, STEPS), desc=progress.state, total=STEPS, unit="%")
