"""The models that embed voices, so that speech of one person lies close together.

Resemblyzer lies in this repository, made by `training.speech.convert_resemblyzer`. It stands first because its decisions
were measured here. The one of the hub is loaded from safetensors alone; whether its repository holds them was not seen.
"""

from __future__ import annotations

from models.specs.model_spec import HubSource, ModelSpec, RepositoryFile, RepositorySource

RESEMBLYZER = ModelSpec(
    key="resemblyzer",
    title="Resemblyzer (offline)",
    task="embed_speakers",
    loader="onnx",
    source=RepositorySource(
        "Resemblyzer-0.1.4-float16",
        "resemblyzer",
        (RepositoryFile("resemblyzer.onnx", "00c72e3b29cf52d80c7af0ca14fd43d54e4e26495c641bd75f3dc8db6daec77d"),),
    ),
    licence="Apache-2.0 (Resemble AI)",
    licence_url="https://github.com/resemble-ai/Resemblyzer/blob/master/LICENSE",
    download_bytes=2_849_051,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=20_000_000,
    gpu_bytes=20_000_000,
)

WAVLM_SPEAKERS = ModelSpec(
    key="wavlm-base-plus-sv",
    title="WavLM Base+, speaker verification",
    task="embed_speakers",
    loader="transformers",
    processor="transformers.AutoFeatureExtractor",
    source=HubSource("microsoft/wavlm-base-plus-sv", ("config.json", "preprocessor_config.json", "model.safetensors")),
    licence="not stated on the hub (WavLM by Microsoft, whose repository says MIT)",
    licence_url="https://github.com/microsoft/unilm/blob/master/LICENSE",
    download_bytes=404_000_000,
    cpu_dtype="float32",
    gpu_dtype="float16",
    cpu_bytes=404_000_000,
    gpu_bytes=202_000_000,
    architecture="WavLMForXVector",
    quick_on_cpu=False,
)

SPEAKER_MODELS: tuple[ModelSpec, ...] = (RESEMBLYZER, WAVLM_SPEAKERS)
