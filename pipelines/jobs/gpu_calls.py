"""Work with models that lie on ZeroGPU: it runs in the process that has the GPU, for a limited time, and its steps come back.

The worker sends something ten times a second, because it is asked to stop only between two things that it sends.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from models.errors import AudioscopeError
from models.runtime import GpuCall, GpuHost, ModelRuntime
from models.specs.model_spec import ModelSpec
from models.zero_gpu.refusals import GpuTakenBack
from pipelines.jobs.background import HEARTBEAT_SECONDS, Ended, Worker, received
from pipelines.jobs.failures import Failure

log = logging.getLogger(__name__)

Step = TypeVar("Step")
Reporting = Callable[[ModelRuntime, Callable[[Step], None], Callable[[], bool]], None]
"""`work(runtime, report, should_stop)`: a function of a module or a partial of one, whose arguments and steps can be pickled."""
Yielding = Callable[[ModelRuntime, Callable[[], bool]], Generator[Step, None, None]]
"""`work(runtime, should_stop)`, a generator function, likewise."""


@dataclass(frozen=True)
class _TimeIsUp:
    """The work ended because its time was over."""


def gpu_reports(
    work: Reporting[Step],
    runtime: ModelRuntime,
    spec: ModelSpec,
    seconds: float,
    report: Callable[[Step], None],
    should_stop: Callable[[], bool],
) -> None:
    """Run `work`, here or on ZeroGPU if `spec` lies there.

    Args:
        work: what needs the model; see `Reporting`.
        runtime: of this process. The work gets that of the process in which it runs.
        spec: the model that decides where the work runs; all others that it borrows are at hand there.
        seconds: estimated GPU time.
        report: gets the steps; it may raise, which ends the work.
        should_stop: whether the steps are no longer wanted.

    Raises:
        GpuRefused: no GPU was given, it was taken back, or the time was over before the work was done.
    """
    if runtime.gpu is None or not spec.on_zero_gpu:
        work(runtime, report, should_stop)
        return
    for step in _steps_of_call(work, runtime.gpu, seconds, should_stop):
        report(step)


def gpu_steps(
    work: Yielding[Step], runtime: ModelRuntime, spec: ModelSpec, seconds: float, should_stop: Callable[[], bool]
) -> Generator[Step, None, None]:
    """Yield the steps of `work`, a generator function; otherwise as `gpu_reports`."""
    if runtime.gpu is None or not spec.on_zero_gpu:
        yield from work(runtime, should_stop)
    else:
        yield from _steps_of_call(partial(_report_all, work), runtime.gpu, seconds, should_stop)


def _steps_of_call(
    work: Reporting[Step], host: GpuHost, seconds: float, should_stop: Callable[[], bool]
) -> Generator[Step, None, None]:
    call = GpuCall(partial(_messages, work, host.granted_seconds(seconds)), seconds)
    with closing(host.steps(call)) as messages:
        for message in messages:
            if should_stop():
                return
            if isinstance(message, Failure):
                raise message.error()
            if isinstance(message, _TimeIsUp):
                raise GpuTakenBack
            if message is not None:
                yield message


def _report_all(
    work: Yielding[Step], runtime: ModelRuntime, report: Callable[[Step], None], should_stop: Callable[[], bool]
) -> None:
    with closing(work(runtime, should_stop)) as steps:
        for step in steps:
            report(step)


def _messages(
    work: Reporting[Step], granted_seconds: float, runtime: ModelRuntime
) -> Generator[Step | Failure | _TimeIsUp | None, None, None]:
    """Run `work` in a thread of the GPU's process; closing waits for its end, since the GPU goes to others then."""
    deadline = time.monotonic() + granted_seconds
    outbox: queue.SimpleQueue[Step | Ended] = queue.SimpleQueue()
    noticed = False

    def time_is_up() -> bool:
        nonlocal noticed
        noticed = noticed or time.monotonic() > deadline
        return noticed

    worker = Worker[Step](lambda report, stopped: work(runtime, report, stopped), time_is_up, outbox.put, "gpu-call")
    try:
        yield from received(outbox, HEARTBEAT_SECONDS)
    except Exception as error:
        if not isinstance(error, AudioscopeError):
            log.exception("A call on ZeroGPU failed.")
        yield Failure.of(error, "on ZeroGPU")
    finally:
        worker.close()
        worker.join()
    if noticed:
        yield _TimeIsUp()
