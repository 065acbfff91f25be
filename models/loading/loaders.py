"""The only place that builds models: `from_pretrained`, CTranslate2 and onnxruntime are called here and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from typing import Any

from models.cache.residents import (
    CTranslate2Resident,
    FixedResident,
    OnnxResident,
    Resident,
    TorchResident,
)
from models.errors import ModelLoadFailed
from models.files.checkpoint_parts import load_part
from models.loading.whisper_ctranslate2 import build_whisper
from models.specs.model_spec import (
    Device,
    FetchedModel,
    HubSource,
    ModelSpec,
)

ONE_THREAD_BYTES = 100_000
"""An ONNX model whose file is smaller runs in one thread."""


@dataclass(frozen=True)
class ProcessedModel:
    """A transformers model with its processor."""

    model: Any
    processor: Any


@dataclass(frozen=True)
class ModelLoaders:
    """Builds any model of the catalogue from files on disk; never from the network, never with remote code."""

    cpu_threads: int = 0
    """Threads of CTranslate2 and onnxruntime; 0 lets the library choose."""

    def build(self, model: FetchedModel, device: Device) -> Resident:
        """Return the model on `device`, in the dtype of its catalogue entry."""
        match model.spec.loader:
            case "faster_whisper":
                return self._faster_whisper(model, device)
            case "transformers":
                return self._transformers(model, device)
            case "diffusers":
                return self._diffusers(model, device)
            case "aligner":
                return self._aligner(model, device)
            case "onnx":
                return self._onnx(model)
            case "audio_language_model":
                return self._audio_language_model(model, device)
            case "whisper_ctranslate2":
                return self._whisper_ctranslate2(model, device)
            case "whisper_torch":
                return self._whisper_torch(model, device)

    def _faster_whisper(self, model: FetchedModel, device: Device) -> Resident:
        from faster_whisper import WhisperModel

        spec = model.spec
        threads = self.cpu_threads if spec.workers == 1 else max(1, (self.cpu_threads or usable_cores()) // spec.workers)
        whisper = WhisperModel(
            str(model.directory),
            device=device,
            compute_type=spec.dtype(device),
            cpu_threads=threads,
            num_workers=spec.workers,
        )
        return CTranslate2Resident(whisper, whisper.model)

    def _transformers(self, model: FetchedModel, device: Device) -> Resident:
        transformers = import_module("transformers")  # looks again after waiting for another thread's import, which replaces it
        spec = model.spec
        kind, dtype = _class(transformers, spec), _torch_dtype(spec, device)
        if isinstance(spec.source, HubSource) and spec.source.weight_prefix:
            whole = transformers.AutoConfig.from_pretrained(model.directory, local_files_only=True)
            loaded = load_part(kind, whole, model.directory, spec.source.weight_prefix, dtype, device)
        else:
            loaded = kind.from_pretrained(
                model.directory, dtype=dtype, local_files_only=True, use_safetensors=True, **placement(spec, device)
            )
        module, _, name = spec.processor.rpartition(".")
        processor = getattr(import_module(module), name).from_pretrained(model.directory, local_files_only=True)
        loaded.eval()
        if spec.quantization or spec.host_part_bytes:
            return FixedResident(ProcessedModel(loaded, processor), (loaded,), device)
        return TorchResident(ProcessedModel(loaded, processor), (loaded,), device)

    def _diffusers(self, model: FetchedModel, device: Device) -> Resident:
        import torch

        diffusers = import_module("diffusers")  # as above
        kind, dtype = _class(diffusers, model.spec), _torch_dtype(model.spec, device)
        files: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "variant": model.spec.variant or None}
        if not issubclass(kind, diffusers.DiffusionPipeline):
            single = kind.from_pretrained(model.directory, dtype=dtype, device_map={"": device}, **files)
            return TorchResident(single, (single,), device)
        # The safety checker and its image processor need torchvision.
        unsafe = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        known = signature(kind).parameters
        pipeline = kind.from_pretrained(
            model.directory,
            device_map=device,
            dtype={"default": dtype, "vae": torch.float32},  # in float16 some pictures overflow here, and come out black
            **{name: value for name, value in unsafe.items() if name in known},
            **files,
        )
        pipeline.set_progress_bar_config(disable=True)
        modules = tuple(part for part in pipeline.components.values() if isinstance(part, torch.nn.Module))
        return TorchResident(pipeline, modules, device)

    def _whisper_ctranslate2(self, model: FetchedModel, device: Device) -> Resident:
        loaded = self._whisper_from_ctranslate2(model, device)
        return TorchResident(loaded, (loaded.model,), device)

    def _whisper_torch(self, model: FetchedModel, device: Device) -> Resident:
        from models.loading.whisper_torch import TorchWhisper, TorchWhisperModel

        loaded = self._whisper_from_ctranslate2(model, device).model
        return TorchResident(TorchWhisperModel(TorchWhisper(loaded), model.directory), (loaded,), device)

    def _whisper_from_ctranslate2(self, model: FetchedModel, device: Device) -> ProcessedModel:
        from transformers import WhisperTokenizer

        tokenizer = WhisperTokenizer.from_pretrained(model.directory, local_files_only=True)
        whisper, processor = build_whisper(
            model.directory, tokenizer, _torch_dtype(model.spec, device), device, model.spec.english_only
        )
        return ProcessedModel(whisper.eval().to(device), processor)

    def _aligner(self, model: FetchedModel, device: Device) -> Resident:
        from models.loading.audio_aligner import load_aligner

        loaded = load_aligner(model.directory).to(device, _torch_dtype(model.spec, device))
        return TorchResident(loaded, (loaded,), device)

    def _audio_language_model(self, model: FetchedModel, device: Device) -> Resident:
        from transformers import PreTrainedTokenizerFast

        from models.loading.audio_language_model import AudioLanguageModel

        files: dict[str, Any] = {"local_files_only": True}
        loaded = AudioLanguageModel.from_pretrained(
            model.directory,
            dtype=_torch_dtype(model.spec, device),
            use_safetensors=True,
            **placement(model.spec, device),
            **files,
        ).eval()
        tokenizer = PreTrainedTokenizerFast.from_pretrained(model.directory, **files)
        return TorchResident(ProcessedModel(loaded, tokenizer), (loaded,), device)

    def _onnx(self, model: FetchedModel) -> Resident:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Further threads only cost time in so small a model; those of others must not stay awake beside what runs next.
        options.intra_op_num_threads = 1 if model.spec.download_bytes < ONE_THREAD_BYTES else self.cpu_threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        (file,) = model.directory.glob("*.onnx")
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        return OnnxResident(session, file.stat().st_size)


def placement(spec: ModelSpec, device: Device) -> dict[str, Any]:
    """Return the options of `from_pretrained` that put each weight where it belongs, without main memory in between.

    What is too large for the GPU goes to main memory, whole layers of it, and is copied to the GPU when it is its turn.
    """
    if spec.host_part_bytes:
        return {"device_map": "sequential", "max_memory": {0: spec.memory_bytes(device), "cpu": spec.gpu_bytes}}
    options: dict[str, Any] = {"device_map": {"": device}}
    return options | ({"quantization_config": quantization_config(spec, device)} if spec.quantization else {})


def quantization_config(spec: ModelSpec, device: Device) -> Any:
    """Return the settings of bitsandbytes: LLM.int8() (Dettmers et al. 2022), or QLoRA's NF4 with double quantisation (2023)."""
    import transformers

    if spec.quantization == "int8":
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=spec.quantization,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=_torch_dtype(spec, device),
    )


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _class(library: Any, spec: ModelSpec) -> Any:
    if not hasattr(library, spec.architecture):
        raise ModelLoadFailed(spec.title, f"{library.__name__} {library.__version__} has no {spec.architecture!r}")
    return getattr(library, spec.architecture)


def _torch_dtype(spec: ModelSpec, device: Device) -> Any:
    import torch

    return getattr(torch, spec.dtype(device))
