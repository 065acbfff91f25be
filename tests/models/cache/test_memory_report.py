"""Main memory by owner, and its way back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from components.model_status.memory import memory_markup, unloaded_sentence
from models.cache.feature_store import FeatureKey, FeatureStore
from models.cache.memory_report import MemoryReport, memory_report
from models.cache.status import CacheStatus, ResidentStatus
from models.runtime import Unloaded

ROOT = Path(__file__).parents[3]
MEGABYTE = 10**6
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the allocator is glibc's")
FREED_BY_THREADS = """
import ctypes, sys, threading
import numpy as np, psutil
from models.cache.allocator import bound_allocator, give_back_freed
if sys.argv[1] == "bound":
    bound_allocator()
kept = []
def work():
    blocks = [np.ones(400_000 // 8) for _ in range(100)]
    kept.append(blocks.pop())
both = [threading.Thread(target=work) for _ in range(4)]
for one in both: one.start()
for one in both: one.join()
before = psutil.Process().memory_info().rss
give_back_freed()
print(before, psutil.Process().memory_info().rss)
"""


def status(*residents: ResidentStatus) -> CacheStatus:
    return CacheStatus("cpu", 25 * 10**9, 20 * 10**9, 0, residents, 0, 0, 0)


def test_each_byte_has_one_owner() -> None:
    features = FeatureStore(10**8)
    features.get_or_compute(FeatureKey("clip", "model", "1", "layer"), lambda: np.ones(500_000))
    model = ResidentStatus("Whisper", "1", "int8", "main memory", 3 * MEGABYTE, "idle")
    report = memory_report(status(model), features)
    assert (report.models, report.features) == (3 * MEGABYTE, 4 * MEGABYTE)
    assert min(size for _, size in report.owners()) >= 0
    assert report.process == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)


def test_a_model_on_a_gpu_and_one_that_claims_more_than_there_is_are_no_more_than_what_is_there() -> None:
    on_gpu = ResidentStatus("Large", "1", "float16", "GPU", 10**13, "idle")
    assert memory_report(status(on_gpu), FeatureStore(1)).models == 0
    too_large = ResidentStatus("Large", "1", "float16", "main memory", 10**13, "idle")
    report = memory_report(status(too_large), FeatureStore(1))
    assert report.libraries == 0
    assert report.process < 10**12


@ON_LINUX
def test_what_threads_freed_comes_back() -> None:
    command = [sys.executable, "-c", FREED_BY_THREADS, "bound"]
    before, after = map(int, subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())
    assert before - after > 20 * MEGABYTE


def test_the_table_names_owners_with_something_and_their_sum() -> None:
    report = MemoryReport(models=126 * MEGABYTE, features=24 * MEGABYTE, freed=0, code=300 * MEGABYTE, libraries=10**9, readers=0)
    table = memory_markup(report)
    for words in ("Models", "126 MB", "Features of clips", "24 MB", "Programs", "300 MB", "1.0 GB", "Together", "<b>1.4 GB</b>"):
        assert words in table
    assert "File readers" not in table


@pytest.mark.parametrize(
    ("unloaded", "sentence"),
    [
        (Unloaded(3, 412 * MEGABYTE), "Unloaded 3 models: 412 MB came back."),
        (Unloaded(1, 2 * 10**9), "Unloaded 1 model: 2.0 GB came back."),
        (Unloaded(0, 24 * MEGABYTE), "No model was idle: 24 MB came back."),
    ],
)
def test_unloading_says_what_came_back(unloaded: Unloaded, sentence: str) -> None:
    assert unloaded_sentence(unloaded) == sentence
