"""The deployment that runs jobs: one process with models of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from dataclasses import dataclass, fields
from typing import Any

import ray
from ray import serve

from deploy.ray_serve.messages import pack, unpack
from models.errors import AudioscopeError
from models.runtime import ClusterJob
from models.specs.model_spec import AUTO, Device, ModelSpec
from models.stopping import never_stop
from pipelines.jobs.background import Ended, Worker
from pipelines.jobs.cluster_jobs import run_job
from pipelines.jobs.failures import Failure
from pipelines.jobs.model_use import ModelUse
from services import build_services, start_background_work
from settings import Settings

MAX_NOTED_MODELS = 8
"""Chosen models that Serve notes for each replica, to send the next job with one of them there."""
MIN_UNCHANGED_SECONDS = 1.0
"""Between two snapshots of a job without news, whose time goes on."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MachineFacts:
    """What a page must know of a worker's machine to offer its models."""

    device: Device
    attainable_bytes: int
    attainable_host_bytes: int
    specs: tuple[ModelSpec, ...]


class PipelineWorker:
    """Runs jobs of one group; several that share a model share its batches, as in one process."""

    def __init__(self) -> None:
        settings = Settings()
        cpus = int(ray.get_runtime_context().get_assigned_resources().get("CPU", 0))
        self._services = build_services(settings.model_copy(update={"cpu_threads": settings.cpu_threads or cpus}))
        start_background_work(self._services, model_libraries={}, prepares_models=False)  # each worker needs few of them

    def facts(self) -> MachineFacts:
        """Return what this machine can run."""
        catalog, cache = self._services.runtime.catalog, self._services.runtime.cache
        return MachineFacts(catalog.device, catalog.attainable_bytes(), cache.attainable_host_bytes(), catalog.specs)

    @serve.multiplexed(max_num_models_per_replica=MAX_NOTED_MODELS)  # type: ignore[untyped-decorator]
    async def note_model(self, key: str) -> str:
        """Let Serve note that the model `key` is here; `ModelCache` loads it, and evicts it by measured memory."""
        return key

    async def steps(self, packed_job: bytes) -> AsyncGenerator[bytes, None]:
        """Yield b'' when the job begins, its packed steps, and last its `Failure` if it failed.

        The job is stopped when this generator is closed: by the end of the request, or because it was cancelled.
        """
        yield b""
        if (key := serve.get_multiplexed_model_id()) and key != AUTO:
            await self.note_model(key)
        outbox: asyncio.Queue[bytes | Ended] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def send(step: bytes | Ended) -> None:
            loop.call_soon_threadsafe(outbox.put_nowait, step)

        def work(report: Callable[[bytes], None], stopped: Callable[[], bool]) -> None:
            for step in without_repetition(self._run(packed_job, stopped)):
                report(pack(step))

        worker = Worker[bytes](work, never_stop, send, "cluster-job")
        try:
            while not isinstance(step := await outbox.get(), Ended):
                yield step
        finally:
            worker.close()

    def _run(self, packed_job: bytes, stopped: Callable[[], bool]) -> Generator[Any, None, None]:
        try:
            job: ClusterJob = unpack(packed_job, self._services.clips)
            yield from run_job(job, self._services.runtime, stopped)
        except Exception as error:
            if not isinstance(error, AudioscopeError):
                log.exception("A job failed.")
            yield Failure.of(error, "on another machine")


def without_repetition(steps: Iterator[Any], clock: Callable[[], float] = time.monotonic) -> Iterator[Any]:
    """Yield the steps, but of those that differ only in `elapsed` one in `MIN_UNCHANGED_SECONDS`.

    Pipelines yield ten snapshots a second so that they can be stopped, which here does not need them.
    """
    sent, sent_at = None, 0.0
    for step in steps:
        if clock() - sent_at >= MIN_UNCHANGED_SECONDS or not differs_in_time_alone(step, sent):
            yield step
            sent, sent_at = step, clock()


def differs_in_time_alone(step: object, other: object) -> bool:
    """Return whether two snapshots of a job have the same parts, but for `elapsed`."""
    if not isinstance(step, ModelUse) or type(step) is not type(other):
        return False
    return all(getattr(step, part.name) is getattr(other, part.name) for part in fields(step) if part.name != "elapsed")


worker_deployment = serve.deployment(PipelineWorker)
