"""Pipelines that run in another process where there is a cluster, and in this one where there is none."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, TypeVar

from models.errors import JobStopped
from models.runtime import ClusterJob, JobGroup, ModelRuntime
from models.specs.model_spec import AUTO
from models.stopping import never_stop
from pipelines.jobs.model_use import ModelUse

Pipeline = TypeVar("Pipeline", bound=Callable[..., Any])


def in_cluster(group: JobGroup, model: str = "") -> Callable[[Pipeline], Pipeline]:
    """Decorate a pipeline, a function or a generator function of a module: its parameter `runtime` decides where it runs.

    Args:
        group: whose processes run it.
        model: where its arguments have the model that a person chooses, e.g. 'options.model'; '' if no model is chosen.
    """

    def decorate(pipeline: Pipeline) -> Pipeline:
        signature = inspect.signature(pipeline)

        def steps(*positional: Any, **named: Any) -> Generator[Any, None, None]:
            arguments = signature.bind(*positional, **named).arguments
            runtime, should_stop = arguments.pop("runtime"), arguments.pop("should_stop", never_stop)
            chosen = attrgetter(model)(SimpleNamespace(**arguments)) if model else AUTO
            return _steps(runtime.cluster.steps(ClusterJob(group, chosen, decorated, arguments), should_stop), should_stop)

        def is_here(*positional: Any, **named: Any) -> bool:
            return signature.bind(*positional, **named).arguments["runtime"].cluster is None

        @functools.wraps(pipeline)
        def generator(*positional: Any, **named: Any) -> Generator[Any, None, None]:
            yield from pipeline(*positional, **named) if is_here(*positional, **named) else steps(*positional, **named)

        @functools.wraps(pipeline)
        def function(*positional: Any, **named: Any) -> Any:
            if is_here(*positional, **named):
                return pipeline(*positional, **named)
            (result,) = steps(*positional, **named)
            return result

        decorated = generator if inspect.isgeneratorfunction(pipeline) else function
        return decorated  # type: ignore[return-value]

    return decorate


def run_job(job: ClusterJob, runtime: ModelRuntime, should_stop: Callable[[], bool]) -> Generator[Any, None, None]:
    """Yield what the job's pipeline yields, or the one thing that it returns; it runs in this process."""
    stoppable = "should_stop" in inspect.signature(job.pipeline).parameters
    result = job.pipeline(**job.arguments, runtime=runtime, **({"should_stop": should_stop} if stoppable else {}))
    if not inspect.isgenerator(result):
        yield result
        return
    with closing(result):
        yield from result


def _steps(steps: Generator[Any, None, None], should_stop: Callable[[], bool]) -> Generator[Any, None, None]:
    """Yield the steps; a job that was stopped ends as pipelines do, with what there is in the state 'stopped'.

    Raises:
        JobStopped: there is nothing yet.
    """
    now = None
    with closing(steps):
        for now in steps:
            yield now
    if should_stop():
        if now is None:
            raise JobStopped
        if isinstance(now, ModelUse) and now.state not in ("done", "stopped"):
            yield replace(now, state="stopped")
