"""What can be checked of a Space without a new environment; `make space-test` builds one and uses every tab."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from models.model_catalog import ALL_MODELS
from models.specs.model_spec import HubSource, PackageSource
from tests.deploy.space_files import ROOT, read_front_matter, tracked_files

CONFIGURATION = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "short_description"),
    *("license", "models", "tags", "suggested_hardware", "preload_from_hub"),
}
"""Keys of the hub's reference of Spaces that are used here."""
MAX_FILE_BYTES = 10**7
PROVIDED_BY_SPACES = {"spaces"}
"""Packages that the image of a Space has, imported where they are there."""
APP_ROOMS = ("accounts", "app.py", "services.py", "settings.py", "components", "models", "pipelines")


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def hub_sources() -> dict[str, HubSource]:
    return {spec.source.repository: spec.source for spec in ALL_MODELS if isinstance(spec.source, HubSource)}


def test_the_front_matter_agrees_with_what_is_installed() -> None:
    settings = read_front_matter()
    assert set(settings) <= CONFIGURATION
    pins = {requirement.name: str(requirement.specifier) for requirement in requirements("requirements.txt")}
    assert pins["gradio"] == f"=={settings['sdk_version']}"
    assert settings["python_version"] in {"3.10", "3.11", "3.12"}
    assert (ROOT / settings["app_file"]).is_file()
    assert len(settings["short_description"]) <= 60
    assert set(settings["models"]) <= set(hub_sources())


@pytest.mark.parametrize("line", read_front_matter()["preload_from_hub"], ids=lambda line: line.split()[0])
def test_what_is_preloaded_is_all_that_the_catalogue_wants(line: str) -> None:
    repository, names, *commit = line.split()
    source = hub_sources()[repository]
    assert "".join(commit) == source.revision
    files = names.split(",")
    assert all(any(fnmatch(file, wanted) for file in files) for wanted in source.files)
    assert all(any(fnmatch(file, wanted) for wanted in source.files) for file in files)


def test_packages_with_weights_are_in_the_requirements() -> None:
    sources = [spec.source for spec in ALL_MODELS if isinstance(spec.source, PackageSource)]
    carriers = {normalised(part.distribution) for source in sources for file in source.files for part in file.parts}
    for name in ("requirements.in", "requirements.txt"):
        assert carriers <= {normalised(requirement.name) for requirement in requirements(name)}


def test_every_requirement_is_an_exact_version_from_the_default_index() -> None:
    assert all(str(requirement.specifier).startswith("==") for requirement in requirements("requirements.txt"))


def test_the_app_imports_only_what_the_requirements_name() -> None:
    """What a dependency brings today it may leave out tomorrow."""
    of_others = {f"requirements-{name}.in" for name in ("test", "ray", "training")}
    files = [file.name for file in ROOT.glob("requirements*.in") if file.name not in of_others]
    named = {module for file in files for requirement in requirements(file) for module in modules_of(requirement.name)}
    named |= {Path(room).stem for room in APP_ROOMS} | PROVIDED_BY_SPACES | sys.stdlib_module_names
    sources = [path for room in APP_ROOMS for path in ((ROOT / room).rglob("*.py") if (ROOT / room).is_dir() else [ROOT / room])]
    missing = {module: str(path.relative_to(ROOT)) for path in sources for module in imported_modules(path) - named}
    assert not missing


def modules_of(distribution: str) -> set[str]:
    """Return the top-level names that an installed distribution brings; none if it is for another version of Python."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return set()
    return {file.parts[0].partition(".")[0] for file in files}


def imported_modules(file: Path) -> set[str]:
    """Return the top-level names of the modules that a file imports, whatever function it is in."""
    modules = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module.partition(".")[0])
    return modules


def binary_files() -> list[str]:
    return [str(file) for file in tracked_files() if b"\0" in (ROOT / file).read_bytes()[:8000]]


def filters_of(names: list[str], attributes: str) -> set[str]:
    """Return the filters that Git gives `names`, with a further file of attributes of less weight than the repository's own."""
    run = subprocess.run(
        ["git", "-c", f"core.attributesFile={attributes}", "check-attr", "--stdin", "filter"],
        input="\n".join(names),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.rpartition(": ")[2] for line in run.stdout.splitlines()}


def test_no_file_is_large() -> None:
    assert not [file for file in tracked_files() if (ROOT / file).stat().st_size > MAX_FILE_BYTES]


def test_every_binary_file_is_ordinary_here_and_in_lfs_in_a_space() -> None:
    """The hub refuses a push with binaries outside Git LFS."""
    binaries = binary_files()
    assert any(name.endswith(".onnx") for name in binaries)
    assert filters_of(binaries, os.devnull) == {"unspecified"}
    assert filters_of(binaries, "deploy/space.gitattributes") == {"lfs"}
