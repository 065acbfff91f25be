"""The preview decoder of the tiny diffusion model: `python -m training.tiny_diffusion.preview --latents work/latents-drawn.pt`.

A linear map from the latents around each place to its 8 by 8 pixels, fitted by least squares to what the autoencoder's own
decoder makes of latents of the training set with a little noise.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor
from torch.nn import functional

from training.tiny_diffusion.autoencoder import LATENT_CHANNELS
from training.tiny_diffusion.contact_sheet import SHIPPED
from training.tiny_diffusion.pipeline import load_pipeline

TARGET = SHIPPED.parent / "tiny_preview" / "preview.onnx"
SAMPLES = 1000
NOISE = 0.15
"""Deviation, against latents of about 1: those of a half-drawn picture are not clean."""
BATCH = 50
REACH = 1
"""Neighbours on each side that a place's pixels depend on."""
BLOCK = 8
"""Pixels of a latent's side."""
RIDGE = 1e-6
OPSET = 17


def fit(decoder: Any, latents: Tensor) -> tuple[Tensor, Tensor]:
    """Weight [3 · 64, 8, 3, 3] and bias [3 · 64] of the convolution whose pixels are nearest to `decoder`'s.

    Args:
        decoder: from latents [n, 8, h, w] to pictures [n, 3, 8 h, 8 w].
        latents: [n, 8, 12, 12].
    """
    side = 2 * REACH + 1
    pixels = torch.cat([decoder(batch) for batch in latents.split(BATCH)])
    targets = functional.pixel_unshuffle(pixels, BLOCK).flatten(2).transpose(1, 2).flatten(0, 1)  # [n · 144, 192]
    places = functional.unfold(latents, side, padding=REACH).transpose(1, 2).flatten(0, 1)  # [n · 144, 72]
    design = torch.cat([places, torch.ones(len(places), 1)], dim=1).double()
    square = design.T @ design + RIDGE * len(design) * torch.eye(design.shape[1], dtype=torch.double)
    solution = torch.linalg.solve(square, design.T @ targets.double()).float()  # [73, 192]
    return solution[:-1].T.reshape(-1, LATENT_CHANNELS, side, side), solution[-1]


def as_onnx(weight: Tensor, bias: Tensor) -> onnx.ModelProto:
    """Return the network from `latents` [n, 8, h, w] to `pixels` [n, 3, 8 h, 8 w], −1 to 1."""
    nodes = [
        helper.make_node("Conv", ["latents", "weight", "bias"], ["blocks"], pads=[REACH] * 4),
        helper.make_node("DepthToSpace", ["blocks"], ["image"], blocksize=BLOCK, mode="CRD"),
        helper.make_node("Clip", ["image", "least", "most"], ["pixels"]),
    ]
    constants = {"weight": weight, "bias": bias, "least": torch.tensor(-1.0), "most": torch.tensor(1.0)}
    graph = helper.make_graph(
        nodes,
        "preview",
        [helper.make_tensor_value_info("latents", TensorProto.FLOAT, ["n", LATENT_CHANNELS, "height", "width"])],
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, "rows", "columns"])],
        [numpy_helper.from_array(value.numpy(), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Fit to the shipped autoencoder, and write the file that is shipped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latents", type=Path, required=True, help="a training set that training.tiny_diffusion encoded")
    parser.add_argument("--target", type=Path, default=TARGET)
    chosen = parser.parse_args()
    rng = torch.Generator().manual_seed(0)
    means = torch.load(chosen.latents, weights_only=True)["means"]
    clean = means[torch.randperm(len(means), generator=rng)[:SAMPLES]]
    autoencoder = load_pipeline(SHIPPED).vae
    with torch.inference_mode():
        weight, bias = fit(
            lambda latents: autoencoder.decode(latents).sample, clean + NOISE * torch.randn(clean.shape, generator=rng)
        )
    chosen.target.parent.mkdir(exist_ok=True)
    chosen.target.write_bytes(as_onnx(weight, bias).SerializeToString(deterministic=True))
    content = chosen.target.read_bytes()
    print(f"{chosen.target}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
