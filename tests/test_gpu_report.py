"""The table of `make gpu-test`, and what it does where there is no GPU."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.gpu import __main__ as report
from tests.gpu.__main__ import NO_GPU, Check, Recorder, main, table

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("options", [[], ["--only-look"]])
def test_a_machine_without_a_gpu_is_told_so_in_a_sentence_and_fails(options: list[str]) -> None:
    command = [sys.executable, "-m", "tests.gpu", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (2, "", NO_GPU)


@pytest.fixture
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = SimpleNamespace(name="Tesla T4", total_memory=15_828_320_256, major=7, minor=5)
    fakes = {
        "is_available": lambda: True,
        "get_device_properties": lambda index: facts,
        "reset_peak_memory_stats": lambda: None,
        "max_memory_allocated": lambda: 5_000_000,
        "mem_get_info": lambda: (10**9, 2 * 10**9),
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    monkeypatch.setattr(report, "_driver", lambda: "580.95.05")


@pytest.mark.usefixtures("fake_gpu")
def test_the_table_has_the_machine_and_each_check_with_time_and_memory() -> None:
    text = table([Check("a model parks", "ok", 1.234, 45_000_000), Check("pictures", "FAILED", 2.0, 0, "black")])
    assert "| device | Tesla T4, 15.8 GB, compute capability 7.5 |" in text
    assert "| driver | 580.95.05, CUDA of torch" in text
    assert f"torch {version('torch')}, ctranslate2 4." in text
    assert "| a model parks | ok | 1.2 | 45 MB |" in text
    assert "| pictures | FAILED: black | 2.0 | 0 MB |" in text
    assert text.endswith("2 checks in 3 s, 1 failed.")


CHECKS = """
import pytest

@pytest.fixture
def broken(): raise OSError("no | file")

def test_one_two(record_property): record_property("figure", "1.50 times")
def test_three(): raise RuntimeError("CUDA failed with\\nerror out of memory")
def test_four(): pytest.skip("not here")
def test_five(broken): pass
"""


@pytest.mark.usefixtures("fake_gpu")
def test_every_check_is_in_the_table_once_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(CHECKS)
    recorder = Recorder()
    options = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    assert pytest.main(options, plugins=[recorder]) == 1
    assert [(check.name, check.outcome, check.reason) for check in recorder.checks] == [
        ("one two", "ok", "1.50 times"),
        ("three", "FAILED", "RuntimeError: CUDA failed with error out of memory"),
        ("four", "skipped", "Skipped: not here"),
        ("five", "FAILED", "OSError: no / file"),
    ]
    assert [check.peak_bytes for check in recorder.checks] == [5_000_000, 5_000_000, 5_000_000, 0]


@pytest.mark.usefixtures("fake_gpu")
def test_looking_for_a_gpu_runs_no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest, "main", pytest.fail)
    assert main(["--only-look"]) == 0
