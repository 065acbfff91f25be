"""A model that cannot be loaded, and memory that runs out: a sentence for those who ask, and the next one is served."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gradio_client import handle_file

from models.loading.loaders import ModelLoaders
from tests.faults.conftest import BIRD, ServedPage

pytestmark = pytest.mark.models

FAULTS: dict[str, tuple[Callable[[], BaseException], str]] = {
    "broken": (lambda: ValueError("bad header in /home/somebody"), "could not be loaded"),
    "out of memory": (MemoryError, "memory"),
    "out of memory on a GPU": (lambda: RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "memory"),
    "disk": (lambda: OSError(5, "Input/output error"), "could not be loaded"),
}


@pytest.fixture(autouse=True)
def nothing_is_known(page: ServedPage) -> None:
    """No model is loaded, and no result of an earlier test is kept."""
    page.services.runtime.cache.clear()
    page.services.runtime.features.clear()


@pytest.mark.parametrize(
    "fault",
    [
        *("broken", "out of memory"),
        *(pytest.param(fault, marks=pytest.mark.thorough) for fault in ("out of memory on a GPU", "disk")),
    ],
)
def test_a_load_that_fails_is_a_sentence_for_all_who_wait_and_the_next_load_succeeds(
    page: ServedPage, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    error, words = FAULTS[fault]

    def fail(*arguments: Any) -> Any:
        raise error()

    with monkeypatch.context() as broken, ThreadPoolExecutor(3) as people:
        broken.setattr(ModelLoaders, "build", fail)
        asked = [people.submit(page.refusal, "/tag_sounds", "yamnet") for _ in range(3)]
        sentences = [refusal.result() for refusal in asked]
    assert all(words in sentence and "Unexpected" not in sentence for sentence in sentences), sentences
    assert not page.services.runtime.cache.status().residents
    tags = page.client().predict(handle_file(BIRD), "yamnet", api_name="/tag_sounds")
    assert "Chirp" in str(tags["sounds"]["top"])


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("bad allocation"), ValueError("of the network")])
def test_work_that_fails_gives_its_model_back(page: ServedPage, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*arguments: Any) -> Any:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr("pipelines.tagging.yamnet.log_mel_patches", fail)
        sentence = page.refusal("/tag_sounds", "yamnet")
    assert ("memory" if isinstance(error, MemoryError) else "Unexpected error") in sentence
    tags = page.client().predict(handle_file(BIRD), "yamnet", api_name="/tag_sounds")
    assert "Chirp" in str(tags["sounds"]["top"])
