"""The small audio language model of our own; the measurements write better captions, so that 'auto' never takes it."""

from __future__ import annotations

from models.specs.model_spec import ModelSpec, RepositoryFile, RepositorySource

MUSIC_DESCRIBER = ModelSpec(
    key="music-describer",
    title="Audioscope describer (offline, small, trained on rendered music)",
    task="describe_music",
    loader="audio_language_model",
    source=RepositorySource(
        "1",
        "music_describer",
        (
            RepositoryFile("config.json", "0c7715a081c9962a2370f37eef95e469d309771f3aaa8811a4806a84675a9eeb"),
            RepositoryFile("model.safetensors", "9be46ce5c95361b0668b9b786ff44ee9ca8352eb64c2eb21b086047d89b397a4"),
            RepositoryFile("tokenizer.json", "64394664b0a3eeb713c5e1925efc88b773ed29ea8e5de3588c302f17c7a6202f"),
            RepositoryFile("tokenizer_config.json", "35c49649703c869bcc94ce0c259281124b35bba41af40686bf6b97cf898e8e2e"),
        ),
    ),
    licence="Apache-2.0 (trained for Audioscope on pieces composed by a program and rendered with SoundFonts)",
    licence_url="https://www.apache.org/licenses/LICENSE-2.0",
    download_bytes=2_067_266,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=20_000_000,
    gpu_bytes=20_000_000,
    architecture="AudioLanguageModel",
    prompt_style="plain",
    further_tasks=("answer_questions",),
    auto=False,
    state_encoders=("beats", "crema", "yamnet-middle"),
)
"""Made by `python -m training.audio_language_model --config training/audio_language_model/configs/small.yaml`."""

DESCRIBER_MODELS: tuple[ModelSpec, ...] = (MUSIC_DESCRIBER,)
