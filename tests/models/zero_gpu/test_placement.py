"""Which models lie on ZeroGPU's GPU, and what each process may do with them."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.cache.residents import TorchResident
from models.cache.status import PLACED, ResidentStatus
from models.errors import ModelUnavailable
from models.model_catalog import ALL_MODELS, ModelCatalog
from models.specs.aligner import W2V_BERT_ALIGNER
from models.specs.captioners import QWEN2_AUDIO_INSTRUCT, QWEN_OMNI, QWEN_WRITER
from models.specs.image import SD_TURBO, STABLE_DIFFUSION_2_1, TAESD
from models.specs.model_spec import FetchedModel, ModelSpec
from models.specs.sound import YAMNET
from models.specs.speech import SPEECH_MODELS, WHISPER_BASE_OFFLINE
from models.zero_gpu.placement import (
    MainProcessBuilder,
    PlacedModels,
    WorkerBuilder,
    choose_models,
    offered_models,
    on_gpu,
    place_models,
)

LARGE = SPEECH_MODELS[0]
ALL = 10**12


def keys(specs: tuple[ModelSpec, ...]) -> list[str]:
    return [spec.key for spec in specs]


def fetched(spec: ModelSpec) -> FetchedModel:
    return FetchedModel(spec, Path("nowhere"), "1")


class Builder:
    """Builds names; those that are in `broken` cannot be built."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.built: list[tuple[str, str]] = []

    def build(self, model: FetchedModel, device: str) -> Any:
        if model.spec.key in self.broken:
            raise ValueError("torn file")
        self.built.append((model.spec.key, device))
        return Loaded(f"{model.spec.key} on {device}")


class Loaded(TorchResident):
    def __init__(self, model: str) -> None:
        super().__init__(model, (), "cpu")

    def move(self, device: str) -> None:
        self.model = f"{self.model}, moved to {device}"

    def weight_bytes(self) -> int:
        return 7


def test_each_task_gets_its_best_model_that_needs_a_gpu() -> None:
    chosen = choose_models(ALL_MODELS, lambda spec: True, 30 * 10**9)
    wanted = (LARGE, QWEN_OMNI[0], STABLE_DIFFUSION_2_1, TAESD, SD_TURBO, W2V_BERT_ALIGNER)
    assert keys(chosen) == keys(wanted)  # one model captions and answers; previews are decoded where the picture is drawn
    assert sum(spec.gpu_bytes for spec in chosen) <= 30 * 10**9
    assert all(spec.on_zero_gpu and not spec.quantization for spec in chosen)


def test_what_does_not_fit_beside_the_others_gives_way_to_what_does() -> None:
    assert keys(choose_models(ALL_MODELS, lambda spec: True, 8 * 10**9)) == keys(
        (LARGE, STABLE_DIFFUSION_2_1, TAESD, W2V_BERT_ALIGNER)
    )


def test_what_cannot_be_had_is_passed_over() -> None:
    chosen = choose_models(ALL_MODELS, lambda spec: spec.key not in (LARGE.key, QWEN_OMNI[0].key), ALL)
    assert keys(chosen)[:2] == [SPEECH_MODELS[1].key, QWEN2_AUDIO_INSTRUCT[0].key]
    assert choose_models(ALL_MODELS, lambda spec: False, ALL) == ()


def test_whisper_runs_in_torch_there_and_keeps_its_key() -> None:
    placed = on_gpu(LARGE)
    assert (placed.loader, placed.key) == ("whisper_torch", LARGE.key)
    assert (placed.place("cpu"), placed.dtype("cpu")) == ("cuda", "float16")
    assert placed.memory_bytes("cpu") == 0  # main memory holds none of it


def test_the_catalogue_has_what_is_placed_and_what_is_quick_on_the_cpu() -> None:
    offered = offered_models(ALL_MODELS, (on_gpu(LARGE),))
    assert on_gpu(LARGE) in offered and LARGE not in offered
    assert WHISPER_BASE_OFFLINE in offered and YAMNET in offered
    assert not {SPEECH_MODELS[1].key, QWEN_WRITER[0].key} & set(keys(offered))
    files: Any = type("Files", (), {"availability": lambda self, spec: type("A", (), {"available": True})()})()
    catalog = ModelCatalog(files, "cpu", lambda: 10**9, offered)
    assert catalog.choose("transcribe").spec == on_gpu(LARGE)


def test_a_model_that_cannot_be_loaded_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    specs = (on_gpu(LARGE), on_gpu(STABLE_DIFFUSION_2_1))
    builder = Builder(LARGE.key)
    with caplog.at_level(logging.WARNING):
        placed = place_models(specs, fetched, builder)
    assert placed.specs == specs[1:] and placed.size_bytes == 7
    assert builder.built == [(STABLE_DIFFUSION_2_1.key, "cpu")]
    assert "Whisper large-v3 is not placed on the GPU: torn file" in caplog.text


def test_a_worker_lends_what_is_placed_and_builds_the_rest() -> None:
    placed = place_models((on_gpu(LARGE),), fetched, Builder())
    builder = Builder()
    in_worker = WorkerBuilder(placed, builder)
    assert in_worker.build(fetched(on_gpu(LARGE)), "cuda").model == f"{LARGE.key} on cpu, moved to cuda"
    assert builder.built == []
    assert in_worker.build(fetched(YAMNET), "cpu").model == f"{YAMNET.key} on cpu"


def test_the_main_process_never_builds_what_lies_on_the_gpu() -> None:
    builder = MainProcessBuilder(Builder())
    with pytest.raises(ModelUnavailable, match="calls on ZeroGPU"):
        builder.build(fetched(on_gpu(LARGE)), "cuda")
    assert builder.build(fetched(replace(LARGE, on_zero_gpu=False)), "cpu").model == f"{LARGE.key} on cpu"


def test_nothing_placed_is_nothing() -> None:
    assert PlacedModels({}, {}).size_bytes == 0
    assert PlacedModels({}, {}).status() == ()


def test_the_models_tab_gets_a_line_for_each_placed_model() -> None:
    placed = place_models((on_gpu(LARGE), on_gpu(TAESD)), fetched, Builder(TAESD.key))
    assert placed.status() == (ResidentStatus("Whisper large-v3", "1", "float16", "ZeroGPU", 7, PLACED),)
