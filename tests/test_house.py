"""Files, functions and folders stay small enough to be read at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACES = (
    "accounts",
    "app.py",
    "cli.py",
    "services.py",
    "settings.py",
    "commands",
    "components",
    "pipelines",
    "models",
    "deploy",
    "training",
    "tests",
    "benchmarks",
)
MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 50
MAX_FOLDER_MODULES = 16
"""Python files of one folder, `__init__.py` aside."""
PROSE = re.compile(r"^(Of |That |And |Whoever )|\b(nobody|somebody|is told|are told|is heard|are heard)\b", re.IGNORECASE)
"""What a docstring of the app's own code says in other words; see CONTRIBUTING.md."""


def python_files() -> list[Path]:
    found = [ROOT / place for place in PLACES if (ROOT / place).exists()]
    return [file for path in found for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def test_no_file_is_too_long() -> None:
    lines = {file: file.read_text(encoding="utf-8").count("\n") for file in python_files()}
    assert not {str(file.relative_to(ROOT)): count for file, count in lines.items() if count > MAX_FILE_LINES}


def test_no_function_is_too_long() -> None:
    long = {}
    for file in python_files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > MAX_FUNCTION_LINES:
                    long[f"{file.relative_to(ROOT)}:{node.name}"] = count
    assert not long


def test_no_folder_has_too_many_modules() -> None:
    folders: dict[Path, int] = {}
    for file in python_files():
        if file.name != "__init__.py" and "tests" not in file.relative_to(ROOT).parts:
            folders[file.parent] = folders.get(file.parent, 0) + 1
    del folders[ROOT]
    assert not {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > MAX_FOLDER_MODULES}


def test_no_two_modules_of_the_app_define_a_class_of_the_same_name() -> None:
    modules: dict[str, list[str]] = {}
    for file in python_files():
        if file.relative_to(ROOT).parts[0] in ("tests", "training", "benchmarks"):
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert not {name: files for name, files in modules.items() if len(files) > 1}


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string that stands alone: docstrings, and those below an attribute or a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value.strip()


def test_docstrings_speak_the_language_of_the_field() -> None:
    literary = {}
    for file in python_files():
        if file.relative_to(ROOT).parts[0] == "tests":
            continue
        for line, text in docstrings(ast.parse(file.read_text(encoding="utf-8"))):
            if found := PROSE.search(text):
                literary[f"{file.relative_to(ROOT)}:{line}"] = found.group()
    assert not literary
