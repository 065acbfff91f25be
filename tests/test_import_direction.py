"""Imports point one way: app -> components -> pipelines -> models, and what is slow is imported when it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "models": {"app", "components", "services", "pipelines", "settings", "gradio"},
    "pipelines": {"app", "components", "services", "settings", "gradio"},
    "components": {"app"},
}
SLOW_LIBRARIES = ("torch", "transformers", "diffusers", "faster_whisper", "ctranslate2", "librosa", "onnxruntime", "av", "scipy")


def imported_packages(file: Path) -> set[str]:
    """First parts of all module names that `file` imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import hides where it points"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_imports_point_one_way(folder: str) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    for file in files:
        assert not imported_packages(file) & FORBIDDEN[folder], file


BUILDERS = {"load_part": "checkpoint_parts", "build_whisper": "whisper_ctranslate2", "load_aligner": "audio_aligner"}
"""What the loaders alone call, and the module that has it."""


def test_only_model_loaders_builds_models() -> None:
    for file in [*ROOT.glob("*.py"), *(f for folder in FORBIDDEN for f in (ROOT / folder).rglob("*.py"))]:
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        if file.name != "loaders.py":
            names = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
            assert not names & BUILDERS.keys(), file
        if file.stem not in {"loaders", *BUILDERS.values()}:
            calls = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            assert not calls & {"from_pretrained", "WhisperModel", "InferenceSession"}, file


def test_starting_imports_nothing_slow() -> None:
    check = f"import app, sys; print([name for name in {SLOW_LIBRARIES!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
