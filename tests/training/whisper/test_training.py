from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from models.arrays import FloatArray
from models.files.adapted_weights import merge_whisper
from models.files.whisper_file import named_weights, read_variables
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import Services
from tests.models.tiny_encoders import save_whisper
from tests.training.whisper.conftest import TINY
from training.loop.command_line import Command
from training.loop.config import read_config
from training.loop.options import LoopOptions
from training.whisper.__main__ import UPDATE, run
from training.whisper.batches import log_mel
from training.whisper.evaluate import word_errors
from training.whisper.fitting import prepare
from training.whisper.model import Base
from training.whisper.options import LoraOptions, Method, WhisperOptions, WindowOptions
from training.whisper.recordings import read_recordings
from training.whisper.windows import IGNORED, Spoken, Window, window_at

LOOP = LoopOptions(steps=2, batch_size=2, learning_rate=0.05, warmup_steps=0, evaluation_steps=2, checkpoint_steps=2)
OPTIONS = WhisperOptions(
    "mine",
    "My voice",
    Path(),
    "de",
    "lora",
    LOOP,
    TINY,
    lora=LoraOptions(rank=2, alpha=4, strength=0.5),
    windows=WindowOptions(2, distinct=4),
)


@pytest.mark.parametrize(
    ("method", "in_encoder", "changed"),
    [
        ("full", True, {"encoder", "decoder"}),
        ("encoder_frozen", True, {"decoder"}),
        ("lora", True, {"encoder", "decoder"}),
        ("lora", False, {"decoder"}),
    ],
)
def test_what_was_trained_is_a_choice_of_the_running_app_and_transcribes(
    services: Services, recordings: Path, tmp_path: Path, method: Method, in_encoder: bool, changed: set[str]
) -> None:
    options = replace(OPTIONS, data=recordings, method=method, lora=replace(OPTIONS.lora, in_encoder=in_encoder))
    run(Command(options, tmp_path / "work", False), services)
    folder = services.settings.trained_models_path / "mine"
    before, after = (weights_of(one / "model.bin") for one in (folder.parent / "tiny", folder))
    assert before.keys() == after.keys()
    assert {name.split(".")[1] for name in before if abs(before[name] - after[name]).max() > 0.01} == changed
    if method == "lora":
        merged = merge_whisper(folder.parent / "tiny", tmp_path / "work" / UPDATE, "1", tmp_path / "merged")
        for name, weights in weights_of(merged / "model.bin").items():
            assert abs(weights - after[name]).max() < 0.01, name
    assert "trained-mine" in [one.spec.key for one in services.runtime.catalog.reach("transcribe") if not one.obstacle]
    *_, last = transcribe(
        services.clips.open(recordings / "4.wav"), TranscriptionOptions(model="trained-mine", language="de"), services.runtime
    )
    assert last.model == "My voice"
    card = (folder / "README.md").read_text()
    assert "5 recordings, 0 min (3 train, 1 validation, 1 test)" in card
    assert "Word errors after" in card


CONFIGS = sorted((Path(__file__).parents[3] / "training/whisper/configs").glob("*.yaml"))
WHISPER_SHAPES = {"base": (80, 3000), "small": (80, 3000), "large-v3": (128, 3000)}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_every_config_trains_two_steps_on_a_tiny_checkpoint(config: Path, recordings: Path, tmp_path: Path) -> None:
    options = read_config(config, WhisperOptions)
    (sizes,) = (shape for size, shape in WHISPER_SHAPES.items() if options.base.removesuffix("-offline") == f"whisper-{size}")
    base = tiny_base(tmp_path / "tiny", bands=sizes[0])
    assert tuple(log_mel([np.zeros(16_000, np.float32)], base).shape[1:]) == sizes
    loop = replace(options.loop, steps=2, batch_size=options.loop.accumulation_steps, mixed_precision="no")
    options = replace(options, language="de", loop=replace(loop, evaluation_steps=2, checkpoint_steps=2))
    fitting = prepare(base, read_recordings(recordings), options, tmp_path / "work")
    fitting.run()
    assert fitting.loop.step == 2


def tiny_base(folder: Path, bands: int) -> Base:
    """A Whisper of the real class with random weights."""
    files = save_whisper(folder, num_mel_bands=bands)
    processor = WhisperProcessor.from_pretrained(folder)
    return Base(files, WhisperForConditionalGeneration.from_pretrained(folder), processor)


def weights_of(file: Path) -> dict[str, FloatArray]:
    return {name: values.astype("float32") for name, values in named_weights(read_variables(file))}


def test_a_window_is_the_same_whenever_it_is_made_and_its_texts_stand_where_they_are_said(recordings: Path) -> None:
    triples = read_recordings(recordings)
    options = WindowOptions(recordings=5, single_fraction=0.0)
    window, again = (window_at(3, triples, options, seed=1) for _ in range(2))
    assert (window.waveform == again.waveform).all()
    assert window.spoken == again.spoken
    assert {one.text for one in window.spoken} == {triple.answer for triple in triples}
    for one, following in zip(window.spoken, window.spoken[1:], strict=False):
        pause = window.waveform[round(one.end * 16_000) : round(following.start * 16_000)]
        assert not pause.any()
    assert len(window_at(3, triples, replace(options, single_fraction=1.0), seed=1).spoken) == 1


class Letters:
    """A tokenizer whose tokens are letters."""

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        return [ord(letter) for letter in text]


def test_labels_follow_the_prompt_with_and_without_timestamps() -> None:
    from training.whisper.windows import Labels

    config: Any = type("Config", (), {"eos_token_id": 1, "decoder_start_token_id": 2, "no_timestamps_token_id": 1000})
    config.is_multilingual, config.lang_to_id, config.task_to_id = True, {"<|de|>": 3}, {"transcribe": 4}
    labels = Labels(Letters(), config, "de")
    spoken = (Spoken(0.5, 1.0, "a"), Spoken(1.5, 2.0, "b"))
    space, a, b = ord(" "), ord("a"), ord("b")
    inputs, targets = labels.of_window(Window(torch.zeros(1).numpy(), spoken, has_timestamps=True))
    assert inputs == [2, 3, 4, 1026, space, a, 1051, 1076, space, b, 1101]
    assert targets == [IGNORED, IGNORED, 1026, space, a, 1051, 1076, space, b, 1101, 1]
    inputs, targets = labels.of_window(Window(torch.zeros(1).numpy(), spoken, has_timestamps=False))
    assert inputs == [2, 3, 4, 1000, space, a, space, b]
    assert targets == [IGNORED] * 3 + [space, a, space, b, 1]
    with pytest.raises(ValueError, match="knows no language 'fr'"):
        Labels(Letters(), config, "fr")


def test_word_errors_are_counted_in_whispers_normal_form() -> None:
    found = word_errors(["It's two o'clock, Mr. Smith!", "Yes."], ["it is 2 o'clock mister smith", "yes no"], "en")
    assert (found.count, found.insertions) == (1, 1)
    assert str(word_errors(["Eins, zwei."], ["eins drei"], "de")) == (
        "50.0 % of 2 words wrong (1 substituted, 0 deleted, 0 inserted)"
    )
