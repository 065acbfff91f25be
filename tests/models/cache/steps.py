"""Steps and hooks that the tests of the cache share."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from models.cache.status import CacheStatus
from tests.models.fakes import GUARD_SECONDS, Bench, make_spec

A, B, C = make_spec("a", 40), make_spec("b", 40), make_spec("c", 40)
MakeBench = Callable[..., Bench]


def results(futures: list[Future[Any]]) -> list[Any]:
    return [future.result(GUARD_SECONDS) for future in futures]


def states(bench: Bench) -> dict[str, str]:
    return {resident.title: resident.state for resident in bench.cache.status().residents}


def await_status(bench: Bench, condition: Callable[[CacheStatus], bool]) -> None:
    """Look at the status until another thread has come as far as `condition` wants."""
    deadline = time.monotonic() + GUARD_SECONDS
    while not condition(bench.cache.status()):
        assert time.monotonic() < deadline, "the other thread never came"


def raise_once(error: Exception) -> Callable[[str], None]:
    """A builder's hook that fails at its first call only."""
    errors = [error]

    def hook(_: str) -> None:
        if errors:
            raise errors.pop()

    return hook


def raise_always(error: BaseException | type[BaseException]) -> Callable[[str], None]:
    def hook(_: str) -> None:
        raise error

    return hook
