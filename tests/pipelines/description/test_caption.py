"""Who writes a caption: the model that was named, the best listening model that fits, or the templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from models import model_catalog
from models.files.model_files import Availability
from models.model_catalog import ModelCatalog
from models.specs.captioners import CAPTION_MODELS
from models.specs.model_spec import AUTO, Device, ModelSpec, Task
from pipelines.description.caption import FROM_FACTS, Listener, choose_listener
from pipelines.language_models.generation import WORKING_BYTES

T4_BYTES = 15_360 * 2**20 - 512 * 2**20 - 300_000_000
"""Memory of a T4 without the headroom and CUDA's own."""
TASKS: list[Task] = ["describe_music", "answer_questions"]


@dataclass(frozen=True)
class Files:
    downloaded: bool

    def availability(self, spec: Any) -> Availability:
        return Availability(True, "downloaded") if self.downloaded else Availability(False, "the model hub cannot be reached")


def catalog(
    monkeypatch: pytest.MonkeyPatch,
    device: Device,
    size_bytes: int,
    *,
    bitsandbytes: bool = True,
    downloaded: bool = True,
    specs: tuple[ModelSpec, ...] = CAPTION_MODELS,
) -> ModelCatalog:
    monkeypatch.setattr(model_catalog, "find_spec", lambda name: object() if bitsandbytes else None)
    files: Any = Files(downloaded)
    return ModelCatalog(files, device, lambda: size_bytes, specs)


@pytest.mark.parametrize("task", TASKS)
def test_on_a_t4_a_listening_model_in_4_bits_is_chosen(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    t4 = catalog(monkeypatch, "cuda", T4_BYTES)
    assert choose_listener(task, AUTO, t4) == Listener(AUTO)
    choice = t4.choose(task, AUTO, WORKING_BYTES)
    assert choice.spec.key == "qwen2.5-omni-4-bit"
    assert "Qwen2.5-Omni 7B (more than" in choice.reason


@pytest.mark.parametrize("task", TASKS)
def test_without_bitsandbytes_the_choice_says_so(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    listener = choose_listener(task, AUTO, catalog(monkeypatch, "cuda", T4_BYTES, bitsandbytes=False))
    assert listener.model == FROM_FACTS
    assert "Qwen2.5-Omni 7B, 4-bit" in listener.reason
    assert "bitsandbytes is not installed, see requirements-gpu.txt" in listener.reason


@pytest.mark.parametrize("task", TASKS)
def test_without_a_gpu_the_measurements_speak(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    listener = choose_listener(task, AUTO, catalog(monkeypatch, "cpu", 10**12))
    assert listener.model == FROM_FACTS
    assert "too slow without a GPU" in listener.reason
    assert "bitsandbytes" not in listener.reason


@pytest.mark.parametrize(
    ("device", "size_bytes", "downloaded", "lack"),
    [
        ("cpu", 10**12, True, "is quick enough without a GPU"),
        ("cuda", 10**9, True, "fits the memory"),
        ("cuda", T4_BYTES, False, "is within reach"),
        ("mps", 10**12, False, "is within reach"),
    ],
)
def test_one_short_line_says_what_the_most_suitable_model_lacks(
    monkeypatch: pytest.MonkeyPatch, device: Device, size_bytes: int, downloaded: bool, lack: str
) -> None:
    listener = choose_listener("answer_questions", AUTO, catalog(monkeypatch, device, size_bytes, downloaded=downloaded))
    assert listener.remark == f"From the measurements: no listening model {lack}."


def test_where_no_model_is_offered_at_all_the_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = choose_listener("answer_questions", AUTO, catalog(monkeypatch, "cpu", 10**12, specs=()))
    assert listener.remark == "From the measurements: no listening model is offered here."
    assert listener.reason == "No model for this is available here."


@pytest.mark.parametrize("named", [FROM_FACTS, "qwen2-audio-instruct-8-bit", "no such model"])
def test_a_persons_choice_stands(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    assert choose_listener("describe_music", named, catalog(monkeypatch, "cuda", 10**12)) == Listener(named)
