"""The files of exact versions are what `make lock` writes of their sources, as far as that can be seen without an index."""

from __future__ import annotations

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.space_files import ROOT

SOURCES = sorted(path.name for path in ROOT.glob("requirements*.in"))
UNEMITTED = re.compile(r"cuda-|nvidia-|triton$")
"""Packages that the Makefile leaves to torch."""


def read(name: str) -> dict[str, Requirement]:
    """Return the requirements of a file on this system and this Python, by their normalised names."""
    lines = [line.strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    return {canonicalize_name(each.name): each for each in found if each.marker is None or each.marker.evaluate()}


def needed_by(name: str, pin: Requirement) -> set[str]:
    """Return the packages that a package of a lock needs here, extras left out; none if another version or none is installed."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return set()
    requirements = map(Requirement, package.requires or []) if pin.specifier.contains(package.version, prereleases=True) else ()
    here = [each for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})]
    return {canonicalize_name(each.name) for each in here}


@pytest.mark.parametrize("name", SOURCES)
def test_a_lock_holds_what_its_source_names_and_all_that_it_needs(name: str) -> None:
    lock = read(name.replace(".in", ".txt"))
    assert read(name).keys() <= lock.keys()
    for requirement in read(name).values():
        (pin,) = lock[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(pin.version, prereleases=True)
    needed = {needed for package, pin in lock.items() for needed in needed_by(package, pin)}
    assert {package for package in needed - lock.keys() if not UNEMITTED.match(package)} == set()


def test_locks_agree_on_the_version_of_every_package() -> None:
    first = read("requirements.txt")
    for source in SOURCES:
        lock = read(source.replace(".in", ".txt"))
        assert {name: pin.specifier for name, pin in lock.items() if name in first} == {
            name: first[name].specifier for name in lock if name in first
        }
