"""Blocks of shell commands, run as a person at a terminal runs them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MAKE_VARIABLES = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
"""They are set when the tests are started by `make`, and let another `make` print what a person at a terminal does not see."""
GIT_IDENTITY = {f"GIT_{role}_{what}": "tester@localhost" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def run_shell(script: str, folder: Path, **variables: str) -> str:
    """Run a block of commands, of which none may fail, and return what they print."""
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in MAKE_VARIABLES} | GIT_IDENTITY | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
