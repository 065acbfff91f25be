"""Damaged files of every format are read, or refused with a sentence; one that once was neither stays in the folder of finds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipelines.isolation.file_readers import FileReaders
from services import Services
from tests.hostile.fuzz import MAX_SILENCE_SECONDS, checked
from tests.hostile.mutations import seed_file
from tests.hostile.targets import SEEDS, Outcome, Targets, damaged

DAMAGED_FILES = 16
"""For each target; `make fuzz` reads more."""
FINDS = sorted((Path(__file__).parent / "finds").glob("*-*"))


@pytest.fixture(scope="module")
def targets(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    workers = FileReaders(1, MAX_SILENCE_SECONDS)
    yield Targets(tmp_path_factory.mktemp("files"), services, workers)
    workers.close()


@pytest.mark.parametrize("target", SEEDS)
def test_files_are_read_as_they_are(target: str, targets: Targets) -> None:
    foreign = ("wide.png", "a1111.png", "comfyui.png") if target == "settings" else ()
    for name in SEEDS[target]:
        outcome = targets.read(target, seed_file(name), name)
        assert outcome.kind == ("refused" if name in foreign else "read"), (name, outcome)


@pytest.mark.parametrize("target", SEEDS)
def test_a_damaged_file_is_read_or_refused_with_a_sentence(target: str, targets: Targets) -> None:
    for number in range(DAMAGED_FILES):
        name, content = damaged(target, number)
        outcome = checked(targets.read(target, content, name), tempfile.gettempdir())
        assert outcome.kind in ("read", "refused"), (number, name, outcome)


def test_a_file_that_is_never_read_is_a_fault_and_the_next_one_is_read(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_read(content: bytes) -> None:
        while content:
            with suppress(Exception):  # as code does that goes on after any error
                int(content)

    workers = FileReaders(1)
    limited = Targets(tmp_path, services, workers, seconds=0.05)
    with monkeypatch.context() as patched:
        patched.setattr("tests.hostile.targets.read_npz", never_read)
        assert limited.read("arrays", b"x", "a.npz") == Outcome("fault", "not read within 0.05 s of computing")
    assert limited.read("arrays", b"x", "a.npz").kind == "refused"
    assert not list(tmp_path.glob("*.npz"))
    workers.close()


@pytest.mark.parametrize("find", FINDS, ids=lambda find: find.name)
def test_a_file_that_was_a_fault_once_is_none_now(find: Path, targets: Targets) -> None:
    target, _, name = find.name.split("-", 2)
    outcome = checked(targets.read(target, find.read_bytes(), name), tempfile.gettempdir())
    assert outcome.kind != "fault", outcome
