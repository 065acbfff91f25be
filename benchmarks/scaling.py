"""Workers of a cluster: throughput of two against one, and what a job and its steps cost on the way."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.report import Figure, alternating_medians, at_least, at_most
from benchmarks.together import CLIP_SECONDS, opened, short_clips, transcribed
from models.runtime import ModelRuntime
from services import build_services
from settings import Settings
from tests.deploy.local_cluster import local_cluster, runtime_of
from tests.deploy.ray_jobs import counting, process_id

CLIPS = 8
ROUNDS = 3
MIN_SPEEDUP = 1.2
"""1.41 and 1.26 were measured on two cores on which ten and fourteen other processes ran."""
JOBS = 50
STEPS = 2000
MAX_JOB_MILLISECONDS = 50.0
MIN_STEPS_PER_SECOND = 200.0


def figures() -> list[Figure]:
    """Return the throughput of one and two workers with one thread each, the time of an empty job, and the rate of steps."""
    from ray import serve

    with local_cluster() as folder:
        services = build_services(Settings())
        clips = [opened(services, waveform, folder / f"{n}.wav") for n, waveform in enumerate(short_clips(CLIPS))]
        one, two = (runtime_of(services, _workers(serve, count)) for count in (1, 2))

        def run(runtime: ModelRuntime) -> list[str]:
            with ThreadPoolExecutor(CLIPS) as people:
                return list(people.map(lambda clip: transcribed(runtime, clip), clips))

        run(one)  # the models are loaded
        run(two)
        one_seconds, two_seconds = alternating_medians([lambda: run(one), lambda: run(two)], ROUNDS)
        rates = " and ".join(f"{60 * CLIPS / seconds:.0f}" for seconds in (one_seconds, two_seconds))
        claim = f"clips of {CLIP_SECONDS} s a minute on one worker of one thread and on two ({rates})"
        return [at_least(claim, one_seconds / two_seconds, MIN_SPEEDUP, "x"), _empty_job(one), _steps(one)]


def _workers(serve: Any, count: int) -> Any:
    """Start workers that run one job at a time, so that each decodes with one thread."""
    from deploy.ray_serve.worker import worker_deployment

    workers = worker_deployment.options(
        name="workers", num_replicas=count, max_ongoing_requests=1, ray_actor_options={"num_cpus": 1}
    )
    return serve.run(workers.bind(), name=f"workers-{count}", route_prefix=None)


def _empty_job(runtime: ModelRuntime) -> Figure:
    def seconds() -> float:
        began = time.perf_counter()
        process_id(runtime)
        return time.perf_counter() - began

    median = statistics.median(seconds() for _ in range(JOBS))
    return at_most("a job that does nothing, to a worker and back", 1000 * median, MAX_JOB_MILLISECONDS, " ms", 1)


def _steps(runtime: ModelRuntime) -> Figure:
    began = time.perf_counter()
    received = sum(1 for _ in counting(STEPS, runtime))
    rate = received / (time.perf_counter() - began)
    return at_least("steps a second that one page process receives", rate, MIN_STEPS_PER_SECOND, "", 0)
