"""The models that lie on ZeroGPU's GPU: chosen and placed when the app starts, at hand in every worker.

Under `spaces`, a tensor that is moved to 'cuda' in the main thread of the main process is kept on the disk; each worker copies it
to its GPU when it starts (spaces 0.51, `zero/torch/patching.py`). The main process itself never has a GPU.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from models.cache.placement import ModelBuilder
from models.cache.residents import Resident, TorchResident
from models.cache.status import PLACED, ResidentStatus
from models.errors import AudioscopeError, ModelUnavailable
from models.specs.image import ImageModelSpec
from models.specs.model_spec import Device, FetchedModel, ModelIdentity, ModelSpec, Task

log = logging.getLogger(__name__)

PLACED_TASKS: tuple[Task, ...] = (
    "transcribe",
    "describe_music",
    "answer_questions",
    "draw_pictures",
    "draw_quickly",
    "align_audio",
)
"""Tasks whose best models are too slow without a GPU, the most asked for first."""


def choose_models(specs: Iterable[ModelSpec], is_available: Callable[[ModelSpec], bool], max_bytes: int) -> tuple[ModelSpec, ...]:
    """Choose for each task the best model that needs a GPU, is available, and fits beside those before it.

    Args:
        specs: the catalogue, best first for each task.
        is_available: whether the files can be had.
        max_bytes: size of all chosen weights together.

    Returns:
        The models as they lie on the GPU, with the decoders of previews that they use.
    """
    chosen: dict[str, ModelSpec] = {}
    candidates = [spec for spec in specs if _needs_gpu(spec)]
    for task in PLACED_TASKS:
        if any(task in (spec.task, *spec.further_tasks) for spec in chosen.values()):
            continue
        for spec in candidates:
            wanted = {each.key: on_gpu(each) for each in (spec, *_companions(spec))}
            size = sum(each.gpu_bytes for each in (chosen | wanted).values())
            if task in (spec.task, *spec.further_tasks) and size <= max_bytes and all(map(is_available, wanted.values())):
                chosen |= wanted
                break
    return tuple(chosen.values())


def on_gpu(spec: ModelSpec) -> ModelSpec:
    """Return the form in which a model lies on the GPU: a Whisper runs in torch, since CTranslate2 needs a GPU when it loads."""
    tasks = tuple(task for task in spec.further_tasks if task in PLACED_TASKS)
    loader = "whisper_torch" if spec.loader == "faster_whisper" else spec.loader
    return replace(spec, on_zero_gpu=True, further_tasks=tasks, loader=loader)


def offered_models(specs: Iterable[ModelSpec], placed: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    """Return the catalogue: the placed models, and those that are quick on the CPU."""
    on_gpu_by_key = {spec.key: spec for spec in placed}
    offered = (on_gpu_by_key.get(spec.key, spec) for spec in specs)
    return tuple(spec for spec in offered if spec.on_zero_gpu or spec.quick_on_cpu)


@dataclass(frozen=True)
class PlacedModels:
    """Loaded models of the GPU, with their files."""

    fetched: Mapping[ModelSpec, FetchedModel]
    residents: Mapping[ModelIdentity, Resident]

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """The models that could be loaded."""
        return tuple(self.fetched)

    @property
    def size_bytes(self) -> int:
        """Size of their weights."""
        return sum(resident.weight_bytes() for resident in self.residents.values())

    def status(self) -> tuple[ResidentStatus, ...]:
        """Return their lines of the status panel; they stay as they are as long as the app runs."""
        return tuple(
            ResidentStatus(
                title=spec.title,
                revision=model.revision,
                dtype=spec.dtype("cuda"),
                place="ZeroGPU",
                size_bytes=self.residents[model.identity("cuda")].weight_bytes(),
                state=PLACED,
            )
            for spec, model in self.fetched.items()
        )


def place_models(specs: Iterable[ModelSpec], fetch: Callable[[ModelSpec], FetchedModel], builder: ModelBuilder) -> PlacedModels:
    """Load the models one after the other, in the main thread; one that cannot be loaded is left out, and the log says why."""
    fetched: dict[ModelSpec, FetchedModel] = {}
    residents: dict[ModelIdentity, Resident] = {}
    for spec in specs:
        try:
            model = fetch(spec)
            # Built on the CPU: libraries load in threads, in which `spaces` does not stand for a GPU.
            resident = builder.build(model, "cpu")
            if not isinstance(resident, TorchResident):
                raise TypeError(f"{spec.loader} loads no torch modules")
            resident.move("cuda")
            residents[model.identity("cuda")] = resident
        except Exception as error:
            log.warning("%s is not placed on the GPU: %s", spec.title, error, exc_info=not isinstance(error, AudioscopeError))
        else:
            fetched[spec] = model
    return PlacedModels(fetched, residents)


@dataclass(frozen=True)
class WorkerBuilder:
    """Lends the placed models in a worker; what runs on the CPU is built there, because threads do not survive a fork."""

    placed: PlacedModels
    builder: ModelBuilder

    def build(self, model: FetchedModel, device: Device) -> Resident:
        """Return the placed model, or another one built on `device`."""
        resident = self.placed.residents.get(model.identity("cuda")) if model.spec.on_zero_gpu else None
        return self.builder.build(model, device) if resident is None else resident


@dataclass(frozen=True)
class MainProcessBuilder:
    """Builds models for the CPU of the main process."""

    builder: ModelBuilder

    def build(self, model: FetchedModel, device: Device) -> Resident:
        """Return the model.

        Raises:
            ModelUnavailable: it lies on the GPU, which this process never has.
        """
        if model.spec.on_zero_gpu:
            raise ModelUnavailable(model.spec.title, "it runs in calls on ZeroGPU only")
        return self.builder.build(model, device)


def _needs_gpu(spec: ModelSpec) -> bool:
    return not spec.quick_on_cpu and not spec.quantization and spec.loader != "onnx"


def _companions(spec: ModelSpec) -> tuple[ModelSpec, ...]:
    """Return the models that would cost GPU time to load in every call of `spec`."""
    decoder = spec.drawing.preview_decoder if isinstance(spec, ImageModelSpec) else None
    return () if decoder is None or decoder.loader == "onnx" else (decoder,)
