"""Make models/weights/crema/crema.onnx from the Keras model in the package `crema`.

    pip install h5py && pip install --no-deps crema==0.2.0 && python -m training.convert_crema

The chord model of McFee and Bello 2017 ("Structured training for large-vocabulary chord recognition") is a convolution over 5
frames and 5 bins, a product over the bins, two bidirectional GRUs, and outputs for pitch classes, root, bass and chord. Batch
normalisations are folded into the layer that follows; the first one cannot be, since zero padding follows it. The 170 chords are
summed to the 37 that the app names. Weights are stored in float16, as in `convert_yamnet`.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.arrays import AnyArray, DoubleArray, FloatArray
from pipelines.music.harmony.chord_recognition import CHORD_COUNT, KINDS, NO_CHORD
from pipelines.music.harmony.notation import pitch_class
from training.convert_yamnet import half_precision

PACKAGE, FILE = "crema", "crema/models/chord/model.h5"
SHA256 = "08b80e5b648e743c89284e9bc0b12b993dad1129157a75e0de70e076b0b8a235"
TARGET = Path(__file__).parent.parent / "models" / "weights" / "crema" / "crema.onnx"
OPSET = 17
EPSILON = 1e-3
"""Epsilon of Keras' batch normalisation."""
BINS, HARMONICS = 216, 2
HIDDEN, PADDING = 128, 2
DIRECTIONS = ("forward", "backward")
ROOTS = sorted(("A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#"), key=lambda root: f"{root}:")
QUALITIES = (
    "7", "aug", "dim", "dim7", "hdim7", "maj", "maj6", "maj7", "min", "min6", "min7", "minmaj7", "sus2", "sus4",
)  # fmt: skip
"""Qualities in the order of the model's classes, which are sorted by name; then come no chord and any other chord."""
NEAREST_KINDS = {"7": "7", "min": "min", "min6": "min", "min7": "min", "minmaj7": "min"}
"""Kinds that the app names for the qualities; 'maj' for the rest except diminished ones."""
DOMINANT_OF_DIMINISHED = 8
"""Semitones up from the root of a diminished chord to that of the dominant seventh of which it is the upper part."""


def chord_sums() -> FloatArray:
    """Return [170, 37]: to which chord of the app the probability of each class is added; any other chord counts for all."""
    sums = np.zeros((len(ROOTS) * len(QUALITIES) + 2, CHORD_COUNT), dtype=np.float32)
    for row, (root, quality) in enumerate((root, quality) for root in ROOTS for quality in QUALITIES):
        if quality in ("dim", "dim7", "hdim7"):
            column = (pitch_class(root) + DOMINANT_OF_DIMINISHED) % 12 * len(KINDS) + KINDS.index("7")
        else:
            column = pitch_class(root) * len(KINDS) + KINDS.index(NEAREST_KINDS.get(quality, "maj"))
        sums[row, column] = 1
    sums[-2, NO_CHORD] = 1
    sums[-1, :NO_CHORD] = 1 / NO_CHORD
    return sums


