"""Loaded models of several kinds, each with its own way between the GPU and main memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol


class Resident(Protocol):
    """A loaded model as the cache sees it. Evicting one that cannot park means dropping it."""

    @property
    def model(self) -> Any:
        """The object that a lease lends."""
        ...

    @property
    def can_park(self) -> bool:
        """Whether it can wait in main memory and come back without being built again."""
        ...

    def weight_bytes(self) -> int:
        """Return the exact size of the weights in bytes where the library reports it, else 0."""
        ...

    def park(self) -> None:
        """Move from the device to main memory."""
        ...

    def restore(self) -> None:
        """Move from main memory to the device."""
        ...


class TorchResident:
    """A torch module, a transformers model with its processor, or a diffusers pipeline."""

    can_park = True

    def __init__(self, model: Any, modules: tuple[Any, ...], device: str) -> None:
        self.model = model
        self._modules = modules
        self._device = device

    def weight_bytes(self) -> int:
        """Return the bytes of all parameters and buffers."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self._tensors())

    def park(self) -> None:
        """Move every module to main memory."""
        for module in self._modules:
            module.to("cpu")

    def restore(self) -> None:
        """Move every module to the device."""
        for module in self._modules:
            module.to(self._device)

    def move(self, device: str) -> None:
        """Move every module to another device, for good."""
        self._device = device
        self.restore()

    def _tensors(self) -> Iterator[Any]:
        for module in self._modules:
            yield from (*module.parameters(), *module.buffers())


class FixedResident(TorchResident):
    """A torch model that stays where it was loaded: quantised by bitsandbytes, or split between the device and main memory."""

    can_park = False

    def weight_bytes(self) -> int:
        """Return the bytes of the parameters and buffers on the device; accelerate keeps the others as empty ones."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self._tensors() if tensor.device.type == self._device)


class CTranslate2Resident:
    """A CTranslate2 model behind its library's wrapper, e.g. `faster_whisper.WhisperModel`."""

    can_park = True

    def __init__(self, model: Any, engine: Any) -> None:
        self.model = model
        self._engine = engine

    def weight_bytes(self) -> int:
        """Return 0: CTranslate2 does not report it."""
        return 0

    def park(self) -> None:
        """Keep the weights in main memory."""
        self._engine.unload_model(to_cpu=True)

    def restore(self) -> None:
        """Bring the weights back to the GPU."""
        self._engine.load_model()


class OnnxResident:
    """An onnxruntime session, which cannot change its device."""

    can_park = False

    def __init__(self, session: Any, file_bytes: int) -> None:
        self.model = session
        self._file_bytes = file_bytes

    def weight_bytes(self) -> int:
        """Return the size of the network's file, which is nearly all weights: onnxruntime does not report them."""
        return self._file_bytes

    def park(self) -> None:
        """Do nothing: it is never called, since `can_park` is False."""
        raise TypeError("an onnxruntime session cannot move")

    def restore(self) -> None:
        """Do nothing: it is never called, since `can_park` is False."""
        raise TypeError("an onnxruntime session cannot move")
