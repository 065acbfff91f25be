"""Probes of total and free memory, measured at each call."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from models.cache.allocator import give_back_freed
from models.specs.model_spec import Device

AMD_DRIVER = Path("/dev/kfd")
"""Device file of the compute driver of AMD's GPUs, which torch's ROCm wheels present as CUDA devices."""


class MemoryProbe(Protocol):
    """Measures one memory: a GPU's or the host's."""

    @property
    def device(self) -> Device:
        """The device whose memory this is."""
        ...

    def total_bytes(self) -> int:
        """Return the bytes that this process could ever have there."""
        ...

    def free_bytes(self) -> int:
        """Return the bytes that a new allocation could have now."""
        ...

    def used_bytes(self) -> int:
        """Return the bytes in use: of this process alone, where the system reports them."""
        ...

    def give_back(self) -> None:
        """Return memory that is allocated but unused to its owner."""
        ...


@dataclass(frozen=True)
class HostMemoryProbe:
    """Main memory, as far as the container's cgroup (v1 or v2) lets this process have it."""

    cgroup_root: Path = Path("/sys/fs/cgroup")
    own_cgroup: Path = Path("/proc/self/cgroup")
    device: Device = field(default="cpu", init=False)

    def total_bytes(self) -> int:
        """Return the installed memory in bytes, or the tightest cgroup limit above this process."""
        limits = [limit for limit, _ in self._cgroup_limits()]
        return min([psutil.virtual_memory().total, *limits])

    def free_bytes(self) -> int:
        """Return the available bytes (page cache that can be dropped counts as free), never more than the cgroup leaves."""
        left = [limit - used for limit, used in self._cgroup_limits()]
        return max(0, min([psutil.virtual_memory().available, *left]))

    def used_bytes(self) -> int:
        """Return the resident set size of this process in bytes."""
        return int(psutil.Process().memory_info().rss)

    def give_back(self) -> None:
        """Return freed blocks to the system; glibc keeps many, which after some loads looks like a leak."""
        give_back_freed()

    def _cgroup_limits(self) -> list[tuple[int, int]]:
        """Return (limit, used without droppable page cache) of every limited cgroup from this process up to the root."""
        found = []
        for folder in self._cgroup_folders():
            limit = _read_limit(folder / "memory.max") or _read_limit(folder / "memory.limit_in_bytes")
            used = _read_limit(folder / "memory.current") or _read_limit(folder / "memory.usage_in_bytes")
            if limit is not None and used is not None:
                found.append((limit, max(0, used - _droppable_bytes(folder / "memory.stat"))))
        return found

    def _cgroup_folders(self) -> list[Path]:
        try:
            lines = self.own_cgroup.read_text().splitlines()
        except OSError:
            return []
        folders: list[Path] = []
        for line in lines:
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                root = self.cgroup_root
            elif "memory" in controllers.split(","):
                root = self.cgroup_root / "memory"
            else:
                continue
            own = root / path.lstrip("/")
            folders += [folder for folder in (own, *own.parents) if folder == root or root in folder.parents]
        return folders


@dataclass(frozen=True)
class CudaMemoryProbe:
    """Memory of one GPU: driver free + what torch has reserved − what torch has active."""

    index: int = 0
    device: Device = field(default="cuda", init=False)

    def total_bytes(self) -> int:
        """Return the GPU's memory in bytes."""
        import torch

        return int(torch.cuda.mem_get_info(self.index)[1])

    def free_bytes(self) -> int:
        """Free for the driver, plus what torch's allocator holds without using it."""
        import torch

        statistics = torch.cuda.memory_stats(self.index)
        reserved = statistics.get("reserved_bytes.all.current", 0)
        active = statistics.get("active_bytes.all.current", 0)
        return int(torch.cuda.mem_get_info(self.index)[0] + reserved - active)

    def used_bytes(self) -> int:
        """Return the GPU's memory in use, in bytes."""
        return self.total_bytes() - self.free_bytes()

    def give_back(self) -> None:
        """Empty torch's cache of freed blocks, so that CTranslate2 and onnxruntime can have them."""
        import torch

        torch.cuda.empty_cache()


@dataclass(frozen=True)
class MpsMemoryProbe:
    """Memory that Metal lends to this process; it is main memory, so that what others take is missing here."""

    device: Device = field(default="mps", init=False)

    def total_bytes(self) -> int:
        """Return the size of the working set that Metal recommends, in bytes."""
        import torch

        return int(torch.mps.recommended_max_memory())

    def free_bytes(self) -> int:
        """Return what is left of the working set, and no more than main memory has available and torch holds unused."""
        import torch

        unused = int(torch.mps.driver_allocated_memory()) - self.used_bytes()
        return max(0, min(self.total_bytes() - self.used_bytes(), psutil.virtual_memory().available + unused))

    def used_bytes(self) -> int:
        """Return the bytes of this process's tensors."""
        import torch

        return int(torch.mps.current_allocated_memory())

    def give_back(self) -> None:
        """Empty torch's cache of freed blocks."""
        import torch

        torch.mps.empty_cache()


def has_gpu() -> bool:
    """Return whether a driver knows of a GPU that torch may run on; torch itself, which takes seconds to import, is not asked.

    NVIDIA's management library answers on Linux, Windows and WSL2, AMD's driver by a device file; each Mac of Apple's own
    processors has one.
    """
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return True
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return AMD_DRIVER.exists()
    try:
        return int(pynvml.nvmlDeviceGetCount()) > 0
    finally:
        pynvml.nvmlShutdown()


def _read_limit(path: Path) -> int | None:
    """Return the number in a cgroup file; None where there is no file or no limit."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _droppable_bytes(path: Path) -> int:
    """Return the page cache that the kernel gives up under pressure, from memory.stat; v1 adds total_ for a cgroup's children."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    statistics = dict(line.split(" ", 1) for line in lines if " " in line)
    return int(statistics.get("total_inactive_file", statistics.get("inactive_file", 0)))
