"""The page's side of the cluster: jobs become requests to Ray Serve, and Stop cancels them."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from deploy.ray_serve.messages import pack, unpack
from models.errors import AudioscopeError, QueueFull, WaitedTooLong
from models.runtime import ClusterJob, JobGroup
from models.specs.model_spec import AUTO
from pipelines.clip.clip_store import ClipStore
from pipelines.jobs.background import HEARTBEAT_SECONDS, Ended, Worker, received
from pipelines.jobs.failures import Failure


class WorkerLost(AudioscopeError):
    """The process or the machine that ran a job has ended."""

    def __init__(self) -> None:
        super().__init__("The machine that worked on this was lost: please try again.")


class RayCluster:
    """Runs jobs on the deployments of Ray Serve."""

    def __init__(self, handles: Mapping[JobGroup, DeploymentHandle[Any]], clips: ClipStore, timeout_seconds: float) -> None:
        """Keep what requests need.

        Args:
            handles: deployment of each group.
            clips: the store that pages and workers share.
            timeout_seconds: how long a job waits for a worker.
        """
        self._handles = handles
        self._clips = clips
        self._timeout_seconds = timeout_seconds

    def steps(self, job: ClusterJob, should_stop: Callable[[], bool]) -> Generator[Any, None, None]:
        """Yield what the job's pipeline yields; end, and cancel the request, as soon as `should_stop` says so.

        Raises:
            AudioscopeError: the pipeline raised it.
            QueueFull, WaitedTooLong: no worker took the job.
            WorkerLost: its worker has ended; the job is not repeated, because its first steps may be on the page.
        """
        # Serve prefers replicas that ran the model before.
        model = "" if job.model == AUTO else job.model
        response = self._handles[job.group].options(stream=True, multiplexed_model_id=model).steps.remote(pack(job))

        def receive(report: Callable[[bytes | None], None], stopped: Callable[[], bool]) -> None:
            for data in response:
                report(data)

        outbox: queue.SimpleQueue[bytes | Ended | None] = queue.SimpleQueue()
        receiver = Worker[bytes | None](receive, should_stop, outbox.put, "cluster-client")
        try:
            with _sentences():
                for data in self._in_time(received(outbox, HEARTBEAT_SECONDS)):
                    if should_stop():
                        return
                    step = unpack(data, self._clips) if data else None
                    if isinstance(step, Failure):
                        raise step.error()
                    if data:
                        yield step
        finally:
            receiver.close()
            with suppress(RayError, RayServeException):  # the request's own error, which was raised already
                response.cancel()

    def _in_time(self, messages: Iterator[bytes | None]) -> Iterator[bytes | None]:
        """Pass on messages, and None at each heartbeat; raise WaitedTooLong if there is no first message in time."""
        deadline = time.monotonic() + self._timeout_seconds
        begun = False
        for data in messages:
            begun = begun or data is not None
            if not begun and time.monotonic() > deadline:
                raise WaitedTooLong(self._timeout_seconds)
            yield data


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn errors of Ray into sentences; an error of the code of a worker stays what it is."""
    try:
        yield
    except BackPressureError as error:
        raise QueueFull(int(error.args[0])) from error
    except RayTaskError:
        raise
    except (RayError, RayServeException) as error:
        raise WorkerLost from error
