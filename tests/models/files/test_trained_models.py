from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest

from models.files.trained_models import DESCRIPTION, TrainedModels
from models.loading.whisper_engine import PROBE
from models.specs.model_spec import WhisperSizes

ABOUT = {"title": "Anna", "licence": "MIT", "licence_url": "https://example.org", "english_only": True}


def trained_model(folder: Path, about: object = ABOUT) -> Path:
    """A trained model of one layer in `folder`."""
    shutil.copytree(PROBE, folder)
    (folder / "tokenizer.json").write_text("{}")
    (folder / DESCRIPTION).write_text(json.dumps(about))
    return folder


def test_a_folder_is_a_model_with_what_its_files_say(tmp_path: Path) -> None:
    trained_model(tmp_path / "anna")
    (found,) = TrainedModels(tmp_path).find().specs
    assert (found.key, found.title, found.licence, found.english_only) == ("trained-anna", "Anna", "MIT", True)
    assert found.whisper == WhisperSizes(width=64, heads=2, encoder_layers=1, decoder_layers=1)
    assert found.is_offline
    assert found.download_bytes == (PROBE / "model.bin").stat().st_size


def test_models_come_and_go_while_the_app_runs(tmp_path: Path) -> None:
    models = TrainedModels(tmp_path / "trained")
    assert models.find().specs == ()
    folder = trained_model(tmp_path / "trained" / "anna")
    (first,) = models.find().specs
    assert models.find().specs[0] is first
    (folder / DESCRIPTION).write_text(json.dumps(ABOUT | {"title": "Anna, again"}))
    (second,) = models.find().specs
    assert second.title == "Anna, again"
    assert second.source != first.source
    shutil.rmtree(folder)
    assert models.find().specs == ()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / DESCRIPTION).unlink(), "there is no audioscope.json"),
        (lambda folder: (folder / DESCRIPTION).write_text('{"title": "Anna"}'), "audioscope.json: licence: Field required"),
        (lambda folder: (folder / DESCRIPTION).write_text("no JSON"), "audioscope.json: Invalid JSON"),
        (lambda folder: (folder / DESCRIPTION).write_text("[]"), "audioscope.json: Input should be an object"),
        (
            lambda folder: (folder / DESCRIPTION).write_text('{"format_version": 2, "name": "Anna"}'),
            "a newer version of Audioscope wrote it",
        ),
        (lambda folder: (folder / "model.bin").unlink(), "there is no model.bin"),
        (lambda folder: (folder / "model.bin").write_bytes(b""), "model.bin is damaged"),
        (lambda folder: (folder / "model.bin").write_bytes(bytes(99)), "model.bin is damaged"),
        (lambda folder: (folder / "model.bin").write_bytes((PROBE / "model.bin").read_bytes()[:999]), "model.bin is damaged"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "there is no tokenizer.json"),
    ],
)
def test_a_broken_folder_is_one_sentence_and_hides_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: object, words: str
) -> None:
    assert callable(damage)
    trained_model(tmp_path / "anna")
    damage(trained_model(tmp_path / "broken"))
    models = TrainedModels(tmp_path)
    with caplog.at_level(logging.WARNING):
        found = [models.find(), models.find()][-1]
    assert [spec.key for spec in found.specs] == ["trained-anna"]
    (sentence,) = found.problems
    assert words in sentence
    assert sentence.startswith("The folder broken is left out")
    assert [record.getMessage() for record in caplog.records] == [sentence]


def test_a_file_in_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "trained").write_text("")
    found = TrainedModels(tmp_path / "trained").find()
    assert found.specs == ()
    assert found.problems == ("The folder trained cannot be read (Not a directory): its models are left out.",)
