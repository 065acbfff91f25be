"""Weights go to their device one by one: main memory never holds a whole model that is loaded for the GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import accelerate
import pytest
import torch

from models.cache.residents import FixedResident
from models.errors import NoModelFits, OutOfMemory
from models.loading.loaders import ModelLoaders, placement
from models.model_catalog import ModelCatalog
from models.specs.model_spec import FetchedModel, ModelSpec
from models.specs.speech import SPEECH_MODELS
from tests.models.fakes import Bench, make_bench, make_spec
from tests.models.tiny_encoders import save_qwen2_audio_tower
from tests.models.tiny_image_models import save_preview_decoder
from tests.models.tiny_language_models import save_writer
from tests.models.tiny_models import save_diffusers, save_transformers

GB = 10**9


@pytest.mark.parametrize("save", [save_transformers, save_diffusers, save_preview_decoder, save_qwen2_audio_tower])
def test_no_module_is_moved_after_it_was_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, save: Callable[[Path], FetchedModel]
) -> None:
    model = save(tmp_path / "model")
    monkeypatch.setattr("diffusers.pipelines.pipeline_utils.SUPPORTED_DEVICE_MAP", ["meta"])
    moved: list[str] = []
    move = torch.nn.Module.to

    def watched(module: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.nn.Module:
        before = {(name, tensor.device.type) for name, tensor in module.state_dict().items()}
        result = move(module, *args, **kwargs)
        moved.extend(name for name, place in before if place != result.state_dict()[name].device.type)
        return result

    monkeypatch.setattr(torch.nn.Module, "to", watched)
    resident = ModelLoaders(1).build(model, "meta")  # type: ignore[arg-type]  # stands in for a GPU
    assert moved == []
    modules: tuple[torch.nn.Module, ...] = resident._modules  # type: ignore[attr-defined]
    assert {tensor.device.type for module in modules for tensor in module.parameters()} == {"meta"}


class FilesHere:
    def availability(self, spec: Any) -> Any:
        return type("Available", (), {"available": True, "words": "downloaded"})


def catalog(gpu_bytes: int, host_bytes: int, *specs: ModelSpec) -> ModelCatalog:
    files: Any = FilesHere()
    return ModelCatalog(files, "cuda", lambda: gpu_bytes, specs, lambda: host_bytes)


LARGE = make_spec("large", 16 * GB)
SMALL = make_spec("small", 4 * GB)


def test_no_model_is_split_before_a_gain_was_measured_and_the_lease_refuses_it_in_words() -> None:
    choice = catalog(14 * GB, 15 * GB, LARGE, SMALL).choose("transcribe", "large")
    assert (choice.spec, choice.reason) == (LARGE, "chosen by you")
    bench = gpu_bench(1000)
    with pytest.raises(OutOfMemory, match="Not enough memory on cuda"), bench.cache.lease(make_spec("large", 101)):
        pass


@pytest.fixture
def measured_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.model_catalog.SPLIT_GAIN", 2.0)


@pytest.mark.usefixtures("measured_gain")
def test_a_model_that_is_a_little_too_large_is_split_for_whoever_names_it_and_the_page_says_so() -> None:
    choice = catalog(14 * GB, 15 * GB, LARGE, SMALL).choose("transcribe", "large")
    assert choice.spec.memory_bytes("cuda") < 14 * GB
    assert choice.spec.memory_bytes("cuda") + choice.spec.host_part_bytes == 16 * GB
    assert choice.reason == (
        "chosen by you. About 2.4 GB of it lie in main memory, because the GPU is too small for all of it: it is slower."
    )
    assert choice.spec.host_bytes("cuda") > choice.spec.host_part_bytes


@pytest.mark.usefixtures("measured_gain")
def test_auto_splits_no_model() -> None:
    assert catalog(14 * GB, 15 * GB, LARGE, SMALL).choose("transcribe").spec is SMALL
    with pytest.raises(NoModelFits, match=r"more than 14\.0 GB"):
        catalog(14 * GB, 15 * GB, LARGE).choose("transcribe")


@pytest.mark.usefixtures("measured_gain")
@pytest.mark.parametrize(
    ("gpu_bytes", "host_bytes", "changes"),
    [
        (8 * GB, 64 * GB, {}),  # half of it would lie in main memory
        (14 * GB, 2 * GB, {}),  # main memory cannot take the rest
        (14 * GB, 64 * GB, {"quantization": "nf4"}),
        (14 * GB, 64 * GB, {"loader": "diffusers"}),
    ],
)
def test_other_models_that_are_too_large_are_not_split(gpu_bytes: int, host_bytes: int, changes: dict[str, Any]) -> None:
    spec = replace(LARGE, **changes)
    assert catalog(gpu_bytes, host_bytes, spec)._split(spec, gpu_bytes) is None


def test_accelerate_keeps_what_a_split_promises(tmp_path: Path) -> None:
    from transformers import Qwen2ForCausalLM

    model = Qwen2ForCausalLM.from_pretrained(save_writer(tmp_path / "writer").directory)
    size = sum(tensor.numel() * tensor.element_size() for tensor in model.parameters())
    spec = make_spec("writer", size, host_part_bytes=size // 4)
    options = placement(spec, "cuda")
    assert options["device_map"] == "sequential"
    places = accelerate.infer_auto_device_map(model, options["max_memory"], no_split_module_classes=model._no_split_modules)
    assert set(places.values()) == {0, "cpu"}
    on_gpu = sum(
        tensor.numel() * tensor.element_size()
        for name, tensor in model.named_parameters()
        if any(place == 0 and name.startswith(part) for part, place in places.items())
    )
    assert 0 < on_gpu <= spec.memory_bytes("cuda")


def test_a_split_model_stays_where_it_is_and_counts_what_lies_on_the_gpu() -> None:
    layers = torch.nn.Sequential(torch.nn.Linear(8, 8, bias=False), torch.nn.Linear(8, 8, bias=False, device="meta"))
    resident = FixedResident(layers, (layers,), "meta")
    assert not resident.can_park
    assert resident.weight_bytes() == 8 * 8 * 4


def gpu_bench(host_bytes: int) -> Bench:
    return make_bench(100, host_bytes)


def test_a_model_that_passes_through_main_memory_is_refused_in_words_where_it_does_not_fit() -> None:
    whisper = make_spec("whisper", 18, loader="faster_whisper")
    bench = gpu_bench(host_bytes=15)
    with pytest.raises(OutOfMemory, match="Not enough memory on cpu: 0 kB needed, 0 kB free"):
        bench.borrow(whisper)
    assert bench.builder.calls["whisper"] == 0
    assert bench.borrow(make_spec("torch", 18), then=lambda model: model.place) == "device"


def test_parked_models_leave_main_memory_for_one_that_passes_through_it() -> None:
    bench = gpu_bench(host_bytes=15)
    bench.borrow(make_spec("first", 10))
    bench.borrow(make_spec("second", 95))
    assert bench.places("first", "second") == ["host", "device"]
    bench.borrow(make_spec("whisper", 12, loader="faster_whisper"))
    assert bench.places("first", "whisper") == [None, "device"]


def test_what_loading_takes_of_main_memory() -> None:
    assert make_spec("torch", 10).host_bytes("cuda") == 0
    assert make_spec("onnx", 10, loader="onnx", cpu_bytes=7).host_bytes("cuda") == 7
    large = SPEECH_MODELS[0]
    assert large.host_bytes("cuda") == large.download_bytes
    assert replace(large, loader="whisper_torch").host_bytes("cuda") == 0
