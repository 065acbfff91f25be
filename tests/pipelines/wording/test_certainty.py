"""The scale of certainty."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from pipelines.wording.certainty import hedge, percent, sure

ROOT = Path(__file__).parents[3]
OWN_SCALE = re.compile(r"(?:prob\w*|confidence|sureness|score)\s*:\.\d+f\}\)|% sure\b")
"""A confidence in brackets with a format of its own, or the words of the scale written by hand."""


def test_each_step_of_the_scale_has_its_word() -> None:
    assert [hedge(confidence) for confidence in (0.8, 0.79, 0.5, 0.49)] == ["", "probably ", "probably ", "perhaps "]


def test_nothing_is_completely_sure() -> None:
    assert percent(1.0) == "99 %" and sure(0.784) == "78 % sure"


def test_no_part_of_the_app_has_a_scale_of_its_own() -> None:
    files = subprocess.run(
        ["git", "ls-files", "components/*.py", "components/*.js", "pipelines/*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    own = [name for name in files if Path(name).stem != "certainty" and OWN_SCALE.search(_code(ROOT / name))]
    assert own == []


def _code(path: Path) -> str:
    """Return a file without its comments and docstrings."""
    return re.sub(r'""".*?"""|/\*.*?\*/|//.*|#.*', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
