"""Make models/weights/beatnet/beatnet.onnx from the checkpoints in the package `BeatNet`.

    pip install --no-deps BeatNet==1.1.3 && python -m training.convert_beatnet

BeatNet (Heydari, Cwitkowitz and Duan 2021, arXiv 2108.03576; weights CC BY 4.0) is a convolution over the bands of one frame, a
dense layer, two LSTMs over the frames and a dense layer with softmax. The package has three sets of weights, trained on different
collections of recordings; the graph returns their mean. The state of the LSTMs is an input and an output, so that a clip can be
processed in blocks. Weights are stored in float16, as in `convert_yamnet`.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from models.arrays import AnyArray, FloatArray
from training.convert_yamnet import half_precision

PACKAGE = "BeatNet"
TARGET = Path(__file__).parent.parent / "models" / "weights" / "beatnet" / "beatnet.onnx"
OPSET = 13
SHA256 = {
    1: "619091bc317ca3e83b45591d46f6de3d5a41588bcb39fe9fe7be30cffa6aca84",
    2: "5878a18c079fa0b0139879b14ed2b5b7595faef8c3d16210aed141fd00fa2d58",
    3: "0c52a074ea38e8cb4a760ecfa3747c9cf91a1e3cd19f238eed80b0de763989ca",
}
"""SHA-256 of each checkpoint, by number."""
FEATURES = 272
CHANNELS, KERNEL, POOL = 2, 10, 2
POOLED = CHANNELS * ((FEATURES - KERNEL + 1) // POOL)
HIDDEN, LAYERS, GATES = 150, 2, 4
CLASSES = 3
"""Beat that is no downbeat, downbeat, neither."""
GATE_ORDER = (0, 3, 1, 2)
"""Places of the gates in torch (input, forget, cell, output), in the order of ONNX (input, output, forget, cell)."""


def checkpoint(number: int) -> dict[str, FloatArray]:
    """Return the variables of a checkpoint by name.

    Raises:
        ValueError: another version of the file.
    """
    path = Path(str(metadata.distribution(PACKAGE).locate_file(f"BeatNet/models/model_{number}_weights.pt")))
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256[number]:
        raise ValueError(f"{path} is not the checkpoint of {PACKAGE} 1.1.3")
    return {name: values.numpy() for name, values in torch.load(path, weights_only=True).items()}


class _Graph:
    """Nodes and weights of the model."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]

    def weight(self, name: str, values: FloatArray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), name))
        return name

    def constant(self, name: str, values: AnyArray) -> str:
        self.constants.append(numpy_helper.from_array(values.astype(np.int64), name))
        return name


def _onnx_gates(values: FloatArray) -> FloatArray:
    """Return [4 · 150, …] with the gates in ONNX's order."""
    gates: FloatArray = values.reshape(GATES, HIDDEN, -1)[list(GATE_ORDER)].reshape(values.shape)
    return gates


def _add_network(graph: _Graph, number: int, variables: dict[str, FloatArray]) -> tuple[str, list[str]]:
    """Add one network; return the names of its probabilities [frames, 3] and of its next states [1, 1, 150], h and c by layer."""
    name = f"n{number}"
    kernel = [graph.weight(f"{name}_conv_{kind}", variables[f"conv1.{kind}"]) for kind in ("weight", "bias")]
    graph.node("Conv", ["bands", *kernel], [f"{name}_c"])
    graph.node("Relu", [f"{name}_c"], [f"{name}_r"])
    graph.node("MaxPool", [f"{name}_r"], [f"{name}_p"], kernel_shape=[POOL], strides=[POOL])
    graph.node("Reshape", [f"{name}_p", "pooled_shape"], [f"{name}_f"])
    dense = [graph.weight(f"{name}_dense_{kind}", variables[f"linear0.{kind}"]) for kind in ("weight", "bias")]
    graph.node("Gemm", [f"{name}_f", *dense], [f"{name}_d"], transB=1)
    current, states = graph.node("Reshape", [f"{name}_d", "sequence_shape"], [f"{name}_s"]), []
    for layer in range(LAYERS):
        here = f"{name}_l{layer}"
        matrices = [
            graph.weight(f"{here}_{kind}", _onnx_gates(variables[f"lstm.weight_{kind}_l{layer}"])[np.newaxis])
            for kind in ("ih", "hh")
        ]
        biases = np.concatenate([_onnx_gates(variables[f"lstm.bias_{kind}_l{layer}"]) for kind in ("ih", "hh")])
        matrices.append(graph.weight(f"{here}_bias", biases[np.newaxis]))
        before = [f"state_{number}_{layer}_{kind}" for kind in "hc"]
        states += [f"{here}_h", f"{here}_c"]
        graph.node("LSTM", [current, *matrices, "", *before], [f"{here}_y", *states[-2:]], hidden_size=HIDDEN)
        current = graph.node("Reshape", [f"{here}_y", "hidden_shape"], [f"{here}_o"])
    graph.node("Reshape", [current, "rows_shape"], [f"{name}_rows"])
    last = [graph.weight(f"{name}_out_{kind}", variables[f"linear.{kind}"]) for kind in ("weight", "bias")]
    graph.node("Gemm", [f"{name}_rows", *last], [f"{name}_logits"], transB=1)
    return graph.node("Softmax", [f"{name}_logits"], [f"{name}_probs"], axis=1), states


def beatnet_model() -> onnx.ModelProto:
    """Return the model: (features [frames, 272], state [12, 1, 150]) to (probs [frames, 3], next_state [12, 1, 150])."""
    graph, networks = _Graph(), sorted(SHA256)
    for name, shape in (
        ("bands_shape", [-1, 1, FEATURES]), ("pooled_shape", [-1, POOLED]), ("sequence_shape", [-1, 1, HIDDEN]),
        ("hidden_shape", [-1, 1, HIDDEN]), ("rows_shape", [-1, HIDDEN]),
    ):  # fmt: skip
        graph.constant(name, np.array(shape))
    graph.node("Reshape", ["features", "bands_shape"], ["bands"])
    graph.node(
        "Split", ["state"], [f"state_{n}_{layer}_{kind}" for n in networks for layer in range(LAYERS) for kind in "hc"], axis=0
    )
    probs, states = [], []
    for number in networks:
        found, after = _add_network(graph, number, checkpoint(number))
        probs.append(found)
        states += after
    graph.node("Mean", probs, ["probs"])
    graph.node("Concat", states, ["next_state"], axis=0)
    casts, stored = half_precision(graph.weights)
    shape = [len(states), 1, HIDDEN]
    value = helper.make_tensor_value_info
    inputs = [value("features", TensorProto.FLOAT, ["frames", FEATURES]), value("state", TensorProto.FLOAT, shape)]
    outputs = [value("probs", TensorProto.FLOAT, ["frames", CLASSES]), value("next_state", TensorProto.FLOAT, shape)]
    body = helper.make_graph([*casts, *graph.nodes], "beatnet", inputs, outputs, [*stored, *graph.constants])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Write the model."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(beatnet_model().SerializeToString())
    print(f"{TARGET}: {TARGET.stat().st_size} bytes, SHA-256 {hashlib.sha256(TARGET.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
