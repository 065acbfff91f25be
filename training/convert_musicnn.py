"""Make models/weights/musicnn/*/musicnn.onnx from the TensorFlow checkpoints in the package `musicnn`.

    pip install --no-deps musicnn==0.1.0 && python -m training.convert_musicnn

The network is that of Pons & Serra 2019 (arXiv 1909.06654): over a log-mel patch, timbral filters that see 0.4 and 0.7 of the
bands and temporal filters that see one band each, all reduced to their maximum over the bands; three convolutions over time with
residual connections; maximum and mean over time of all of these; two dense layers. Every layer is a convolution or product, ReLU,
then batch normalisation. The order of the variables' numbers is the order of the layers. Weights are stored in float16, as in
`convert_yamnet`.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.arrays import FloatArray, IntArray
from training.convert_yamnet import half_precision
from training.tensorflow_checkpoint import float_variables

PACKAGE = "musicnn"
TARGET = Path(__file__).parent.parent / "models" / "weights" / "musicnn"
INDEX_FILE, DATA_FILE = ".index", ".data-00000-of-00001"
OPSET = 13
PATCH_FRAMES = 187
MEL_BANDS = 96
TAGS = 50
EMBEDDING_SIZE = 200
FRAME_FEATURES = 753
"""204 + 204 timbral, 3 · 51 temporal and 3 · 64 of the residual layers."""
EPSILON = 1e-3
"""Epsilon of every batch normalisation in the checkpoint's graph."""
REACH = 3
"""Frames of silence before and after, for filters of 7 frames."""


@dataclass(frozen=True)
class Checkpoint:
    """One of the two models of the package."""

    name: str
    folder: str
    index_sha256: str
    data_sha256: str

    def variables(self) -> dict[str, FloatArray]:
        """Return the model's float variables by name.

        Raises:
            ValueError: another version of the checkpoint.
        """
        folder = Path(str(metadata.distribution(PACKAGE).locate_file(self.folder)))
        index, data = (folder / INDEX_FILE).read_bytes(), (folder / DATA_FILE).read_bytes()
        if [hashlib.sha256(content).hexdigest() for content in (index, data)] != [self.index_sha256, self.data_sha256]:
            raise ValueError(f"{folder} is not the checkpoint of {PACKAGE} 0.1.0")
        return float_variables(index, data)


CHECKPOINTS = (
    Checkpoint(
        "mtt",
        "musicnn/MTT_musicnn",
        "da2d7bb670b2b31e9bc441bb1bd75eca31b5b061f963cc1f9630c1aff3238f57",
        "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
    ),
    Checkpoint(
        "msd",
        "musicnn/MSD_musicnn",
        "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
        "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
    ),
)


