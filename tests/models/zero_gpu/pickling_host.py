"""ZeroGPU without a second process: calls run here, after a pickle of each on its way and of each step on its way back."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from math import ceil
from types import SimpleNamespace
from typing import Any

from models.runtime import GpuCall
from models.zero_gpu.refusals import GpuRefused

START_SECONDS = 3


class PicklingHost:
    """Grants every call, unless a test refuses some."""

    def __init__(self, model: Any, max_work_seconds: float) -> None:
        """Lend `model`, whatever a call borrows."""
        self.max_work_seconds = max_work_seconds
        self.asked: list[int] = []
        self.refuse: Callable[[int], GpuRefused | None] = lambda number: None
        """The refusal of a call, by its number from 0."""
        self._worker: Any = SimpleNamespace(cache=Lender(model), catalog=SimpleNamespace(device="cuda"))

    def granted_seconds(self, seconds: float) -> float:
        return 1000.0

    def requested_seconds(self, seconds: float) -> int:
        return ceil(START_SECONDS + seconds)

    def steps(self, call: GpuCall) -> Generator[Any, None, None]:
        self.asked.append(self.requested_seconds(call.seconds))
        refusal = self.refuse(len(self.asked) - 1)
        if refusal is not None:
            raise refusal
        sent: GpuCall = pickle.loads(pickle.dumps(call))
        for step in sent.work(self._worker):
            yield pickle.loads(pickle.dumps(step))


class Lender:
    """A cache of one model."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @contextmanager
    def lease(self, *specs: Any, **options: Any) -> Iterator[tuple[Any, ...]]:
        assert len(specs) == 1 and specs[0].on_zero_gpu
        yield (self._model,)
