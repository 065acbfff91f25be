"""Who writes a caption: the model that was named, the best listening model that fits, or the templates."""

from __future__ import annotations

from typing import Any

import pytest

from models import model_catalog
from models.files.model_files import Availability
from models.model_catalog import ModelCatalog
from models.specs.captioners import CAPTION_MODELS
from models.specs.model_spec import AUTO, Device, Task
from pipelines.description.caption import FROM_FACTS, choose_listener
from pipelines.language_models.generation import WORKING_BYTES

T4_BYTES = 15_360 * 2**20 - 512 * 2**20 - 300_000_000
"""Memory of a T4 without the headroom and CUDA's own."""
TASKS: list[Task] = ["describe_music", "answer_questions"]


class Downloaded:
    def availability(self, spec: Any) -> Availability:
        return Availability(True, "downloaded")


def catalog(monkeypatch: pytest.MonkeyPatch, device: Device, size_bytes: int, bitsandbytes: bool = True) -> ModelCatalog:
    monkeypatch.setattr(model_catalog, "find_spec", lambda name: object() if bitsandbytes else None)
    files: Any = Downloaded()
    return ModelCatalog(files, device, lambda: size_bytes, CAPTION_MODELS)


@pytest.mark.parametrize("task", TASKS)
def test_on_a_t4_a_listening_model_in_4_bits_is_chosen(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    t4 = catalog(monkeypatch, "cuda", T4_BYTES)
    assert choose_listener(task, AUTO, t4) == (AUTO, "")
    choice = t4.choose(task, AUTO, WORKING_BYTES)
    assert choice.spec.key == "qwen2.5-omni-4-bit"
    assert "Qwen2.5-Omni 7B (more than" in choice.reason


@pytest.mark.parametrize("task", TASKS)
def test_without_bitsandbytes_the_choice_says_so(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    model, reason = choose_listener(task, AUTO, catalog(monkeypatch, "cuda", T4_BYTES, bitsandbytes=False))
    assert model == FROM_FACTS
    assert "Qwen2.5-Omni 7B, 4-bit" in reason
    assert "bitsandbytes is not installed, see requirements-gpu.txt" in reason


@pytest.mark.parametrize("task", TASKS)
def test_without_a_gpu_the_measurements_speak(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    model, reason = choose_listener(task, AUTO, catalog(monkeypatch, "cpu", 10**12))
    assert model == FROM_FACTS
    assert "too slow without a GPU" in reason
    assert "bitsandbytes" not in reason


@pytest.mark.parametrize("named", [FROM_FACTS, "qwen2-audio-instruct-8-bit", "no such model"])
def test_a_persons_choice_stands(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    assert choose_listener("describe_music", named, catalog(monkeypatch, "cuda", 10**12)) == (named, "")
