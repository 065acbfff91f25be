"""Make models/weights/resemblyzer/resemblyzer.onnx from the checkpoint in the package `Resemblyzer`.

    pip install --no-deps Resemblyzer==0.1.4 && python -m training.speech.convert_resemblyzer

The encoder of Wan, Wang, Papir and Lopez Moreno, "Generalized end-to-end loss for speaker verification" (2018, arXiv 1710.10467):
three LSTMs, of which the last hidden state of the last one goes through a dense layer and ReLU to unit length. The checkpoint
also holds the state of its optimiser, which is left out. Weights are stored in float16, as in `convert_yamnet`.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from models.arrays import FloatArray
from training.convert_yamnet import half_precision

PACKAGE = "Resemblyzer"
TARGET = Path(__file__).parent.parent.parent / "models" / "weights" / "resemblyzer" / "resemblyzer.onnx"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
OPSET = 13
BANDS, HIDDEN, LAYERS = 40, 256, 3
GATE_ORDER = (0, 3, 1, 2)
"""Places of the gates in torch (input, forget, cell, output), in the order of ONNX (input, output, forget, cell)."""


def checkpoint() -> dict[str, FloatArray]:
    """Return the variables of the encoder by name.

    Raises:
        ValueError: another version of the file.
    """
    path = Path(str(metadata.distribution(PACKAGE).locate_file("resemblyzer/pretrained.pt")))
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{path} is not the checkpoint of {PACKAGE} 0.1.4")
    state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    return {name: values.numpy() for name, values in state.items()}


def _onnx_gates(values: FloatArray) -> FloatArray:
    """Return [4 · 256, …] with the gates in ONNX's order."""
    gates: FloatArray = values.reshape(len(GATE_ORDER), HIDDEN, -1)[list(GATE_ORDER)].reshape(values.shape)
    return gates


def encoder_model(variables: dict[str, FloatArray]) -> onnx.ModelProto:
    """Return the model: mels [windows, frames, 40] to embeds [windows, 256] of unit length."""
    nodes = [helper.make_node("Transpose", ["mels"], ["frames_first"], perm=[1, 0, 2])]
    weights: dict[str, FloatArray] = {}
    current = "frames_first"
    for layer in range(LAYERS):
        for kind in ("ih", "hh"):
            weights[f"{kind}{layer}"] = _onnx_gates(variables[f"lstm.weight_{kind}_l{layer}"])[np.newaxis]
        biases = [_onnx_gates(variables[f"lstm.bias_{kind}_l{layer}"]) for kind in ("ih", "hh")]
        weights[f"bias{layer}"] = np.concatenate(biases)[np.newaxis]
        inputs = [current, f"ih{layer}", f"hh{layer}", f"bias{layer}"]
        nodes.append(helper.make_node("LSTM", inputs, [f"y{layer}", f"h{layer}"], hidden_size=HIDDEN))
        current = f"rows{layer}"
        nodes.append(helper.make_node("Squeeze", [f"y{layer}", "directions"], [current]))  # [frames, 1, windows, 256]
    weights |= {"dense": variables["linear.weight"], "dense_bias": variables["linear.bias"]}
    nodes += [
        helper.make_node("Squeeze", [f"h{LAYERS - 1}", "first"], ["last"]),
        helper.make_node("Gemm", ["last", "dense", "dense_bias"], ["raw"], transB=1),
        helper.make_node("Relu", ["raw"], ["positive"]),
        helper.make_node("LpNormalization", ["positive"], ["embeds"], axis=1, p=2),
    ]
    casts, stored = half_precision([numpy_helper.from_array(np.ascontiguousarray(v), name) for name, v in weights.items()])
    axes = [numpy_helper.from_array(np.array([axis]), name) for name, axis in (("directions", 1), ("first", 0))]
    value = helper.make_tensor_value_info
    inputs_info = [value("mels", TensorProto.FLOAT, ["windows", "frames", BANDS])]
    outputs = [value("embeds", TensorProto.FLOAT, ["windows", HIDDEN])]
    body = helper.make_graph([*casts, *nodes], "resemblyzer", inputs_info, outputs, [*stored, *axes])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Write the model."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(encoder_model(checkpoint()).SerializeToString())
    print(f"{TARGET}: {TARGET.stat().st_size} bytes, SHA-256 {hashlib.sha256(TARGET.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
