"""Which library runs Whisper on the device of this machine; tried once, before a model is offered.

CTranslate2 opens cuBLAS of CUDA 12 when it multiplies for the first time, and torch brings that of CUDA 13. The package
nvidia-cublas-cu12 has it; opened by its path, it is found by name from then on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from models.specs.model_spec import Device, Loader, ModelSpec

CUBLAS_PACKAGE = "nvidia-cublas-cu12"
CUBLAS_LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12")
"""In the order in which they need each other."""
PROBE = Path(__file__).parent.parent / "weights" / "whisper_probe"
"""A Whisper with random weights, made by `python -m training.speech.make_whisper_probe`."""
APPLE = "CTranslate2 does not run on Apple's GPU"
ON_ZERO_GPU = (
    "Whisper runs through torch in calls on ZeroGPU, because CTranslate2 needs a GPU when it loads; "
    "in dictation it runs in CTranslate2 on the CPU."
)


@dataclass(frozen=True)
class WhisperEngine:
    """How the speech models run on this machine."""

    loader: Loader = "faster_whisper"
    on_cpu: bool = False
    """Whether they run on the CPU although there is a GPU."""
    note: str = ""
    """Sentence about it for people; '' where CTranslate2 runs on the device."""

    def sentence(self, device: Device) -> str:
        """Return which library runs Whisper where models run on `device`, and why."""
        where = "on the CPU: there is no GPU" if device == "cpu" else "on the GPU, where a trial succeeded"
        return self.note or f"Whisper runs in CTranslate2 {where}."

    def place(self, spec: ModelSpec) -> ModelSpec:
        """Return `spec` as it runs on this machine; a model that is no Whisper of CTranslate2 stays what it is."""
        if spec.loader != "faster_whisper":
            return spec
        return replace(spec, loader=self.loader, on_cpu=self.on_cpu, note=self.note)


def choose_whisper_engine(
    device: Device,
    ctranslate2_problem: Callable[[], str | None] | None = None,
    torch_problem: Callable[[Device], str | None] | None = None,
) -> WhisperEngine:
    """Return CTranslate2 on `device` if it runs there, else torch on `device`, else CTranslate2 on the CPU.

    Args:
        device: where models run.
        ctranslate2_problem: why CTranslate2 does not run on an NVIDIA GPU, or None; default: it is tried.
        torch_problem: the same of torch on a device.
    """
    if device == "cpu":
        return WhisperEngine()
    without = APPLE if device == "mps" else (ctranslate2_problem or try_ctranslate2)()
    if without is None:
        return WhisperEngine()
    failure = (torch_problem or try_torch)(device)
    if failure is None:
        return WhisperEngine("whisper_torch", note=f"Whisper runs through torch here: {without}.")
    return WhisperEngine(on_cpu=True, note=f"Whisper runs on the CPU here: {without}, and torch cannot use the GPU ({failure}).")


def preload_cublas() -> None:
    """Open cuBLAS of CUDA 12 from its package, if it is installed."""
    try:
        files = distribution(CUBLAS_PACKAGE).files or []
    except PackageNotFoundError:
        return
    paths = {file.name: file.locate() for file in files}
    for name in CUBLAS_LIBRARIES:
        if name in paths:
            ctypes.CDLL(str(paths[name]))  # for whoever opens it by name; torch's symbols stay those of CUDA 13


def try_ctranslate2(device: Device = "cuda", compute_type: str = "float16") -> str | None:
    """Decode silence with a tiny Whisper; return None, or why it failed."""
    import ctranslate2

    try:
        preload_cublas()
        whisper = ctranslate2.models.Whisper(str(PROBE), device=device, compute_type=compute_type)
        states = whisper.encode(ctranslate2.StorageView.from_array(np.zeros((1, whisper.n_mels, 100), np.float32)))
        whisper.generate(states, [["<|startoftranscript|>"]], beam_size=2, max_length=8)
    except (RuntimeError, ValueError, OSError) as error:
        return f"CTranslate2 cannot use the GPU ({_one_line(error)})"
    return None


def try_torch(device: Device) -> str | None:
    """Convolve and multiply in half precision; return None, or why it failed."""
    import torch

    try:
        ones = torch.ones(1, 16, 16, dtype=torch.float16, device=device)
        float(torch.nn.functional.conv1d(ones, ones).matmul(ones[0, 0, :1, None]).sum())
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        return _one_line(error)
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
