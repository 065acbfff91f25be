"""Export of a trained network for onnxruntime."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

OPSET = 17


def export_onnx(
    model: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], axes: Mapping[int, str], target: Path
) -> str:
    """Write a network as ONNX; return the file's size and digest, which the catalogue states.

    Args:
        model: takes the inputs in their order.
        inputs: an example of each, by name.
        outputs: their names.
        axes: names of the axes of variable length, by number, the same for all inputs and outputs.
        target: the file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model.eval(), tuple(inputs.values()), str(target),
        input_names=list(inputs), output_names=list(outputs),
        dynamic_axes={name: dict(axes) for name in (*inputs, *outputs)},
        dynamo=False, opset_version=OPSET,
    )  # fmt: skip
    return described(target)


def described(file: Path) -> str:
    """Return a file's size and digest, as the catalogue states them."""
    content = file.read_bytes()
    return f"{file}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"
