"""The only place that builds models: `from_pretrained`, CTranslate2 and onnxruntime are called here and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from models.errors import ModelLoadFailed
from models.model_spec import Device, FetchedModel, ModelSpec
from models.residents import CTranslate2Resident, OnnxResident, QuantizedResident, Resident, TorchResident


@dataclass(frozen=True)
class ProcessedModel:
    """A transformers model with what prepares its inputs."""

    model: Any
    processor: Any


@dataclass(frozen=True)
class ModelLoaders:
    """Builds any model of the catalogue from files on disk; never from the network, never with remote code."""

    cpu_threads: int = 0
    """Threads of CTranslate2 and onnxruntime; 0 lets the library choose."""

    def build(self, model: FetchedModel, device: Device) -> Resident:
        """The model on `device`, in the dtype of its catalogue entry."""
        match model.spec.loader:
            case "faster_whisper":
                return self._faster_whisper(model, device)
            case "transformers":
                return self._transformers(model, device)
            case "diffusers":
                return self._diffusers(model, device)
            case "onnx":
                return self._onnx(model, device)

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
        import transformers

        spec = model.spec
        placement = (
            {"quantization_config": quantization_config(spec, device), "device_map": {"": device}} if spec.quantization else {}
        )
        loaded = _class(transformers, spec).from_pretrained(
            model.directory, dtype=_torch_dtype(spec, device), local_files_only=True, use_safetensors=True, **placement
        )
        module, _, name = spec.processor.rpartition(".")
        processor = getattr(import_module(module), name).from_pretrained(model.directory, local_files_only=True)
        loaded.eval()
        if spec.quantization:
            return QuantizedResident(ProcessedModel(loaded, processor), (loaded,), device)
        loaded.to(device)
        return TorchResident(ProcessedModel(loaded, processor), (loaded,), device)

    def _diffusers(self, model: FetchedModel, device: Device) -> Resident:
        import diffusers
        import torch

        pipeline = _class(diffusers, model.spec).from_pretrained(
            model.directory, torch_dtype=_torch_dtype(model.spec, device), local_files_only=True, use_safetensors=True
        )
        pipeline.to(device)
        modules = tuple(part for part in pipeline.components.values() if isinstance(part, torch.nn.Module))
        return TorchResident(pipeline, modules, device)

    def _onnx(self, model: FetchedModel, device: Device) -> Resident:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.cpu_threads
        (file,) = model.directory.glob("*.onnx")
        provider = "CUDAExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
        return OnnxResident(onnxruntime.InferenceSession(file, options, providers=[provider]))


def quantization_config(spec: ModelSpec, device: Device) -> Any:
    """How bitsandbytes is to quantise: LLM.int8() (Dettmers et al. 2022), or QLoRA's NF4 with double quantisation (2023)."""
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
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _class(library: Any, spec: ModelSpec) -> Any:
    if not hasattr(library, spec.architecture):
        raise ModelLoadFailed(spec.title, f"{library.__name__} {library.__version__} has no {spec.architecture!r}")
    return getattr(library, spec.architecture)


def _torch_dtype(spec: ModelSpec, device: Device) -> Any:
    import torch

    return getattr(torch, spec.dtype(device))
