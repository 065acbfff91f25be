"""Imports point one way: app, cli -> components, commands -> services -> pipelines -> models, and inside from floor to floor."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "models": {"accounts", "app", "cli", "commands", "components", "services", "pipelines", "settings", "gradio"},
    "pipelines": {"accounts", "app", "cli", "commands", "components", "services", "settings", "gradio"},
    "components": {"app", "cli", "commands"},
    "commands": {"app", "cli", "components", "gradio"},
    "accounts": {"app", "cli", "commands", "components", "services", "settings", "pipelines", "gradio"},
    "services.py": {"app", "cli", "commands", "components", "gradio"},
    "settings.py": {"accounts", "app", "cli", "commands", "components", "services", "pipelines", "models", "gradio"},
}
PIPELINE_FLOORS = (
    ("wording", "jobs", "storage", "isolation", "telemetry"),
    ("clip",),
    ("tagging", "language_models", "edits"),
    ("speech", "music"),
    ("subtitles", "pictures", "interpretability", "description", "notes"),
    ("film", "embeddings", "questions", "annotations"),
    ("bundle",),
    ("everything",),
)
"""Subpackages of `pipelines`, from the ground up. A room imports rooms of lower floors only."""
SHARED_COMPONENTS = ("page", "timeline", "clip")
"""Rooms of `components` that other rooms import, from the ground up. No tab imports another."""
MAX_IMPORT_CHAIN = 16
"""Files on the longest path of imports that begins at app.py or in a command."""
SLOW_LIBRARIES = ("torch", "transformers", "diffusers", "faster_whisper", "ctranslate2", "librosa", "onnxruntime", "av", "scipy")


@cache
def imported_modules(file: Path) -> frozenset[str]:
    """Return the dotted names that `file` imports, wherever the import stands; `from a import b` gives 'a' and 'a.b'."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import hides where it points"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def python_files(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imports_between_rooms(folder: str) -> Iterator[tuple[Path, str, str]]:
    """Yield (file, its room, another room of `folder` that it imports)."""
    rooms = {path.name for path in (ROOT / folder).iterdir() if path.is_dir()}
    for file in python_files(folder):
        room = file.relative_to(ROOT / folder).parts[0]
        for module in imported_modules(file):
            parts = module.split(".")
            if parts[0] == folder and len(parts) > 1 and parts[1] in rooms - {room}:
                yield file, room, parts[1]


@pytest.mark.parametrize("place", FORBIDDEN)
def test_imports_point_one_way(place: str) -> None:
    files = python_files(place)
    assert files
    for file in files:
        assert not {module.split(".")[0] for module in imported_modules(file)} & FORBIDDEN[place], file


def test_every_room_of_pipelines_has_a_floor() -> None:
    rooms = {path.name for path in (ROOT / "pipelines").iterdir() if (path / "__init__.py").exists()}
    assert rooms == {room for floor in PIPELINE_FLOORS for room in floor}


def test_rooms_of_pipelines_import_lower_floors_only() -> None:
    floor_of = {room: number for number, floor in enumerate(PIPELINE_FLOORS) for room in floor}
    for file, room, imported in imports_between_rooms("pipelines"):
        assert floor_of[imported] < floor_of.get(room, len(PIPELINE_FLOORS)), f"{file} imports {imported}"


def test_tabs_import_shared_rooms_only() -> None:
    for file, room, imported in imports_between_rooms("components"):
        assert imported in SHARED_COMPONENTS, f"{file} imports {imported}"
        if room in SHARED_COMPONENTS:
            assert SHARED_COMPONENTS.index(imported) < SHARED_COMPONENTS.index(room), f"{file} imports {imported}"


def test_no_room_is_on_a_circle_of_imports() -> None:
    for folder in ("models", "components"):
        arrows: dict[str, set[str]] = {}
        for _, room, imported in imports_between_rooms(folder):
            if not room.endswith(".py"):
                arrows.setdefault(room, set()).add(imported)
        TopologicalSorter(arrows).prepare()  # raises CycleError, which names the circle


@cache
def longest_chain(file: Path) -> tuple[Path, ...]:
    """Return the longest path of imports from `file` on, through the app's own files."""
    chains = [longest_chain(other) for other in own_imports(file)]
    return (file, *max(chains, key=len, default=()))


def own_imports(file: Path) -> set[Path]:
    """Return the app's own files that `file` imports; the file of a package is its `__init__.py` and does not count."""
    paths = (ROOT / Path(*module.split(".")).with_suffix(".py") for module in imported_modules(file))
    return {path for path in paths if path.is_file() and path != file}


def test_the_longest_import_chain_stays_short() -> None:
    chain = max((longest_chain(start) for start in [ROOT / "app.py", *python_files("commands")]), key=len)
    assert len(chain) <= MAX_IMPORT_CHAIN, " -> ".join(str(file.relative_to(ROOT)) for file in chain)


BUILDERS = {"load_part": "checkpoint_parts", "build_whisper": "whisper_ctranslate2", "load_aligner": "audio_aligner"}
"""Functions that only models/loading/loaders.py calls, and the module of each."""


def test_only_the_loaders_build_models() -> None:
    places = ("models", "pipelines", "components", "commands")
    for file in [*ROOT.glob("*.py"), *(file for place in places for file in python_files(place))]:
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        if file.name != "loaders.py":
            names = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
            assert not names & BUILDERS.keys(), file
        if file.stem not in {"loaders", *BUILDERS.values()}:
            calls = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            assert not calls & {"from_pretrained", "WhisperModel", "InferenceSession"}, file


@pytest.mark.parametrize(("start", "slow"), [("app", SLOW_LIBRARIES), ("cli", (*SLOW_LIBRARIES, "gradio"))])
def test_starting_imports_nothing_slow(start: str, slow: tuple[str, ...]) -> None:
    check = f"import {start}, sys; print([name for name in {slow!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
