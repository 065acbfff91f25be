"""4-bit and 8-bit models: settings of bitsandbytes, which is not installed here, their place, and where they are offered."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from models import model_catalog
from models.cache.residents import FixedResident
from models.errors import UnknownModel
from models.files.model_files import Availability
from models.loading.loaders import ModelLoaders, quantization_config
from models.model_catalog import ModelCatalog
from models.specs.captioners import CAPTION_MODELS, QUANTIZED_BYTES
from models.specs.model_spec import Device, Quantization
from tests.models.fakes import make_spec
from tests.models.tiny_language_models import save_writer


class Downloaded:
    def availability(self, spec: Any) -> Availability:
        return Availability(True, "downloaded")


def catalog(device: Device) -> ModelCatalog:
    files: Any = Downloaded()
    return ModelCatalog(files, device, lambda: 2**40, CAPTION_MODELS)


def test_four_bits_are_nf4_with_double_quantisation_and_the_dtype_of_the_device() -> None:
    config = quantization_config(make_spec("m", quantization="nf4", gpu_dtype="bfloat16"), "cuda").to_dict()
    assert (config["load_in_4bit"], config["load_in_8bit"]) == (True, False)
    assert (config["bnb_4bit_quant_type"], config["bnb_4bit_use_double_quant"]) == ("nf4", True)
    assert config["bnb_4bit_compute_dtype"] == "bfloat16"


def test_eight_bits_are_llm_int8() -> None:
    config = quantization_config(make_spec("m", quantization="int8"), "cuda")
    assert config.quantization_method() == "llm_int8"
    assert not config.load_in_4bit


@pytest.mark.parametrize("form", ["nf4", "int8"])
def test_a_quantised_model_is_placed_while_it_loads_and_never_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Quantization
) -> None:
    from transformers import Qwen2ForCausalLM

    model = save_writer(tmp_path / "writer", quantization=form)
    load = Qwen2ForCausalLM.from_pretrained
    settings: dict[str, Any] = {}

    def load_without_bitsandbytes(directory: Path, quantization_config: Any, device_map: Any, **options: Any) -> Any:
        settings.update(config=quantization_config, device_map=device_map, **options)
        loaded = load(directory, **options)
        monkeypatch.setattr(loaded, "to", pytest.fail)
        return loaded

    monkeypatch.setattr(Qwen2ForCausalLM, "from_pretrained", load_without_bitsandbytes)
    resident = ModelLoaders(1).build(model, "cuda")
    assert settings["device_map"] == {"": "cuda"}
    assert settings["dtype"] == torch.bfloat16
    assert settings["config"].quantization_method() == ("nf4" if form == "nf4" else "llm_int8")
    assert isinstance(resident, FixedResident)
    assert not resident.can_park
    assert not resident.model.model.training
    assert resident.weight_bytes() == 0  # nothing of it lies on a GPU here


@pytest.mark.parametrize(("device", "installed"), [("cpu", True), ("cuda", False), ("cuda", True)])
def test_quantised_models_are_offered_only_with_bitsandbytes_on_a_gpu(
    monkeypatch: pytest.MonkeyPatch, device: Device, installed: bool
) -> None:
    monkeypatch.setattr(model_catalog, "find_spec", lambda name: object() if installed and name == "bitsandbytes" else None)
    offered = catalog(device)
    forms = {spec.quantization for spec in offered.models("describe_music")}
    assert forms == ({"", "int8", "nf4"} if installed and device == "cuda" else {""})
    if forms == {""}:
        with pytest.raises(UnknownModel):
            offered.choose("describe_music", "qwen2-audio-instruct-4-bit")


def test_the_smallest_form_that_is_the_best_model_is_taken_as_memory_shrinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_catalog, "find_spec", lambda name: object())
    files: Any = Downloaded()
    catalogs = [ModelCatalog(files, "cuda", partial(int, size), CAPTION_MODELS) for size in (24e9, 12e9, 8e9)]
    chosen = [catalog.choose("describe_music").spec.key for catalog in catalogs]
    assert chosen == ["qwen2.5-omni", "qwen2.5-omni-4-bit", "qwen2.5-omni-4-bit"]


def test_one_repository_in_three_forms_is_three_models() -> None:
    by_repository: dict[str, list[Any]] = {}
    for spec in CAPTION_MODELS:
        by_repository.setdefault(spec.source.repository, []).append(spec)  # type: ignore[union-attr]
    (mixture,) = by_repository.pop("Qwen/Qwen3-Omni-30B-A3B-Captioner")
    assert mixture.quantization == ""
    for forms in by_repository.values():
        assert [spec.quantization for spec in forms] == ["", *QUANTIZED_BYTES]
        assert len({spec.key for spec in forms}) == len({spec.title for spec in forms}) == 3
        full, four, eight = (spec.gpu_bytes for spec in forms)
        assert full > eight > four > full / 4
        assert len({replace(spec, key="", title="", quantization="", gpu_bytes=0) for spec in forms}) == 1


def test_large_models_are_not_taken_without_a_gpu_and_only_tuned_ones_answer_questions() -> None:
    offered = catalog("cpu")
    assert not any(spec.quick_on_cpu for spec in offered.models("describe_music"))
    assert offered.choose("write_text").spec.key == "smollm2-instruct"
    answering = offered.models("answer_questions")
    assert answering
    assert all(spec.prompt_style == "chat" for spec in answering)
    assert {spec.key for spec in offered.models("describe_music")} - {spec.key for spec in answering} == {
        "qwen2-audio",
        "qwen3-omni-captioner",
    }


def test_models_for_non_commercial_use_come_last() -> None:
    restricted = ["non-commercial" in spec.licence for spec in catalog("cpu").models("describe_music")]
    assert restricted == sorted(restricted)
    assert any(restricted)
