"""Networks to ONNX files that onnxruntime runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn


def export_onnx(network: nn.Module, example: Tensor, name: str, outputs: tuple[str, ...], target: Path) -> str:
    """Write `network` with its one input [1, frames, …] and outputs [1, frames, …]; returns what the catalogue has to know."""
    target.parent.mkdir(parents=True, exist_ok=True)
    network.eval()
    torch.onnx.export(
        network, (example,), str(target), input_names=[name], output_names=list(outputs),
        dynamic_axes={axis: {1: "frames"} for axis in (name, *outputs)}, dynamo=False, opset_version=17,
    )  # fmt: skip
    return f"{target}: {target.stat().st_size} bytes, SHA-256 {hashlib.sha256(target.read_bytes()).hexdigest()}"
