"""Asynchronous generators, step by step; and lines for jobs and calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TypeVar

from pipelines.jobs.turns import CallLines, JobLines, Turns

Step = TypeVar("Step")


def steps(updates: AsyncIterator[Step]) -> Iterator[Step]:
    """Yield what `updates` yields, in an event loop of its own."""
    loop = asyncio.new_event_loop()
    try:
        while True:
            yield loop.run_until_complete(anext(updates))
    except StopAsyncIteration:
        return
    finally:
        loop.close()


def free_line() -> Turns:
    """Return an empty line."""
    return Turns(9, 9)


def job_lines() -> JobLines:
    """Return lines in which one job works at a time."""
    return JobLines(Turns(1, 5), Turns(1, 5), Turns(5, 5), CallLines(free_line(), free_line(), free_line()))
