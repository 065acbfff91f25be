"""Configs, the learning rate, and the division of batches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from training.loop.batches import Shard, batch_indices, generator_at
from training.loop.command_line import read_command
from training.loop.config import ConfigPath, ConfigRefused, read_config
from training.loop.options import LoopOptions, learning_rate


@dataclass(frozen=True)
class SomeOptions:
    loop: LoopOptions
    folder: ConfigPath
    sizes: tuple[int, ...] = field(default=(1, 2))


GOOD = "folder: here\nsizes: [3, 4]\nloop: {steps: 7, batch_size: 2, learning_rate: 1e-3, mixed_precision: no}\n"


def config(folder: Path, text: str) -> Path:
    file = folder / "configs" / "small.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_a_config_becomes_a_dataclass(tmp_path: Path):
    options = read_config(config(tmp_path, GOOD), SomeOptions)
    assert options == SomeOptions(LoopOptions(steps=7, batch_size=2, learning_rate=1e-3), Path("here"), (3, 4))


def test_a_path_may_begin_in_the_home_folder(tmp_path: Path):
    options = read_config(config(tmp_path, GOOD.replace("here", "~/here")), SomeOptions)
    assert options.folder == Path.home() / "here"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("steps: 7", "stepps: 7", "loop.steps: Field required"),
        ("steps: 7", "steps: 7, width: 3", "loop.width: Unexpected"),
        ("steps: 7", "steps: '7'", "loop.steps: Input should be a valid integer"),
        ("steps: 7", "steps: 0", "loop.steps: Input should be greater"),
        ("steps: 7", "steps: 7, steps: 8", "duplicate key"),
        ("1e-3", ".inf", "loop.learning_rate: Input should be a finite number"),
        ("folder: here", "folder: [", "is no YAML file"),
        ("[3, 4]", "&itself [*itself]", "Circular reference"),
        ("mixed_precision: no", "mixed_precision: half", "loop.mixed_precision: Input should be 'no'"),
        (GOOD, "", "the whole: Input should be"),
    ],
)
def test_a_config_is_refused_in_one_sentence(tmp_path: Path, old: str, new: str, reason: str):
    with pytest.raises(ConfigRefused) as refused:
        read_config(config(tmp_path, GOOD.replace(old, new)), SomeOptions)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_command_line_overrides_the_steps_and_names_a_folder_for_each_config(tmp_path: Path):
    command = read_command(SomeOptions, "", ["--config", str(config(tmp_path, GOOD)), "--steps", "3", "--dry-run"])
    assert (command.options.loop.steps, command.is_dry_run) == (3, True)
    assert command.folder.parts[-2:] == (tmp_path.name, "small")


def test_a_refused_config_ends_the_process_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        read_command(SomeOptions, "", ["--config", str(config(tmp_path, "folder: 3"))])
    assert "loop: Field required" in capsys.readouterr().err


def test_the_learning_rate_rises_stays_and_falls():
    options = LoopOptions(steps=1000, batch_size=1, learning_rate=2.0, warmup_steps=100, flat_fraction=0.5)
    rates = [learning_rate(step, options) for step in (0, 99, 500, 750, 1000)]
    assert rates == pytest.approx([0.02, 2.0, 2.0, 1.0, 0.02])


def test_a_training_that_is_all_warm_up_reaches_the_maximum():
    assert learning_rate(9, LoopOptions(steps=10, batch_size=1, learning_rate=1.0, warmup_steps=10)) == 1.0


def test_no_example_comes_again_before_all_have_come():
    drawn = [index for step in range(6) for index in batch_indices(step, population=7, batch_size=3, seed=0)]
    assert Counter(drawn[:7]) == Counter(drawn[7:14]) == Counter(range(7))
    assert drawn[:7] != drawn[7:14]


def test_a_batch_may_be_larger_than_the_population():
    assert Counter(batch_indices(1, population=2, batch_size=4, seed=0)) == {0: 2, 1: 2}


def test_shards_divide_a_batch():
    assert [Shard(index, 3).take(range(8)) for index in range(3)] == [[0, 3, 6], [1, 4, 7], [2, 5]]


def test_a_steps_generator_depends_on_step_and_seed_alone():
    draws = [generator_at(step, seed).initial_seed() for step, seed in ((1, 2), (1, 2), (2, 1), (1, 3))]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 3
