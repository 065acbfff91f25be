"""Counters and histograms of one server, in a registry of its own, in the format that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from models.cache.status import CacheStatus

NAMESPACE = "audioscope"
METRICS_TYPE = CONTENT_TYPE_LATEST
"""Media type of the text."""
WAIT_BUCKETS_SECONDS = (0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
WORK_BUCKETS_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
UNEXPECTED = "unexpected"
"""Kind of a failure that has no class of its own among the errors with a sentence."""


class Metrics:
    """What happened since the server started. No label takes a value that a person chose."""

    def __init__(self) -> None:
        """Build a registry with these metrics and those of the process."""
        self.registry = CollectorRegistry()
        counter = partial(Counter, namespace=NAMESPACE, registry=self.registry)
        histogram = partial(Histogram, namespace=NAMESPACE, registry=self.registry)
        self.http_responses = counter("http_responses", "Responses by their status.", ["status"])
        self.requests = counter("requests", "Jobs of pages and calls of the API that ended.", ["task", "source", "outcome"])
        self.failures = counter("failures", "Errors that people read, by the name of their class.", ["kind"])
        self.audio_seconds = counter("audio_seconds", "Duration of the clips of requests that were done.", ["task"])
        self.request_seconds = histogram(
            "request_seconds", "From the beginning of a request to its end.", ["task", "source"], buckets=WORK_BUCKETS_SECONDS
        )
        self._turn_waits = histogram(
            "turn_wait_seconds", "Wait of a page's job for its turn.", ["line"], buckets=WAIT_BUCKETS_SECONDS
        )
        self._lease_waits = histogram("lease_wait_seconds", "Wait for models in use.", buckets=WAIT_BUCKETS_SECONDS)
        ProcessCollector(registry=self.registry)

    def observe_turn_wait(self, line: str) -> Callable[[float], None]:
        """Return a function that takes each wait in `line`, in seconds."""
        return self._turn_waits.labels(line).observe

    def observe_lease_wait(self, seconds: float) -> None:
        """Count a wait for the models of a lease."""
        self._lease_waits.observe(seconds)

    def watch(self, state: ServerState) -> None:
        """Add what is read at each scrape."""
        self.registry.register(_StateCollector(state))

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


@dataclass(frozen=True)
class ServerState:
    """Reads what the server is doing now."""

    cache: Callable[[], CacheStatus]
    running: Callable[[], int]
    """Jobs and calls that run."""
    waiting: Mapping[str, Callable[[], int]]
    """Jobs that wait for their turn, by line."""
    memory: Callable[[], Iterable[tuple[str, int]]]
    """Main memory: (owner, bytes)."""


class _StateCollector(Collector):
    def __init__(self, state: ServerState) -> None:
        self._state = state

    def describe(self) -> Iterable[Metric]:
        """Name nothing: registering must not measure memory."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Yield the values of now."""
        status = self._state.cache()
        yield GaugeMetricFamily(f"{NAMESPACE}_running", "Jobs and calls that run.", value=self._state.running())
        waiting = GaugeMetricFamily(f"{NAMESPACE}_jobs_waiting", "Jobs that wait for their turn.", labels=["line"])
        for line, count in self._state.waiting.items():
            waiting.add_metric([line], count())
        yield waiting
        yield GaugeMetricFamily(f"{NAMESPACE}_leases_waiting", "Requests that wait for models.", value=status.waiting)
        yield CounterMetricFamily(f"{NAMESPACE}_model_loads", "Models that were loaded.", value=status.loads)
        yield CounterMetricFamily(f"{NAMESPACE}_model_evictions", "Models that made room for others.", value=status.evictions)
        memory = GaugeMetricFamily(f"{NAMESPACE}_memory_bytes", "Main memory by owner.", labels=["owner"], unit="")
        for owner, size_bytes in self._state.memory():
            memory.add_metric([owner], size_bytes)
        yield memory
        device = GaugeMetricFamily(
            f"{NAMESPACE}_device_memory_free_bytes", "Free memory where models run.", value=status.free_bytes
        )
        yield device
