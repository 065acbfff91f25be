"""All checks that need a GPU, and one table of what they found: `make gpu-test`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pynvml
import pytest
import torch

NO_GPU = "There is no GPU here that torch can use, so that nothing was checked."
LIBRARIES = (
    "torch",
    "ctranslate2",
    "faster-whisper",
    "transformers",
    "diffusers",
    "accelerate",
    "bitsandbytes",
    "nvidia-cublas-cu12",
)
ONLY_LOOK = "--only-look"
OUTCOMES = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}
MAX_REASON = 160
"""Characters of a reason in the table; pytest's own output above it has the rest."""


@dataclass(frozen=True)
class Check:
    """One line of the table."""

    name: str
    outcome: str
    seconds: float
    peak_bytes: int
    """Most memory of the GPU that torch had allocated during the check, or that the driver lent beyond what it did before."""
    reason: str = ""
    """Why it failed or was skipped; or the figure that it measured."""


@dataclass
class Recorder:
    """A plugin of pytest that notes how each check ended, how long it took, and the memory that it used."""

    checks: list[Check] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Measure the memory of a check."""
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.mem_get_info()[0]
        try:
            return (yield)
        finally:
            lent = before - torch.cuda.mem_get_info()[0]
            self.peaks[item.nodeid] = max(torch.cuda.max_memory_allocated(), lent)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome; a check whose preparation fails has none of its own."""
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
            self.checks.append(
                Check(name, OUTCOMES[report.outcome], report.duration, self.peaks.get(report.nodeid, 0), _reason(report))
            )


def table(checks: list[Check]) -> str:
    """Return the machine and the checks as tables in Markdown."""
    lines = ["| machine | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine().items()), ""]
    lines += ["| check | result | seconds | GPU memory |", "|---|---|---:|---:|"]
    for check in checks:
        result = f"{check.outcome}: {check.reason}" if check.reason else check.outcome
        lines.append(f"| {check.name} | {result} | {check.seconds:.1f} | {check.peak_bytes / 1e6:.0f} MB |")
    failed = sum(check.outcome == "FAILED" for check in checks)
    seconds = sum(check.seconds for check in checks)
    return "\n".join([*lines, "", f"{len(checks)} checks in {seconds:.0f} s, {failed} failed."])


def machine() -> dict[str, str]:
    """Return what is known about the GPU, its driver and the libraries."""
    facts = torch.cuda.get_device_properties(0)
    compute = f"compute capability {facts.major}.{facts.minor}"
    return {
        "device": f"{facts.name}, {facts.total_memory / 1e9:.1f} GB, {compute}",
        "driver": f"{_driver()}, CUDA of torch {torch.version.cuda or torch.version.hip}",
        "system": f"{platform.platform()}, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {_version(name)}" for name in LIBRARIES),
    }


def main(arguments: list[str]) -> int:
    """Run the checks and print the table, or only look for a GPU; return 0, 1 if a check failed, 2 without a GPU."""
    if not torch.cuda.is_available():
        print(NO_GPU, file=sys.stderr)
        return 2
    if arguments == [ONLY_LOOK]:
        return 0
    recorder = Recorder()
    code = pytest.main(["-q", "-p", "no:cacheprovider", "--timeout=0", str(Path(__file__).parent)], plugins=[recorder])
    print(table(recorder.checks))
    return int(code)


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "passed":
        return ", ".join(str(figure) for _, figure in report.user_properties)
    if isinstance(report.longrepr, tuple):
        text = report.longrepr[2]
    else:
        crash = getattr(report.longrepr, "reprcrash", None)
        text = crash.message if crash else str(report.longrepr)
    return " ".join(text.split()).replace("|", "/")[:MAX_REASON]


def _driver() -> str:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return "not NVIDIA's"
    try:
        return str(pynvml.nvmlSystemGetDriverVersion())
    finally:
        pynvml.nvmlShutdown()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
