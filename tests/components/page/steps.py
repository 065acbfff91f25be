"""Asynchronous generators, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TypeVar

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
