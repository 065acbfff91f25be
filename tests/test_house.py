"""Files, functions and folders stay small enough to be read at once."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACES = (
    "app.py",
    "cli.py",
    "services.py",
    "settings.py",
    "components",
    "pipelines",
    "models",
    "training",
    "tests",
    "benchmarks",
)
MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 50
MAX_FOLDER_MODULES = 16
"""Python files of one folder, `__init__.py` aside."""
PROSE = re.compile(r"^(Of |Whoever )|\b(nobody|somebody|is told|are told|is heard|are heard)\b", re.IGNORECASE)
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


def test_docstrings_speak_the_language_of_the_field() -> None:
    literary = {}
    for file in python_files():
        if file.relative_to(ROOT).parts[0] in ("tests", "training", "benchmarks"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if found := PROSE.search(ast.get_docstring(node) or ""):
                literary[f"{file.relative_to(ROOT)}:{getattr(node, 'name', '')}"] = found.group()
    assert not literary
