"""A disk that is full or cannot be written: a sentence says so, nothing half-written stays, and with room work goes on."""

from __future__ import annotations

import errno
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.page.user_errors import sentence_for
from models.errors import AudioscopeError
from models.files.package_weights import PackageWeights
from models.specs.model_spec import PackageSource
from models.specs.speech import SPEECH_MODELS
from tests.faults.conftest import ServedPage, page_in

Mount = Callable[..., None]
DISK_BYTES = 8 * 2**20
FULL = "The disk of the server is full"
READ_ONLY = "The server cannot write"


@pytest.fixture
def small_disk(tmp_path: Path, mounted: Mount) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder)
    return folder


@pytest.fixture
def page_on_it(small_disk: Path) -> Iterator[ServedPage]:
    with page_in(small_disk, min_free_disk_bytes=0) as served:
        yield served


def fill(folder: Path, free_bytes: int) -> Path:
    """Write a file that leaves `free_bytes` on the disk."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        with pytest.raises(OSError, match="No space left"):
            while True:
                file.write(bytes(4096))
        file.truncate(max(0, file.tell() - free_bytes))
    return filler


def test_on_a_full_disk_a_clip_is_refused_in_words_at_every_stage_and_taken_when_there_is_room(
    page_on_it: ServedPage, small_disk: Path
) -> None:
    sentences = []
    for free_bytes in (0, 2**14, 2**16, 2**18, 2**19):
        filler = fill(small_disk, free_bytes)
        sentences.append(page_on_it.refusal("/read_clip"))
        assert not page_on_it.leftovers()
        filler.unlink()
    assert all(sentence.startswith(FULL) for sentence in sentences), sentences
    assert page_on_it.read()["duration"] > 1


def test_weights_that_do_not_fit_the_disk_leave_nothing_there(small_disk: Path) -> None:
    spec = next(spec for spec in SPEECH_MODELS if isinstance(spec.source, PackageSource))
    assert isinstance(spec.source, PackageSource)
    weights = PackageWeights(small_disk / "weights")
    if not weights.is_installed(spec.source):
        pytest.skip(f"the package of {spec.title} is not installed")
    with pytest.raises(OSError) as refused:
        weights.fetch(spec, spec.source)
    assert sentence_for(refused.value).startswith(FULL)
    assert list((small_disk / "weights").iterdir()) == []


def test_on_a_disk_that_cannot_be_written_a_clip_is_refused_in_words_and_the_server_says_that_it_is_not_well(
    tmp_path: Path, mounted: Mount
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with page_in(folder) as page:
        assert page.read()["duration"] > 1
        mounted("--bind", folder, folder)
        mounted("-o", "remount,ro,bind", folder)
        sentence = page.refusal("/transcribe")
        assert sentence.startswith(READ_ONLY), sentence
        with pytest.raises(urllib.error.HTTPError) as ill:
            urllib.request.urlopen(f"{page.address}healthz", timeout=10)
        assert json.load(ill.value)["status"].startswith("cannot write to")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, FULL), (errno.EDQUOT, FULL), (errno.EROFS, READ_ONLY), (errno.EACCES, READ_ONLY)],
)
def test_a_fault_of_the_disk_has_a_sentence_also_as_the_cause_of_another_error(number: int, words: str) -> None:
    fault = OSError(number, "as the system says", "/home/somebody/file")
    try:
        raise RuntimeError("a library's own") from fault
    except RuntimeError as error:
        assert sentence_for(error).startswith(words)
    assert sentence_for(fault).startswith(words)
    assert "somebody" not in sentence_for(fault)


def test_an_error_that_has_a_sentence_keeps_it_whatever_its_cause() -> None:
    error = AudioscopeError("My own sentence.")
    error.__cause__ = OSError(errno.ENOSPC, "full")
    assert sentence_for(error) == "My own sentence."
