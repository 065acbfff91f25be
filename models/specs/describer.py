"""The small audio language model of our own; the measurements write better captions, so that 'auto' never takes it."""

from __future__ import annotations

from models.specs.model_spec import ModelSpec, RepositoryFile, RepositorySource

MUSIC_DESCRIBER = ModelSpec(
    key="music-describer",
    title="Audioscope describer (offline, small, trained on rendered music)",
    task="describe_music",
    loader="audio_language_model",
    source=RepositorySource(
        "2",
        "music_describer",
        (
            RepositoryFile("config.json", "3170cdd605cd18cfc852f10fa7a0eea7a6dec0e524d5c2f36af521e736a9a633"),
            RepositoryFile("model.safetensors", "6a5dc2ff0bcb4db659eb960eb283a1832d5af838fcda63e60cf81dd868cf6f67"),
            RepositoryFile("tokenizer.json", "64394664b0a3eeb713c5e1925efc88b773ed29ea8e5de3588c302f17c7a6202f"),
            RepositoryFile("tokenizer_config.json", "42607e96e3e680826b662f1e772fe31af3572eb2a5b19ebca1ce665d5fe69758"),
        ),
    ),
    licence="Apache-2.0 (trained for Audioscope on pieces composed by a program and rendered with SoundFonts)",
    licence_url="https://www.apache.org/licenses/LICENSE-2.0",
    download_bytes=2_067_320,
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
"""Made by `python -m training.audio_language_model --config training/audio_language_model/configs/small.yaml`, and then
`further.yaml`."""

DESCRIBER_MODELS: tuple[ModelSpec, ...] = (MUSIC_DESCRIBER,)
