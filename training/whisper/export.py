"""The trained Whisper for the app: a folder in CTranslate2's format with a description and a model card."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ctranslate2.converters import TransformersConverter
from safetensors.torch import save_file
from torch import Tensor

from models.files.trained_models import DESCRIPTION, TrainedModel
from pipelines import APP_NAME, APP_VERSION
from training.whisper.model import Base
from training.whisper.options import WhisperOptions

CARD = "README.md"
LIBRARIES = ("torch", "transformers", "peft", "ctranslate2")
COPIED = ("tokenizer.json", "preprocessor_config.json")


def export_whisper(model: Any, base: Base, options: WhisperOptions, trained: Path) -> Path:
    """Write a plain Whisper as a choice of the app, whole or not at all; return its folder.

    Args:
        model: WhisperForConditionalGeneration.
        base: from which it was trained; its tokenizer stays.
        options: of the training.
        trained: folder of the app's trained models.
    """
    trained.mkdir(parents=True, exist_ok=True)
    target = trained / options.name
    with tempfile.TemporaryDirectory(dir=trained, prefix=".") as scratch:
        original, whole = Path(scratch) / "original", Path(scratch) / "whole"
        model.save_pretrained(original)
        base.processor.tokenizer.save_pretrained(original)
        base.processor.feature_extractor.save_pretrained(original)
        TransformersConverter(str(original), copy_files=list(COPIED)).convert(str(whole), quantization="float16")
        description = asdict(describe(base, options))
        (whole / DESCRIPTION).write_text(json.dumps(description, ensure_ascii=False, indent=1), encoding="utf-8")
        if target.exists():
            target.rename(Path(scratch) / "replaced")
        whole.rename(target)
    return target


def describe(base: Base, options: WhisperOptions) -> TrainedModel:
    """Return what the app shows of the model."""
    spec = base.files.spec
    licence = f"{spec.licence} (base), {options.licence} (data)" if options.licence else f"{spec.licence} (base)"
    return TrainedModel(options.title, licence, spec.licence_url, spec.english_only)


def write_card(folder: Path, base: Base, options: WhisperOptions, facts: Mapping[str, str]) -> None:
    """Write the model card.

    Args:
        folder: of the model.
        base: from which it was trained.
        options: of the training.
        facts: further lines, such as figures.
    """
    lines = {
        "Base": f"{base.files.spec.title} ({base.files.spec.key}, {base.files.revision})",
        "Licence": describe(base, options).licence,
        "Language": options.language,
        "Method": options.method,
        **facts,
        "Made with": ", ".join([f"{APP_NAME} {APP_VERSION}", *(f"{name} {version(name)}" for name in LIBRARIES)]),
    }
    table = "".join(f"| {name} | {value} |\n" for name, value in lines.items())
    (folder / CARD).write_text(f"# {options.title}\n\n|  |  |\n|---|---|\n{table}", encoding="utf-8")


def save_update(updates: Mapping[str, Tensor], file: Path) -> None:
    """Write low-rank updates in half precision, for a model of the catalogue that is merged where it is fetched."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in updates.items()}, file)
