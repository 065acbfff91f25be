from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from models.cache import lease_queue
from tests.models.fakes import Bench, make_bench

settings.register_profile("models", derandomize=True, deadline=None, max_examples=60, stateful_step_count=25)
settings.load_profile("models")


@pytest.fixture(autouse=True)
def collect_only_what_the_test_makes() -> Iterator[None]:
    """The cache collects garbage at every eviction: quick, as long as the libraries' many objects are set aside."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def short_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting threads look at the fake clock and their stop flag often enough that no test has to be patient."""
    monkeypatch.setattr(lease_queue, "STOP_POLL_SECONDS", 0.002)


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """Captured log records keep errors, and errors keep models: they would spoil what is measured here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    """Makes benches; at the end of the test none of them may have seen a broken promise."""
    made: list[Bench] = []

    def make(*args: Any, **options: Any) -> Bench:
        made.append(make_bench(*args, **options))
        return made[-1]

    yield make
    assert [violation for one in made for violation in one.machine.violations] == []