def main() -> None:
    """Convert, write and print the checksums that the catalogue records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, default=TARGET)
    target: Path = parser.parse_args().target
    for checkpoint in CHECKPOINTS:
        file = target / checkpoint.name / "musicnn.onnx"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(musicnn(checkpoint.variables()).SerializeToString(deterministic=True))
        print(f"{file}: {file.stat().st_size} bytes, SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}")
    licence = Path(str(metadata.distribution(PACKAGE).locate_file(f"{PACKAGE}-0.1.0.dist-info/LICENSE.md")))
    (target / "LICENSE").write_text(licence.read_text(encoding="utf-8").strip() + "\n", encoding="utf-8")


def musicnn(variables: dict[str, FloatArray]) -> onnx.ModelProto:
    """Return the network from patches [n, 187, 96] to scores [n, 50], embedding [n, 200] and frame features [n, 187, 753]."""
    network = _Network(variables)
    patch = network.add("Unsqueeze", "patches", network.constant("channel", np.array([1])))  # [n, 1, 187, 96]
    patch = network.normalised(patch)
    timbral = [network.front_end(patch, pads=[REACH, 0, REACH, 0]) for _ in range(2)]
    temporal = [network.front_end(patch, auto_pad="SAME_UPPER") for _ in range(3)]
    front = network.add("Concat", *timbral, *temporal, axis=1)  # [n, 561, 187]
    first = network.residual_layer(front)  # [n, 64, 187]
    second = network.add("Add", network.residual_layer(first), first)
    third = network.add("Add", network.residual_layer(second), second)
    features = network.add("Concat", front, first, second, third, axis=1)  # [n, 753, 187]
    network.add("Transpose", features, output="frames", perm=[0, 2, 1])
    highest = network.add("ReduceMax", features, axes=[2], keepdims=1)
    mean = network.add("ReduceMean", features, axes=[2], keepdims=1)
    pooled = network.add("Concat", highest, mean, axis=2)  # [n, 753, 2]: the two of a feature stand side by side
    pooled = network.normalised(network.add("Flatten", pooled))
    network.normalised(network.add("Relu", network.dense(pooled)), output="embedding")
    network.add("Sigmoid", network.dense("embedding"), output="scores")
    return network.model()


@dataclass
class _Network:
    """A graph that grows layer by layer; layers take the checkpoint's variables in the order of their numbers."""

    variables: dict[str, FloatArray]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    layers: dict[str, int] = field(default_factory=dict)

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Append a node and return the name of its output."""
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, name: str, values: IntArray) -> str:
        """Return the name of a constant of integers that an operator takes as an input."""
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def front_end(self, patch: str, **padding: Any) -> str:
        """Map [n, 1, 187, 96] to [n, filters, 187]: the maximum of each filter over the bands."""
        layer = self._next("conv2d")
        kernel = self._weight(f"{layer}/kernel", (3, 2, 0, 1))
        normalised = self.normalised(self.add("Relu", self.add("Conv", patch, kernel, self._weight(f"{layer}/bias"), **padding)))
        return self.add("ReduceMax", normalised, axes=[3], keepdims=0)

    def residual_layer(self, features: str) -> str:
        """Map [n, features, 187] to [n, 64, 187]: a convolution over 7 frames."""
        layer = self._next("conv2d")
        self.variables[f"{layer}/kernel"] = self.variables[f"{layer}/kernel"][:, :, 0]  # [7, features, 64]
        kernel = self._weight(f"{layer}/kernel", (2, 1, 0))
        convolved = self.add("Conv", features, kernel, self._weight(f"{layer}/bias"), pads=[REACH, REACH])
        return self.normalised(self.add("Relu", convolved))

    def dense(self, features: str) -> str:
        """Map [n, inputs] to [n, units]."""
        layer = self._next("dense")
        return self.add("Gemm", features, self._weight(f"{layer}/kernel"), self._weight(f"{layer}/bias"))

    def normalised(self, features: str, output: str = "") -> str:
        """Batch normalisation with the averages of the training."""
        layer = self._next("batch_normalization")
        parameters = [self._weight(f"{layer}/{name}") for name in ("gamma", "beta", "moving_mean", "moving_variance")]
        return self.add("BatchNormalization", features, *parameters, output=output, epsilon=EPSILON)

    def model(self) -> onnx.ModelProto:
        """Return the finished model, checked."""
        casts, stored = half_precision(self.weights)
        graph = helper.make_graph(
            [*casts, *self.nodes],
            "musicnn",
            [helper.make_tensor_value_info("patches", TensorProto.FLOAT, ["n", PATCH_FRAMES, MEL_BANDS])],
            [
                helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", TAGS]),
                helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", EMBEDDING_SIZE]),
                helper.make_tensor_value_info("frames", TensorProto.FLOAT, ["n", PATCH_FRAMES, FRAME_FEATURES]),
            ],
            [*stored, *self.constants],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _next(self, kind: str) -> str:
        """Name of the next layer of this kind: dense, dense_1 and so on."""
        number = self.layers.get(kind, 0)
        self.layers[kind] = number + 1
        return f"{kind}_{number}" if number else kind

    def _weight(self, name: str, axes: tuple[int, ...] | None = None) -> str:
        values = self.variables[name]
        ordered = np.ascontiguousarray(values.transpose(axes) if axes else values)
        self.weights.append(numpy_helper.from_array(ordered, name))
        return name


if __name__ == "__main__":
    main()
