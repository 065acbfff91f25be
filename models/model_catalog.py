"""The models of each task, best first, and the choice among them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec

from models.errors import ModelUnavailable, NoModelFits, UnknownModel, as_size
from models.files.model_files import ModelFiles
from models.specs.aligner import ALIGNER_MODELS
from models.specs.captioners import CAPTION_MODELS
from models.specs.describer import DESCRIBER_MODELS
from models.specs.encoders import ENCODER_MODELS
from models.specs.image import IMAGE_MODELS
from models.specs.model_spec import AUTO, Device, ModelSpec, Task
from models.specs.music import MUSIC_MODELS
from models.specs.sound import SOUND_MODELS
from models.specs.speakers import SPEAKER_MODELS
from models.specs.speech import SPEECH_MODELS
from models.specs.words import WORD_MODELS

ALL_MODELS: tuple[ModelSpec, ...] = (
    *SPEECH_MODELS,
    *ENCODER_MODELS,
    *SOUND_MODELS,
    *MUSIC_MODELS,
    *CAPTION_MODELS,
    *DESCRIBER_MODELS,
    *IMAGE_MODELS,
    *ALIGNER_MODELS,
    *WORD_MODELS,
    *SPEAKER_MODELS,
)
SPLIT_GAIN = 0.0
"""Speed of a model that is split between GPU and main memory relative to the CPU alone, as `make gpu-test` prints it; 0 because
it was not measured. No model is split while it is below 1."""
MAX_HOST_PART = 0.25
"""Share of a model's weights that may be missing on the GPU: they are copied there for each token, which takes time."""
SPLIT_STEP_BYTES = 2**28
"""What lies in main memory is a multiple of this, and one more, because free memory changes between the choice and the load."""


WorkingBytes = int | Callable[[ModelSpec], int]
NO_CANDIDATE = "is offered here"
LACKS = ("is quick enough without a GPU", "has the packages that it needs", "fits the memory", "is within reach")
"""What a model can lack, in the order in which it is checked."""
SLOW, PACKAGES, MEMORY, FILES = LACKS


@dataclass(frozen=True)
class ModelChoice:
    """A model, and in words why it was chosen."""

    spec: ModelSpec
    reason: str


@dataclass(frozen=True)
class ModelReach:
    """A model, and why it cannot be used here and now."""

    spec: ModelSpec
    obstacle: str
    """A few words; '' where it can be used."""


