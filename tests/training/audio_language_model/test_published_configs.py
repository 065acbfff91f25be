"""Every published config takes two steps, at the published widths, on tiny checkpoints of the real classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from safetensors import safe_open

from models.arrays import FloatArray
from models.loading.audio_language_model import AudioLanguageModel, Projector
from services import Services
from tests.training.audio_language_model.tiny_checkpoints import save_bert_tokenizer, save_mistral
from training.audio_language_model.batches import BatchMaker, answer_text
from training.audio_language_model.building import build_model
from training.audio_language_model.objective import answer_loss
from training.audio_language_model.options import ExperimentOptions, LlamaSizes
from training.audio_language_model.states import ClipStates, frame_encoder
from training.audio_language_model.tokens import build_tokenizer
from training.data.features import FeatureFiles
from training.data.triples import Task, Triple
from training.loop.config import read_config
from training.loop.training_loop import TrainingLoop

CONFIGS = sorted((Path(__file__).parents[3] / "training" / "audio_language_model" / "configs").glob("*.yaml"))
SECONDS = 1.0
FRAMES = {"mw-mae": 690, "panns-cnn14": 1}
FACTS = {
    "bpm": 92.0, "tonic": 0, "mode": "major", "downbeats": [0.1, 2.7], "chords": [[0, 1, "C:maj"]], "genre": "rock",
    "notes": [[0.1, 0.5, 60, 80, 0], [0.5, 0.9, 64, 70, 0], [0.2, 0.3, 36, 90, -1]],
}  # fmt: skip
ANSWERS: dict[Task, str] = {
    "caption": "a slow piano.",
    "tags": "rock",
    "speech": "what is said",
    "notes": "",
    "question": "slow.",
}


class RandomStates:
    """Frames of the width of an encoder that is not run here."""

    def __init__(self, name: str, width: int, frames: int) -> None:
        self.name, self.width, self.sample_rate, self._frames = name, width, 16_000, frames

    def frames(self, waveform: FloatArray) -> FloatArray:
        return np.random.default_rng(0).normal(size=(self._frames, self.width)).astype(np.float32)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("checkpoints")
    save_mistral(folder / "mistral", ["Describe the music.", *ANSWERS.values()])
    save_bert_tokenizer(folder / "bert")
    own = "models/weights/music_describer"
    yield {
        own: own,
        "": "",
        "mistralai/Mistral-7B-v0.1": str(folder / "mistral"),
        "google-bert/bert-base-uncased": str(folder / "bert"),
    }


def triples_of(task: Task, folder: Path) -> list[Triple]:
    soundfile.write(folder / "clip.wav", np.zeros(16_000), 16_000)
    place = (folder / "clip.wav", 0.0, SECONDS)
    return [Triple(*place, "Describe the music.", ANSWERS[task], task, f"piece {number}", "train", FACTS) for number in range(4)]


def tiny(options: ExperimentOptions, checkpoints: dict[str, str]) -> ExperimentOptions:
    """The config with tiny checkpoints, a tiny depth, and two steps of two examples."""
    language_model = replace(options.language_model, checkpoint=checkpoints[options.language_model.checkpoint], dtype="float32")
    if sizes := language_model.sizes:
        language_model = replace(language_model, sizes=LlamaSizes(sizes.hidden_size, 1, sizes.heads, 8, sizes.max_positions))
    return replace(
        options,
        language_model=language_model,
        data=replace(options.data, min_part=1.0),
        tokenizer=replace(options.tokenizer, checkpoint=checkpoints[options.tokenizer.checkpoint]),
        loop=replace(options.loop, steps=2, batch_size=2, accumulation_steps=1, mixed_precision="no", ema_decay=None),
    )


def trained(options: ExperimentOptions, folder: Path, services: Services) -> tuple[AudioLanguageModel, list[tuple[Any, ...]]]:
    """Train; return the model, and the name and shapes of input and output of each module that matters."""
    triples = triples_of(options.data.tasks[0], folder)
    encoders = {key: frame_encoder(key, width, services.runtime) for key, width in options.encoders.widths.items()}
    for key, encoder in encoders.items():
        frames = FRAMES.get(key, round(50 * SECONDS))
        FeatureFiles(folder / "states", RandomStates(encoder.name, encoder.width, frames)).of_triple(triples[0])
    texts = [text for triple in triples for text in (triple.question, answer_text(triple))]
    tokenizer = build_tokenizer(options, texts)
    loop = TrainingLoop(build_model(options, tokenizer), options.loop, folder / "work")
    maker = BatchMaker(tokenizer, ClipStates(folder / "states", encoders), options.data, torch.device("cpu"))
    shapes: list[tuple[Any, ...]] = []
    for module in loop.model.modules():
        if isinstance(module, Projector):
            module.register_forward_hook(lambda module, inputs, output: shapes.append((inputs[0].shape, output[0].shape)))
    loop.run(answer_loss(loop.model, maker, triples, options.loop))
    assert loop.step == 2
    return loop.model, shapes


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_config_takes_two_steps_in_which_only_what_is_trained_changes(
    config: Path, checkpoints: dict[str, str], tmp_path: Path, services: Services
) -> None:
    options = tiny(read_config(config, ExperimentOptions), checkpoints)
    model, shapes = trained(options, tmp_path, services)
    width = model.config.text_config.hidden_size
    frames = {key: FRAMES.get(key, round(50 * SECONDS)) for key in options.encoders.widths}
    tokens = {"mean": 1, "pool": 250}.get(options.encoders.projector)
    assert set(shapes) == {
        ((2, frames[key], states), (2, tokens or frames[key], width)) for key, states in options.encoders.widths.items()
    }
    embeddings = model.get_input_embeddings().weight
    if folder := options.language_model.checkpoint:
        with safe_open(f"{folder}/model.safetensors", "pt") as before:
            assert torch.equal(embeddings, before.get_tensor("model.embed_tokens.weight"))
    assert embeddings.requires_grad == (options.language_model.training == "all")


def test_the_published_shapes_are_the_published_ones() -> None:
    options = {path.stem: read_config(path, ExperimentOptions) for path in CONFIGS}
    assert options["j2a_2_0"].encoders.widths == options["j2a_2_1"].encoders.widths == {"mw-mae": 3840}
    assert (options["j2a_2_1"].encoders.projector, options["j2a_2_1"].encoders.audio_tokens) == ("pool", 250)
    assert not options["j2a_1_0"].encoders.widths
    assert options["j2a_1_0"].language_model.training == "lora"
    from_scratch = LlamaSizes(768, 12, 12, 2048, 2048)
    assert {options[name].language_model.sizes for name in ("gtzan_tags", "clotho_captions", "maestro_notes")} == {from_scratch}
