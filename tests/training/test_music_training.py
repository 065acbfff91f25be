"""Training of the beat network on files of its data set."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from pipelines.music.rhythm.beat_network import MEL_BANDS
from training.music.networks import BeatNetwork
from training.music.train_beats import Example, excerpts, load_example, loss
from training.music.training_loop import Library, Recipe, export_onnx, fit


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one piece of 8 s at 120 beats per minute and one sound without a pulse."""
    mel = np.random.default_rng(0).uniform(0, 3, (2, 400, MEL_BANDS)).astype(np.float16)
    beats = np.arange(0.5, 8, 0.5).tolist()
    truth = {"beats": beats, "positions": [1 + i % 4 for i in range(len(beats))], "beats_per_bar": 4, "beat_unit": 4, "bpm": 120}
    for number, truth_or_none in enumerate((truth, None)):
        text = np.frombuffer(json.dumps(truth_or_none).encode(), dtype=np.uint8)
        np.savez(tmp_path / f"train-{number:05}.npz", mel=mel, truth=text)
    return tmp_path


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe[BeatNetwork, Example]:
    torch.manual_seed(0)
    frames = torch.zeros(1, 100, MEL_BANDS)
    outputs = ("beats", "metre", "tempo")
    network = BeatNetwork(front_channels=2, channels=4)
    return Recipe(network, load_example, excerpts, loss, 2, 2, 1, frames, "mel", outputs, tmp_path / "beats.onnx")


def test_training_goes_on_from_the_state_of_the_last_epoch(data: Path, recipe: Recipe[BeatNetwork, Example]) -> None:
    fit(recipe, Library(data, load_example), epochs=1, learning_rate=1e-3, state=data / "state.safetensors")
    trained = {name: value.clone() for name, value in recipe.network.state_dict().items()}
    other = replace(recipe, network=BeatNetwork(front_channels=2, channels=4))
    fit(other, Library(data, load_example), epochs=0, learning_rate=1e-3, state=data / "state.safetensors")
    assert all(torch.equal(trained[name], value) for name, value in other.network.state_dict().items())


def test_the_exported_network_accepts_any_number_of_frames(recipe: Recipe[BeatNetwork, Example]) -> None:
    export_onnx(recipe, recipe.target)
    session = onnxruntime.InferenceSession(recipe.target, providers=["CPUExecutionProvider"])
    beats, _, _ = session.run(None, {"mel": np.zeros((1, 37, MEL_BANDS), dtype=np.float32)})
    assert beats.shape == (1, 37, 2)


def test_a_batch_uses_every_example_before_one_is_used_again(data: Path) -> None:
    library = Library(data, load_example)
    for batch in library.batches(np.random.default_rng(0), steps=3, batch_size=2):
        assert sorted(example.truth is None for example in batch) == [False, True]