class ModelCatalog:
    """The models of every task with what is known about their reach and cost on this machine."""

    def __init__(
        self,
        files: ModelFiles,
        device: Device,
        attainable_bytes: Callable[[], int],
        specs: tuple[ModelSpec, ...] = ALL_MODELS,
        attainable_host_bytes: Callable[[], int] = lambda: sys.maxsize,
        further: Callable[[], tuple[ModelSpec, ...]] = tuple,
    ) -> None:
        """Build the catalogue.

        Args:
            files: what is available.
            device: where models run.
            attainable_bytes: measures the device's free memory and what residents hold of it.
            specs: the models, best first.
            attainable_host_bytes: the same of main memory behind a GPU.
            further: finds the models that may come and go while the app runs; they stand behind `specs`.
        """
        self._files = files
        self._device = device
        self._attainable_bytes = attainable_bytes
        self._attainable_host_bytes = attainable_host_bytes
        self._specs = specs
        self._further = further

    @property
    def device(self) -> Device:
        """Where the models run."""
        return self._device

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """All models, best first for each task, also those that cannot run here."""
        return (*self._specs, *self._further())

    def attainable_bytes(self) -> int:
        """Return the bytes of the device's memory that models could have if all that are not in use left it."""
        return self._attainable_bytes()

    def models(self, task: Task) -> tuple[ModelSpec, ...]:
        """Return every model that can do `task` on this machine, best first."""
        return tuple(spec for spec in self._of_task(task) if is_installed(spec))

    def reach(self, task: Task) -> tuple[ModelReach, ...]:
        """Return every model of `task`, best first, with what stands in the way of choosing it; see `ModelFiles.availability`."""
        free = self._attainable_bytes()
        return tuple(ModelReach(spec, self._lasting(spec, self._barrier(spec, free))) for spec in self._of_task(task))

    def choose(
        self,
        task: Task,
        choice: str = AUTO,
        working_bytes: WorkingBytes = 0,
        suits: Callable[[ModelSpec], bool] = lambda spec: True,
    ) -> ModelChoice:
        """Return the model that `choice` names, or for 'auto' the best that fits the measured memory and is available.

        Args:
            task: what the model must do.
            choice: 'auto', or the key of a model.
            working_bytes: memory for the work beside the weights, of any model or of each.
            suits: what 'auto' takes no model without.

        Raises:
            UnknownModel: `choice` is no model of this task.
            ModelUnavailable: the model that was named is not available.
            NoModelFits: 'auto' found nothing.
        """
        if choice == AUTO:
            return self._best(tuple(spec for spec in self._of_task(task) if spec.auto and suits(spec)), working_bytes)
        specs = {spec.key: spec for spec in self.models(task)}
        if choice not in specs:
            raise UnknownModel(choice, (AUTO, *specs))
        spec = specs[choice]
        availability = self._files.availability(spec)
        if not availability.available:
            raise ModelUnavailable(spec.title, availability.words)
        spec = self._split(spec, self._attainable_bytes() - _work_of(spec, working_bytes)) or spec
        return ModelChoice(spec, _with_note("chosen by you", spec))

    def revision(self, spec: ModelSpec) -> str:
        """Return the commit or version of the model's files; they are fetched if they are not here."""
        return self._files.fetch(spec).revision

    def _of_task(self, task: Task) -> tuple[ModelSpec, ...]:
        specs = (spec for spec in self.specs if can_run(spec, self._device))
        return tuple(spec for spec in specs if task in (spec.task, *spec.further_tasks))

    def _best(self, specs: tuple[ModelSpec, ...], working_bytes: WorkingBytes) -> ModelChoice:
        free = self._attainable_bytes()
        passed_over: dict[str, list[str]] = {}
        lacks = set()
        for spec in specs:
            attainable = free - _work_of(spec, working_bytes)
            obstacle = self._obstacle(spec, attainable)
            if obstacle is None:
                return ModelChoice(spec, _with_note(_reason(attainable, passed_over), spec))
            lack, words = obstacle
            lacks.add(lack)
            passed_over.setdefault(words, []).append(spec.title)
        raise NoModelFits(_listing(passed_over), max(lacks, key=LACKS.index, default=NO_CANDIDATE))

    def _obstacle(self, spec: ModelSpec, attainable_bytes: int) -> tuple[str, str] | None:
        """Return what keeps `auto` from this model here, one of `LACKS`, and in words that name amounts; or None."""
        if spec.place(self._device) == "cpu" and not spec.quick_on_cpu:
            return SLOW, "too slow without a GPU"
        if is_installed(spec) and spec.memory_bytes(self._device) > attainable_bytes:
            return MEMORY, f"more than {as_size(attainable_bytes)}"
        return self._barrier(spec, attainable_bytes)

    def _barrier(self, spec: ModelSpec, attainable_bytes: int) -> tuple[str, str] | None:
        """Return what keeps a person who names this model from it; see `_obstacle`."""
        if not is_installed(spec):
            return PACKAGES, "bitsandbytes is not installed, see requirements-gpu.txt"
        if spec.memory_bytes(self._device) > attainable_bytes and self._split(spec, attainable_bytes) is None:
            return MEMORY, f"more than {as_size(attainable_bytes)}"
        host_bytes = 0 if self._device == "cpu" else spec.host_bytes(self._device)
        if host_bytes and host_bytes > (attainable := self._attainable_host_bytes()):
            return MEMORY, f"more than {as_size(attainable)} of main memory"
        availability = self._files.availability(spec)
        return None if availability.available else (FILES, availability.words)

    def _lasting(self, spec: ModelSpec, barrier: tuple[str, str] | None) -> str:
        """Return a barrier in words that do not change with the free memory; '' for none."""
        lack, words = barrier or ("", "")
        return f"needs {as_size(spec.memory_bytes(self._device))} of memory" if lack == MEMORY else words

    def _split(self, spec: ModelSpec, attainable_bytes: int) -> ModelSpec | None:
        """Return a model that is a little too large for the GPU with a part in main memory; None for any other.

        Each token waits for that part to be copied, so that 'auto' takes none.
        """
        if SPLIT_GAIN < 1:
            return None
        missing = spec.memory_bytes(self._device) - attainable_bytes
        is_whole = spec.loader == "transformers" and not spec.quantization and spec.place(self._device) == "cuda"
        if not is_whole or not 0 < missing <= MAX_HOST_PART * spec.gpu_bytes:
            return None
        part = (missing // SPLIT_STEP_BYTES + 2) * SPLIT_STEP_BYTES
        note = f"About {as_size(part)} of it lie in main memory, because the GPU is too small for all of it: it is slower."
        split = replace(spec, host_part_bytes=part, note=note)
        return split if split.host_bytes(self._device) <= self._attainable_host_bytes() else None


def _work_of(spec: ModelSpec, working_bytes: WorkingBytes) -> int:
    return working_bytes(spec) if callable(working_bytes) else working_bytes


def can_run(spec: ModelSpec, device: Device) -> bool:
    """Return whether there is a way to run this model on `device`: bitsandbytes quantises on NVIDIA's GPUs."""
    return not spec.quantization or device == "cuda"


def is_installed(spec: ModelSpec) -> bool:
    """Return whether the packages that this model needs are installed."""
    return not spec.quantization or find_spec("bitsandbytes") is not None


def _reason(attainable_bytes: int, passed_over: dict[str, list[str]]) -> str:
    best = f"the best that is available and fits {as_size(attainable_bytes)}"
    return f"{best}; passed over: {_listing(passed_over)}" if passed_over else best


def _with_note(reason: str, spec: ModelSpec) -> str:
    return f"{reason}. {spec.note}" if spec.note else reason


def _listing(passed_over: dict[str, list[str]]) -> str:
    return "; ".join(f"{', '.join(titles)} ({why})" for why, titles in passed_over.items())
