from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest

from models.cache import memory
from models.cache.memory import HostMemoryProbe

INSTALLED_BYTES, AVAILABLE_BYTES = 1_000_000, 900_000
V1_UNLIMITED = "9223372036854771712"


@pytest.fixture(autouse=True)
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = SimpleNamespace(total=INSTALLED_BYTES, available=AVAILABLE_BYTES)
    monkeypatch.setattr("psutil.virtual_memory", lambda: installed)


def make_probe(tmp_path: Path, own_cgroup: str, files: dict[str, str]) -> HostMemoryProbe:
    for name, text in files.items():
        file = tmp_path / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    own = tmp_path / "own"
    own.write_text(own_cgroup)
    return HostMemoryProbe(tmp_path / "cgroup", own)


def test_without_cgroups_it_is_the_machine_that_counts(tmp_path: Path) -> None:
    probe = HostMemoryProbe(tmp_path / "none", tmp_path / "nothing")
    assert (probe.total_bytes(), probe.free_bytes()) == (INSTALLED_BYTES, AVAILABLE_BYTES)


@pytest.mark.parametrize(
    ("own_cgroup", "files"),
    [
        ("0::/\n", {"memory.max": "5000", "memory.current": "3000", "memory.stat": "anon 1\ninactive_file 500"}),
        ("0::/app/one\n", {"app/one/memory.max": "5000", "app/one/memory.current": "2500"}),
        (
            "5:cpu,cpuacct:/x\n4:memory:/\n",
            {"memory/memory.limit_in_bytes": "5000", "memory/memory.usage_in_bytes": "2500"},
        ),
        (
            "4:hugetlb,memory:/docker/of/the/host\n0::/\n",
            {
                "memory/memory.limit_in_bytes": "5000",
                "memory/memory.usage_in_bytes": "3000",
                "memory/memory.stat": "inactive_file 100\ntotal_inactive_file 500",
            },
        ),
    ],
    ids=["v2 at the root of its namespace", "v2 below the root", "v1", "v1 seen through the host's path, with children"],
)
def test_the_limit_of_a_container_counts_and_droppable_cache_is_free(
    tmp_path: Path, own_cgroup: str, files: dict[str, str]
) -> None:
    probe = make_probe(tmp_path, own_cgroup, files)
    assert (probe.total_bytes(), probe.free_bytes()) == (5000, 2500)


def test_the_tightest_of_nested_limits_counts(tmp_path: Path) -> None:
    files = {
        "pod/memory.max": "5000",
        "pod/memory.current": "4000",
        "pod/box/memory.max": "8000",
        "pod/box/memory.current": "1000",
        "pod/box/job/memory.max": "max",
        "pod/box/job/memory.current": "900",
    }
    probe = make_probe(tmp_path, "0::/pod/box/job\n", files)
    assert (probe.total_bytes(), probe.free_bytes()) == (5000, 1000)


@pytest.mark.parametrize(
    ("own_cgroup", "files"),
    [
        ("0::/\n", {"memory.max": "max", "memory.current": "3000"}),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": V1_UNLIMITED, "memory/memory.usage_in_bytes": "3000"}),
    ],
)
def test_no_limit_is_no_limit(tmp_path: Path, own_cgroup: str, files: dict[str, str]) -> None:
    probe = make_probe(tmp_path, own_cgroup, files)
    assert (probe.total_bytes(), probe.free_bytes()) == (INSTALLED_BYTES, AVAILABLE_BYTES)


def test_a_cgroup_over_its_limit_has_nothing_free(tmp_path: Path) -> None:
    probe = make_probe(tmp_path, "0::/\n", {"memory.max": "5000", "memory.current": "5100"})
    assert probe.free_bytes() == 0


def test_page_cache_larger_than_the_use_is_no_gift(tmp_path: Path) -> None:
    files = {"memory.max": "5000", "memory.current": "1000", "memory.stat": "inactive_file 4000"}
    assert make_probe(tmp_path, "0::/\n", files).free_bytes() == 5000


def test_used_is_this_process() -> None:
    assert HostMemoryProbe().used_bytes() > 1_000_000


class Driver:
    """NVIDIA's management library with `count` GPUs; None for a machine without its driver."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self.is_open = False

    def init(self) -> None:
        if self._count is None:
            raise pynvml.NVMLError_LibraryNotFound
        self.is_open = True

    def device_count(self) -> int:
        assert self._count is not None
        return self._count

    def shutdown(self) -> None:
        self.is_open = False


@pytest.mark.parametrize(("count", "expected"), [(None, False), (0, False), (1, True), (4, True)])
def test_the_driver_is_asked_for_gpus_wherever_it_lies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, count: int | None, expected: bool
) -> None:
    driver = Driver(count)
    for name, method in (
        ("nvmlInit", driver.init),
        ("nvmlDeviceGetCount", driver.device_count),
        ("nvmlShutdown", driver.shutdown),
    ):
        monkeypatch.setattr(pynvml, name, method)
    monkeypatch.setattr(memory, "AMD_DRIVER", tmp_path / "kfd")
    assert memory.has_gpu() is expected
    assert not driver.is_open
    (tmp_path / "kfd").touch()
    assert memory.has_gpu() is (expected or count is None)
