"""The cache with real models on a real GPU and real main memory behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.cache.memory import CudaMemoryProbe, HostMemoryProbe
from models.cache.model_cache import CacheLimits, ModelCache
from models.errors import OutOfMemory
from models.loading.loaders import ModelLoaders
from models.specs.model_spec import FetchedModel, ModelSpec
from tests.models.tiny_models import save_diffusers, save_transformers


class Files:
    def __init__(self, *models: FetchedModel) -> None:
        self.models = {model.spec.key: model for model in models}

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        return self.models[spec.key]


@pytest.fixture(scope="module")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[FetchedModel, FetchedModel]:
    folder = tmp_path_factory.mktemp("tiny")
    return save_transformers(folder / "transformer"), save_diffusers(folder / "diffusion")


def make_cache(models: tuple[FetchedModel, ...], headroom_bytes: int = 0) -> ModelCache:
    limits = CacheLimits(headroom_bytes=headroom_bytes)
    return ModelCache(Files(*models), ModelLoaders(), CudaMemoryProbe(), HostMemoryProbe(), limits)


def device_of(model: torch.nn.Module) -> str:
    return str(next(model.parameters()).device.type)


def test_the_probe_sees_what_torch_allocates_and_gives_back() -> None:
    probe = CudaMemoryProbe()
    torch.zeros(1, device="cuda")
    before = probe.free_bytes()
    block = torch.empty(64 * 2**20, dtype=torch.uint8, device="cuda")
    assert before - probe.free_bytes() >= block.numel()
    del block
    assert before - probe.free_bytes() < 8 * 2**20
    probe.give_back()
    assert probe.used_bytes() + probe.free_bytes() == probe.total_bytes()


def test_models_arrive_on_the_gpu_in_half_precision(tiny_models: tuple[FetchedModel, FetchedModel], tmp_path: Path) -> None:
    transformer, diffusion = tiny_models
    cache = make_cache(tiny_models)
    with cache.lease(transformer.spec, diffusion.spec) as (processed, pipeline):
        assert (device_of(processed.model), processed.model.dtype) == ("cuda", torch.float16)
        assert {device_of(part) for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder)} == {"cuda"}
    del processed, pipeline
    assert cache.clear() == 2
    assert cache.status().residents == ()


def test_a_model_parks_in_main_memory_and_comes_back(tiny_models: tuple[FetchedModel, FetchedModel]) -> None:
    transformer, diffusion = tiny_models
    cache = make_cache(tiny_models)
    with cache.lease(transformer.spec) as (processed,):
        pass
    everything = CudaMemoryProbe().free_bytes()
    with cache.lease(diffusion.spec, working_bytes=everything - diffusion.spec.gpu_bytes):
        assert device_of(processed.model) == "cpu"
    with cache.lease(transformer.spec) as (again,):
        assert again is processed
        assert device_of(again.model) == "cuda"


def test_out_of_memory_in_the_work_is_reported_with_numbers(tiny_models: tuple[FetchedModel, FetchedModel]) -> None:
    cache = make_cache(tiny_models)
    too_much = 2 * CudaMemoryProbe().total_bytes()
    with pytest.raises(OutOfMemory, match="on cuda"), cache.lease(tiny_models[0].spec):
        torch.empty(too_much, dtype=torch.uint8, device="cuda")
    assert {resident.state for resident in cache.status().residents} == {"idle"}
