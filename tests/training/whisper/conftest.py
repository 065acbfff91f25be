from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ctranslate2.converters import TransformersConverter

from models.files.trained_models import DESCRIPTION
from services import Services, build_services
from settings import Settings
from tests.models.tiny_encoders import save_whisper

TINY = "trained-tiny"
RATE = 16_000


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper of the real class, as the app finds trained ones."""
    original = save_whisper(tmp_path_factory.mktemp("original") / "tiny").directory
    folder = tmp_path_factory.mktemp("trained") / "tiny"
    TransformersConverter(str(original), copy_files=["tokenizer.json"]).convert(str(folder))
    about = {"title": "Tiny", "licence": "MIT", "licence_url": "https://example.org", "english_only": False}
    (folder / DESCRIPTION).write_text(json.dumps(about))
    return folder


@pytest.fixture
def services(tiny_folder: Path, tmp_path: Path) -> Iterator[Services]:
    """The app's services with a folder of trained models in which there is the tiny one."""
    trained = tmp_path / "trained"
    trained.mkdir()
    (trained / "tiny").symlink_to(tiny_folder)
    yield build_services(Settings(data_dir=tmp_path / "data", clip_dir=tmp_path / "clips", trained_dir=trained))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder with texts.csv and a second of sound for each text."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    random = np.random.default_rng(0)
    rows = ["clip,answer,split"]
    for number, split in enumerate(("train", "train", "train", "validation", "test")):
        tone = np.sin(2 * np.pi * (200 + 100 * number) * np.arange(RATE) / RATE) + 0.1 * random.standard_normal(RATE)
        soundfile.write(folder / f"{number}.wav", 0.2 * tone, RATE)
        rows.append(f"{number}.wav,tone number {number},{split}")
    (folder / "texts.csv").write_text("\n".join(rows))
    return folder
