"""Everything that a pipeline with a language model needs, around tiny models of the real classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from models.cache.feature_store import FeatureStore
from models.cache.model_cache import CacheLimits, ModelCache
from models.files.model_files import Availability
from models.loading.loaders import ModelLoaders
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import FetchedModel, ModelSpec
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.language_models.prompting import SAMPLE_RATE
from tests.models.fakes import FakeMachine, FakeProbe


class Hub:
    """A hub whose models are all downloaded."""

    def __init__(self, *models: FetchedModel) -> None:
        self.models = {model.spec: model for model in models}

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        return self.models[spec]

    def availability(self, spec: ModelSpec) -> Availability:
        return Availability(True, "downloaded")


class Bench:
    """A catalogue and a cache on a machine with memory enough."""

    def __init__(self, *models: FetchedModel) -> None:
        files: Any = Hub(*models)
        probe = FakeProbe(FakeMachine(), "cpu", "device", 2**40)
        self.spec = models[0].spec
        self.specs = tuple(model.spec for model in models)
        self.cache = ModelCache(files, ModelLoaders(1), probe, limits=CacheLimits(headroom_bytes=0))
        self.catalog = ModelCatalog(files, "cpu", lambda: 2**40, self.specs)
        self.runtime = ModelRuntime(self.catalog, self.cache, FeatureStore(2**26))

    @contextmanager
    def generate_replaced(self, replacement: Callable[..., Any]) -> Iterator[None]:
        """`replacement(generate, **inputs)` runs in the place of the first model's `generate`."""
        with self.cache.lease(self.spec) as (language_model,):
            model = language_model.model
        generate = model.generate
        model.generate = lambda **inputs: replacement(generate, **inputs)
        try:
            yield
        finally:
            del model.generate

    def is_free(self) -> bool:
        """Whether every lease was given back, without waiting for it."""
        return all(resident.state == "idle" for resident in self.cache.status().residents)

    def bare_text(self, prepare: Callable[[Any], Any], spec: ModelSpec | None = None, **options: Any) -> str:
        """What `generate` itself makes of the inputs, with the first model if no other is named, without control tokens."""
        with self.cache.lease(spec or self.spec) as (language_model,), torch.inference_mode():
            inputs = prepare(language_model)
            tokens = language_model.model.generate(**inputs, do_sample=False, **options)[0, inputs["input_ids"].shape[1] :]
            text = str(language_model.processor.decode(tokens, skip_special_tokens=True))
            return text.replace("<tool_call>", "").rstrip("\ufffd")


def noise(folder: Path, seconds: float) -> AudioClip:
    """A clip of noise that grows."""
    samples = np.random.default_rng(1).normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)
    soundfile.write(folder / "noise.wav", samples * np.linspace(0.01, 1, len(samples)), SAMPLE_RATE, subtype="FLOAT")
    return ClipStore(folder / "clips").open(folder / "noise.wav")


def out_of_memory_first(times: int) -> Callable[..., Any]:
    """A `generate` that runs out of the GPU's memory so many times before it works."""
    left = [times]

    def generate(real: Callable[..., Any], **inputs: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return real(**inputs)

    return generate