class _Network:
    """The layers of the Keras file, and the graph that is made of them."""

    def __init__(self, layers: Any) -> None:
        self._layers = layers
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.constants: list[onnx.TensorProto] = []

    def stored(self, layer: str, name: str) -> DoubleArray:
        """Return the weight `name` of a layer; recurrent layers have groups of their own."""
        values: DoubleArray = self._layers[layer][layer][f"{name}:0"][...].astype(np.float64)
        return values

    def norm(self, number: int) -> tuple[DoubleArray, DoubleArray]:
        """Return scale and shift of a batch normalisation."""
        gamma, beta, mean, variance = (
            self.stored(f"batch_normalization_{number}", name) for name in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        scale = gamma / np.sqrt(variance + EPSILON)
        return scale, beta - mean * scale

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(self, name: str, values: AnyArray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), name))
        return name

    def integers(self, name: str, values: list[int]) -> str:
        self.constants.append(numpy_helper.from_array(np.array(values, dtype=np.int64), name))
        return name

    def front_end(self) -> str:
        """Add the layers from the input to the features of each frame [1, frames, 72]."""
        scale, shift = self.norm(1)
        self.node("Mul", ["cqt", self.weight("scale", scale)], "scaled")
        self.node("Add", ["scaled", self.weight("shift", shift)], "shifted")
        self.node("Transpose", ["shifted"], "channels_first", perm=[0, 3, 1, 2])
        kernel = self.weight("kernel", self.stored("conv2d_1", "kernel").transpose(3, 2, 0, 1))
        bias = self.weight("kernel_bias", self.stored("conv2d_1", "bias"))
        self.node("Conv", ["channels_first", kernel, bias], "filtered", pads=[PADDING] * 4)
        self.node("Relu", ["filtered"], "rectified")
        self.node("Squeeze", ["rectified", self.integers("channel_axis", [1])], "bins")
        scale, shift = self.norm(2)
        product = self.stored("conv2d_2", "kernel")[0, :, 0, :]
        self.node("MatMul", ["bins", self.weight("product", product * scale[0])], "products")
        product_bias = self.stored("conv2d_2", "bias") + shift[0] * product.sum(axis=0)
        self.node("Add", ["products", self.weight("product_bias", product_bias)], "biased")
        return self.node("Relu", ["biased"], "features")

    def gru(self, source: str, number: int) -> str:
        """Add a bidirectional GRU with the normalisation before it."""
        # torch's GRU cannot apply the reset gate before the product, so the ONNX operator is used.
        scale, shift = self.norm(number + 2)
        kernels, recurrent, biases = [], [], []
        for direction in DIRECTIONS:
            kernel, memory, bias = (
                self.stored(f"bidirectional_{number}", f"{direction}_gru_{number}/{name}")
                for name in ("kernel", "recurrent_kernel", "bias")
            )
            kernels.append((kernel * scale[:, np.newaxis]).T)
            recurrent.append(memory.T)
            biases.append(np.concatenate([bias + shift @ kernel, np.zeros_like(bias)]))
        name = f"gru_{number}"
        self.node("Transpose", [source], f"{name}_frames", perm=[1, 0, 2])
        operands = [
            self.weight(f"{name}_{part}", np.stack(values))
            for part, values in (("kernel", kernels), ("recurrent", recurrent), ("bias", biases))
        ]
        self.node(
            "GRU",
            [f"{name}_frames", *operands],
            f"{name}_states",
            hidden_size=HIDDEN,
            direction="bidirectional",
            linear_before_reset=0,
            activations=["HardSigmoid", "Tanh"] * len(DIRECTIONS),
            activation_alpha=[0.2] * len(DIRECTIONS),
            activation_beta=[0.5] * len(DIRECTIONS),
        )
        self.node("Transpose", [f"{name}_states"], f"{name}_batch", perm=[2, 0, 1, 3])
        shape = self.integers(f"{name}_shape", [0, 0, len(DIRECTIONS) * HIDDEN])
        return self.node("Reshape", [f"{name}_batch", shape], name)

    def dense(self, source: str, layer: str, activation: str, output: str, norm: int | None = None) -> str:
        """Add a dense layer, with the normalisation before it if there is one."""
        kernel, bias = self.stored(layer, "kernel"), self.stored(layer, "bias")
        if norm is not None:
            scale, shift = self.norm(norm)
            bias, kernel = bias + shift @ kernel, kernel * scale[:, np.newaxis]
        self.node("MatMul", [source, self.weight(f"{layer}_kernel", kernel)], f"{layer}_product")
        self.node("Add", [f"{layer}_product", self.weight(f"{layer}_bias", bias)], f"{layer}_logits")
        return self.node(activation, [f"{layer}_logits"], output, **({"axis": -1} if activation == "Softmax" else {}))


def crema_model(layers: Any) -> onnx.ModelProto:
    """Return the model: cqt [1, frames, 216, 2] in dB to chords [1, frames, 37], pitch [..., 12], root and bass [..., 13]."""
    network = _Network(layers)
    states = network.gru(network.gru(network.front_end(), 1), 2)
    network.dense(states, "chord_pitch", "Sigmoid", "pitch")
    network.dense(states, "chord_root", "Softmax", "root")
    network.dense(states, "chord_bass", "Softmax", "bass")
    network.node("Concat", [states, "pitch", "root", "bass"], "structured", axis=-1)
    classes = network.dense("structured", "chord_tag", "Softmax", "classes", norm=5)
    network.node("MatMul", [classes, network.weight("chord_sums", chord_sums())], "chords")
    casts, stored = half_precision(network.weights)
    value = helper.make_tensor_value_info
    outputs = [
        value(name, TensorProto.FLOAT, [1, "frames", size])
        for name, size in (("chords", CHORD_COUNT), ("pitch", 12), ("root", 13), ("bass", 13))
    ]
    inputs = [value("cqt", TensorProto.FLOAT, [1, "frames", BINS, HARMONICS])]
    body = helper.make_graph([*casts, *network.nodes], "crema", inputs, outputs, [*stored, *network.constants])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Write the model.

    Raises:
        ValueError: another version of the file.
    """
    path = Path(str(metadata.distribution(PACKAGE).locate_file(FILE)))
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{path} is not the model of {PACKAGE} 0.2.0")
    with h5py.File(path) as file:
        content = crema_model(file["model_weights"]).SerializeToString(deterministic=True)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(content)
    print(f"{TARGET}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
