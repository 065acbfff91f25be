"""Calls on ZeroGPU through the decorator of the package `spaces`.

`spaces.GPU` forks a worker for a call, or takes one that is idle. The worker gets the call as a pickle and sends back each thing
that the call yields. One function is decorated for all tasks, so that they share workers: a new one has to copy the weights to
the GPU. (spaces 0.51, `zero/wrappers.py`.)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from functools import cached_property
from math import ceil
from typing import Any

from models.runtime import GpuCall, ModelRuntime
from models.zero_gpu.refusals import refusal_of

MAX_REQUESTED_SECONDS = 60
"""The decorator's own default. How much a visitor may ask for depends on the account; a longer call may be refused."""
MARGIN = 1.5
"""Granted time relative to the estimate. Estimates are not measured on ZeroGPU; a call that exceeds its time may be aborted."""
START_SECONDS = 3.0
"""From the grant to the first step: fork and start of CUDA."""
COPY_BYTES_PER_SECOND = 2.5e9
"""From the disk to the GPU, while a new worker starts; below the speed of one NVMe disk."""


class SpacesGpu:
    """Runs calls in the workers of ZeroGPU."""

    def __init__(self, decorator: Callable[..., Any], worker_runtime: Callable[[], ModelRuntime], placed_bytes: int) -> None:
        """Decorate the one function that runs calls.

        Args:
            decorator: `spaces.GPU`.
            worker_runtime: builds what pipelines need, once in each worker: locks and threads do not survive a fork.
            placed_bytes: size of the models on the GPU, which a new worker copies there.
        """
        self._start_seconds = START_SECONDS + placed_bytes / COPY_BYTES_PER_SECOND
        self._build_runtime = worker_runtime
        self._lent: Callable[[GpuCall], Generator[Any, None, None]] = decorator(duration=self._duration)(self._in_worker)

    @property
    def max_work_seconds(self) -> float:
        """Estimated GPU time of the longest call that is made of work that can be cut."""
        return max(1.0, (MAX_REQUESTED_SECONDS - self._start_seconds) / MARGIN)

    def granted_seconds(self, seconds: float) -> float:
        """Return the time after which work of an estimated length must have ended, from its beginning in a worker."""
        return MARGIN * seconds

    def requested_seconds(self, seconds: float) -> int:
        """Return the duration that the decorator asks for."""
        return ceil(self._start_seconds + self.granted_seconds(seconds))

    def steps(self, call: GpuCall) -> Generator[Any, None, None]:
        """Yield what the call's work yields in the worker.

        Raises:
            GpuRefused: no GPU was given, or it was taken back.
        """
        with closing(self._lent(call)) as steps:
            try:
                yield from steps
            except Exception as error:
                refusal = refusal_of(error)
                if refusal is None:
                    raise
                raise refusal from error

    def _duration(self, call: GpuCall) -> int:
        return self.requested_seconds(call.seconds)

    def _in_worker(self, call: GpuCall) -> Generator[Any, None, None]:
        yield from call.work(self._runtime)

    @cached_property
    def _runtime(self) -> ModelRuntime:
        return self._build_runtime()
