"""The Whisper that is taken for what a person asks for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models.errors import UnsuitableModel
from models.files.model_files import Availability
from models.model_catalog import ModelCatalog
from models.specs.model_spec import ModelSpec
from models.specs.speech import SPEECH_MODELS
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import choose_whisper

EVERY_MODEL = frozenset(spec.key for spec in SPEECH_MODELS)
LARGE = 10**10
"""Bytes for any of the models."""
TURBO = 2 * 10**9
"""Bytes for turbo, not for large-v3."""


class Files:
    def __init__(self, here: frozenset[str]) -> None:
        self.here = here

    def availability(self, spec: ModelSpec) -> Availability:
        return Availability(spec.key in self.here, "downloaded" if spec.key in self.here else "away")


def gpu_catalog(attainable_bytes: int = LARGE, here: frozenset[str] = EVERY_MODEL) -> ModelCatalog:
    files: Any = Files(here)
    return ModelCatalog(files, "cuda", lambda: attainable_bytes, SPEECH_MODELS)


def test_automatic_choice_passes_over_a_model_that_cannot_translate() -> None:
    assert choose_whisper(TranscriptionOptions(), gpu_catalog(TURBO + 300 * 2**20)).spec.key == "whisper-large-v3-turbo"
    translated = TranscriptionOptions(task="translate")
    assert choose_whisper(translated, gpu_catalog(TURBO + 300 * 2**20)).spec.key == "whisper-medium"
    assert choose_whisper(translated, gpu_catalog()).spec.key == "whisper-large-v3"


@pytest.mark.parametrize("options", [TranscriptionOptions(task="translate"), TranscriptionOptions(language="fr")])
def test_automatic_choice_passes_over_an_english_model_for_other_languages(options: TranscriptionOptions) -> None:
    here = frozenset({"whisper-tiny", "whisper-tiny.en-offline"})
    assert choose_whisper(options, gpu_catalog(here=here)).spec.key == "whisper-tiny"


@pytest.mark.parametrize("key", [spec.key for spec in SPEECH_MODELS if not spec.can_translate])
def test_a_model_that_cannot_translate_is_refused_by_its_name(key: str) -> None:
    title = next(spec.title for spec in SPEECH_MODELS if spec.key == key)
    with pytest.raises(UnsuitableModel, match=re.escape(f"{title} cannot translate: choose another model.")):
        choose_whisper(TranscriptionOptions(model=key, task="translate"), gpu_catalog())


def test_turbo_english_and_fine_tuned_models_cannot_translate_and_all_others_can() -> None:
    assert {spec.key for spec in SPEECH_MODELS if not spec.can_translate} == {
        "whisper-large-v3-turbo",
        "whisper-tiny.en-offline",
        "whisper-base-italian-telephone",
    }
