"""Memory of a model that was loaded before everything was frozen for the collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from models.cache.placement import DeviceMemory
from tests.models.fakes import FakeMachine, FakeProbe


class LinkedModel:
    """A model whose parts refer to each other, as those of torch do."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_a_model_that_was_frozen_is_freed_when_models_go() -> None:
    memory = DeviceMemory(FakeProbe(FakeMachine(), "cpu", "host", 100), None, 0)
    model = LinkedModel()
    left = weakref.ref(model)
    gc.freeze()
    del model
    memory.give_back()
    assert left() is not None, "the collector leaves out what is frozen"
    memory.collect()
    assert left() is None
    assert gc.get_freeze_count(), "the libraries are left out again"
