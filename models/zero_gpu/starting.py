"""ZeroGPU when the app starts: models placed on the GPU, and the host that runs calls with them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from models.cache.feature_store import FeatureStore
from models.cache.memory import CudaMemoryProbe, HostMemoryProbe, MemoryProbe
from models.cache.model_cache import CacheLimits, ModelCache
from models.cache.placement import ModelBuilder
from models.cache.status import ResidentStatus
from models.errors import as_size
from models.files.model_files import ModelFiles
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import FetchedModel, ModelSpec
from models.zero_gpu.placement import PlacedModels, WorkerBuilder, choose_models, offered_models, place_models
from models.zero_gpu.spaces_host import SpacesGpu

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ZeroGpu:
    """What the app needs of ZeroGPU."""

    host: SpacesGpu
    offered: tuple[ModelSpec, ...]
    """The catalogue: the placed models, and those that are quick on the CPU."""
    placed: tuple[ResidentStatus, ...]
    """The placed models, for the status panel."""


def start_zero_gpu(
    specs: tuple[ModelSpec, ...],
    files: ModelFiles,
    files_in_workers: Callable[[Iterable[FetchedModel]], ModelFiles],
    loaders: ModelBuilder,
    max_bytes: int,
    feature_bytes: int,
    worker_probe: MemoryProbe = CudaMemoryProbe(),
) -> ZeroGpu:
    """Fetch and place the best models, and decorate what runs calls; in the main thread, before the page is launched.

    Args:
        specs: all models, best first for each task.
        files: of this process.
        files_in_workers: makes those of a worker, which knows the files of the placed models.
        loaders: build models.
        max_bytes: size of the weights to place.
        feature_bytes: bound of a worker's feature store.
        worker_probe: of the GPU in a worker.
    """
    import spaces  # changes torch, so that there seems to be a GPU

    chosen = choose_models(specs, lambda spec: files.availability(spec).available, max_bytes)
    placed = place_models(chosen, files.fetch, loaders)
    offered = offered_models(specs, placed.specs)
    log.info("On ZeroGPU, %s: %s", as_size(placed.size_bytes), ", ".join(spec.title for spec in placed.specs) or "no model")

    def worker_runtime() -> ModelRuntime:
        return _worker_runtime(placed, files_in_workers(placed.fetched.values()), loaders, offered, feature_bytes, worker_probe)

    return ZeroGpu(SpacesGpu(spaces.GPU, worker_runtime, placed.size_bytes), offered, placed.status())


def _worker_runtime(
    placed: PlacedModels,
    files: ModelFiles,
    loaders: ModelBuilder,
    specs: tuple[ModelSpec, ...],
    feature_bytes: int,
    probe: MemoryProbe,
) -> ModelRuntime:
    """Build what pipelines need in a worker: nothing with a lock that another thread may have held when it was forked."""
    cache = ModelCache(files, WorkerBuilder(placed, loaders), probe, HostMemoryProbe(), CacheLimits(eager=True))
    catalog = ModelCatalog(files, probe.device, cache.attainable_bytes, specs, cache.attainable_host_bytes)
    return ModelRuntime(catalog, cache, FeatureStore(feature_bytes))
