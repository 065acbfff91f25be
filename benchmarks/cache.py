"""The model cache: overhead of a lease, loads of simultaneous requests, and memory after many switches of real models."""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import psutil

from benchmarks.report import Figure, at_most
from models.cache.memory import HostMemoryProbe
from models.cache.model_cache import CacheLimits, ModelCache
from models.cache.residents import Resident
from models.files.model_files import ModelFiles
from models.loading.loaders import ModelLoaders
from models.specs.model_spec import (
    Device,
    FetchedModel,
    ModelSpec,
    PackageFile,
    PackageSource,
)
from models.specs.speech import WHISPER_BASE_OFFLINE, WHISPER_TINY_EN_OFFLINE
from services import build_services
from settings import Settings

LEASES = 5_000
CROWD = 16
SWITCHES = 200
MEGABYTE = 10**6


class MeteredLoaders:
    """The real loaders, with the number of models they built and the bytes of those that are alive."""

    def __init__(self) -> None:
        self.calls = 0
        self.alive_bytes = 0
        self._loaders = ModelLoaders()

    def build(self, model: FetchedModel, device: Device) -> Resident:
        """Build a model, and count it until it is garbage-collected."""
        self.calls += 1
        resident = self._loaders.build(model, device)
        self._add(model.spec.memory_bytes(device))
        weakref.finalize(resident.model, self._add, -model.spec.memory_bytes(device))
        return resident

    def _add(self, size_bytes: int) -> None:
        self.alive_bytes += size_bytes


class BudgetProbe:
    """A memory probe with `budget_bytes`, of which the models of `loaders` use some."""

    device: Device = "cpu"

    def __init__(self, budget_bytes: int, loaders: MeteredLoaders) -> None:
        self._budget_bytes = budget_bytes
        self._loaders = loaders

    def total_bytes(self) -> int:
        """Return the budget in bytes."""
        return self._budget_bytes

    def used_bytes(self) -> int:
        """Return the bytes of models that are alive."""
        return self._loaders.alive_bytes

    def free_bytes(self) -> int:
        """Return the bytes left of the budget."""
        return self._budget_bytes - self._loaders.alive_bytes

    def give_back(self) -> None:
        """Return freed blocks to the system, as the host's probe does."""
        HostMemoryProbe().give_back()


def lease_cost(files: ModelFiles) -> Figure:
    """Return the microseconds of a lease of a resident model beyond taking and giving back a bare lock."""
    cache = ModelCache(files, ModelLoaders(), HostMemoryProbe())
    cache.preload(WHISPER_TINY_EN_OFFLINE)
    lock = threading.Lock()
    began = time.perf_counter()
    for _ in range(LEASES):
        with cache.lease(WHISPER_TINY_EN_OFFLINE):
            pass
    leased = time.perf_counter()
    for _ in range(LEASES):
        with lock:
            pass
    locked = time.perf_counter()
    microseconds = ((leased - began) - (locked - leased)) / LEASES * 1e6
    return at_most("lease of a resident model beyond the bare lock", microseconds, 50.0, " µs", 1)


def crowd(files: ModelFiles) -> Figure:
    """Return the loads of many threads that ask for one absent model at once."""
    loaders = MeteredLoaders()
    cache = ModelCache(files, loaders, HostMemoryProbe())
    together = threading.Barrier(CROWD)

    def ask() -> None:
        together.wait()
        with cache.lease(WHISPER_TINY_EN_OFFLINE):
            pass

    threads = [threading.Thread(target=ask) for _ in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return at_most(f"loads when {CROWD} threads ask for one absent model", loaders.calls, 1, "", 0)


def switches(files: ModelFiles, folder: Path) -> list[Figure]:
    """Measure random switches among three real models under a budget for two."""
    specs = (WHISPER_BASE_OFFLINE, WHISPER_TINY_EN_OFFLINE, _copy_of(files, WHISPER_TINY_EN_OFFLINE, folder))
    sizes = [spec.memory_bytes("cpu") for spec in specs]
    loaders = MeteredLoaders()
    probe = BudgetProbe(sum(sizes) - min(sizes) // 2, loaders)
    cache = ModelCache(files, loaders, probe, limits=CacheLimits(headroom_bytes=0))
    random_order = random.Random(0)
    rounds = [specs, tuple(random_order.choice(specs) for _ in range(SWITCHES)), specs]  # first and last leave the same models
    failures, memory = 0, []
    for spec in (spec for order in rounds for spec in (*order, None)):
        if spec is None:
            memory.append(psutil.Process().memory_info().rss)
            continue
        try:
            with cache.lease(spec):
                pass
        except Exception:
            failures += 1
    grown = (memory[-1] - memory[0]) / MEGABYTE
    evictions = cache.status().evictions
    cache.clear()
    return [
        at_most(f"failures in {SWITCHES} switches among three models, room for two ({evictions} evictions)", failures, 0, "", 0),
        at_most("memory at their end, beyond that after the first round", grown, 50.0, " MB", 0),
    ]


def _copy_of(files: ModelFiles, spec: ModelSpec, folder: Path) -> ModelSpec:
    """Copy the weights to a package of its own in `folder`, as another model."""
    import dataclasses
    import sys

    source: Any = spec.source
    site = folder / "site"
    shutil.copytree(files.fetch(spec).directory, site / "copied_model", dirs_exist_ok=True)
    info = site / "copied_model-1.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: copied-model\nVersion: 1\n")
    sys.path.append(str(site))
    copied = tuple(
        PackageFile(
            file.name,
            tuple(dataclasses.replace(p, distribution="copied-model", path=f"copied_model/{file.name}") for p in file.parts),
        )
        for file in source.files
    )
    return dataclasses.replace(spec, key="copy", source=PackageSource("1", copied))


def figures() -> list[Figure]:
    """Return all figures of the cache."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips")).files
        return [lease_cost(files), crowd(files), *switches(files, folder)]
