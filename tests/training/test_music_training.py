"""Training of the beat and the harmony network on files of their data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from pipelines.music.harmony.note_activations import PITCHES
from pipelines.music.rhythm.beat_network import MEL_BANDS
from training.loop.command_line import Command
from training.loop.config import read_config
from training.loop.options import LoopOptions
from training.music import train_beats, train_harmony
from training.music.excerpt_training import ExcerptOptions
from training.music.networks import BeatNetwork, HarmonyNetwork

CONFIGS = Path(train_beats.__file__).parent / "configs"
LOOP = LoopOptions(steps=2, batch_size=2, learning_rate=1e-3, warmup_steps=1, evaluation_steps=1, mixed_precision="bf16")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with, for each split, one piece of 8 s at 120 beats per minute and one sound without a pulse."""
    rng = np.random.default_rng(0)
    mel = rng.uniform(0, 3, (2, 400, MEL_BANDS)).astype(np.float16)
    notes = rng.integers(0, 255, (90, 2, PITCHES), dtype=np.uint8)
    beats = np.arange(0.5, 8, 0.5).tolist()
    truth = {"beats": beats, "positions": [1 + i % 4 for i in range(len(beats))], "beats_per_bar": 4, "beat_unit": 4, "bpm": 120}
    truth |= {"chords": [{"start": 0, "end": 8, "label": "A:min7"}], "tonic": 9, "mode": "minor"}
    for split in ("train", "validation"):
        for number, truth_or_none in enumerate((truth, None)):
            text = np.frombuffer(json.dumps(truth_or_none).encode(), dtype=np.uint8)
            np.savez(tmp_path / f"{split}-{number:05}.npz", mel=mel, notes=notes, truth=text)
    return tmp_path


@pytest.mark.parametrize(
    ("training", "inputs", "outputs"),
    [
        (train_beats.training_of(BeatNetwork(2, 4)), {"mel": (1, 37, MEL_BANDS)}, [(1, 37, 2), (1, 37, 5), (1, 37, 64)]),
        (train_harmony.training_of(HarmonyNetwork(4)), {"notes": (1, 37, 2, PITCHES)}, [(1, 37, 37), (1, 37, 24)]),
    ],
    ids=["beats", "harmony"],
)
def test_the_best_network_is_exported_for_any_number_of_frames(
    data: Path, training: Any, inputs: dict[str, tuple[int, ...]], outputs: list[tuple[int, ...]]
) -> None:
    options = ExcerptOptions(LOOP, target=data / "network.onnx", data=data)
    training.train(Command(options, data / "work", is_dry_run=False))
    session = onnxruntime.InferenceSession(options.target, providers=["CPUExecutionProvider"])
    found = session.run(None, {name: np.zeros(shape, dtype=np.float32) for name, shape in inputs.items()})
    assert [each.shape for each in found] == outputs
    assert (data / "work" / "best.safetensors").exists()


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    options = ExcerptOptions(LOOP, target=tmp_path / "network.onnx", data=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"training\.music\.dataset"):
        train_beats.training_of(BeatNetwork(2, 4)).train(Command(options, tmp_path, is_dry_run=False))


@pytest.mark.parametrize("name", ["beats", "harmony"])
def test_the_configs_write_the_shipped_networks(name: str) -> None:
    assert read_config(CONFIGS / f"{name}.yaml", ExcerptOptions).target.exists()
