"""Runs a module of scenarios in a process of its own, because `spaces` changes torch for good."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def seen_in(module: str, folder: Path, timeout: float) -> dict[str, Any]:
    """Return what each scenario of `tests.models.zero_gpu.<module>` saw; it writes `seen.json` into `folder`."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", f"tests.models.zero_gpu.{module}", str(folder)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert ran.returncode == 0, ran.stderr
    scenes: dict[str, Any] = json.loads((folder / "seen.json").read_text())
    return scenes
