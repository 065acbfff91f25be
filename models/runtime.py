"""The parts that every pipeline needs to run models: catalogue, cache and feature store."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from models.cache.feature_store import FeatureStore
from models.cache.memory_report import MemoryReport, memory_report
from models.cache.model_cache import ModelCache
from models.model_catalog import ModelCatalog
from models.output_limits import NO_LIMITS, OutputLimits


@dataclass(frozen=True)
class GpuCall:
    """Work for the process that has the GPU for a while; it is pickled."""

    work: Callable[[ModelRuntime], Generator[Any, None, None]]
    """A function of a module, or a partial of one with arguments that can be pickled; what it yields is pickled, too."""
    seconds: float
    """Estimated GPU time."""


class GpuHost(Protocol):
    """Runs calls where a GPU is lent for one call at a time; see `models.zero_gpu`."""

    @property
    def max_work_seconds(self) -> float:
        """Estimated GPU time of the longest call that is made of work that can be cut."""
        ...

    def granted_seconds(self, seconds: float) -> float:
        """Return the time after which work of an estimated length must have ended, from its beginning."""
        ...

    def requested_seconds(self, seconds: float) -> int:
        """Return the GPU time to ask for: for the beginning of the call, its work, and a margin."""
        ...

    def steps(self, call: GpuCall) -> Generator[Any, None, None]:
        """Yield what the call's work yields; closing the generator ends the work at its next step.

        Raises:
            GpuRefused: no GPU was given, or it was taken back.
        """
        ...


JobGroup = Literal["speech", "music", "questions", "pictures", "embeddings"]
"""Jobs that use the same models, and so are run by the same processes of a cluster."""


@dataclass(frozen=True)
class ClusterJob:
    """A job for another process, maybe on another machine; it is pickled."""

    group: JobGroup
    model: str
    """The model that a person chose: its key, or 'auto'."""
    pipeline: Callable[..., Any]
    """A function of a module, or a generator function, with a parameter `runtime`, and `should_stop` if it can be stopped."""
    arguments: Mapping[str, Any]
    """All other arguments by name; like what the pipeline yields or returns, they can be pickled."""


class Cluster(Protocol):
    """Runs jobs in other processes; see `deploy/ray_serve.py`."""

    def steps(self, job: ClusterJob, should_stop: Callable[[], bool]) -> Generator[Any, None, None]:
        """Yield what the pipeline yields, or the one thing that it returns; end as soon as `should_stop` says so.

        Raises:
            AudioscopeError: the pipeline raised it, or the job was lost.
        """
        ...


@dataclass(frozen=True)
class Unloaded:
    """What freeing the memory of idle models brought."""

    models: int
    size_bytes: int
    """Memory of the process that the system and the GPU have back."""


@dataclass(frozen=True)
class ModelRuntime:
    """Catalogue, cache and feature store, passed to pipelines together."""

    catalog: ModelCatalog
    """Which models exist, and which of them fits."""
    cache: ModelCache
    """Lends models, to one borrower at a time or to several together."""
    features: FeatureStore
    """Arrays computed once per clip and model."""
    gpu: GpuHost | None = None
    """Where models with `on_zero_gpu` run; None where there is no such GPU."""
    cluster: Cluster | None = None
    """Where jobs run instead of here; None where they run here."""
    outputs: OutputLimits = NO_LIMITS
    """How much a job may give."""

    def memory(self) -> MemoryReport:
        """Return the main memory of this process and its workers by owner; it takes milliseconds."""
        return memory_report(self.cache.status(), self.features)

    def unload_idle(self) -> Unloaded:
        """Drop every model that is not in use and all features, and return how much memory came back."""
        held = self._held_bytes()
        models = self.cache.clear()
        self.features.clear()
        self.cache.give_back()
        return Unloaded(models, max(0, held - self._held_bytes()))

    def _held_bytes(self) -> int:
        """Return the bytes of main memory and of a GPU that this process holds."""
        status = self.cache.status()
        on_gpu = status.total_bytes - status.free_bytes if status.device == "cuda" else 0
        return self.memory().process + on_gpu
