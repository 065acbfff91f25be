"""Where functions that read strangers' bytes run: in this process, or in a pool of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

from models.stopping import never_stop

Reading = Callable[..., Any]
"""A function of a module; its last parameter is `should_stop`; it returns bytes or yields them, for nothing else is safe to take
from a process that a stranger's file may have taken over."""


@runtime_checkable
class Isolation(Protocol):
    """Runs functions that read strangers' bytes."""

    def stream(self, function: Reading, *arguments: Any, should_stop: Callable[[], bool] = never_stop) -> Iterator[bytes]:
        """Yield what `function(*arguments, should_stop)` yields.

        Raises:
            JobStopped: `should_stop` returned True.
            WorkerFailed: the process died, hung or took too much memory.
        """
        ...

    def run(self, function: Reading, *arguments: Any, should_stop: Callable[[], bool] = never_stop) -> bytes:
        """Return what `function(*arguments, should_stop)` returns; see `stream`."""
        ...


class NoIsolation:
    """Runs them here: for files that are our own, as those of a training, and where one file is all that is read."""

    def stream(self, function: Reading, *arguments: Any, should_stop: Callable[[], bool] = never_stop) -> Iterator[bytes]:
        """See `Isolation`."""
        yield from values_of(function(*arguments, should_stop))

    def run(self, function: Reading, *arguments: Any, should_stop: Callable[[], bool] = never_stop) -> bytes:
        """See `Isolation`."""
        return b"".join(values_of(function(*arguments, should_stop)))


def values_of(result: Any) -> Iterable[bytes]:
    """Return the results of a function that returns bytes, or yields them."""
    return (result,) if isinstance(result, bytes) else result
