"""The loop: exact resuming, any number of processes, averages, evaluations, costs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.tensorboard.writer import SummaryWriter

from tests.training.loop.curves import LOSSES, OPTIONS, Curve, build_model, losses_of, trained
from training.loop.checkpoints import latest_checkpoint
from training.loop.dry_run import dry_run
from training.loop.options import MixedPrecision
from training.loop.training_loop import TrainingLoop

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two processes' losses and of a killed training."""
    folder = tmp_path_factory.mktemp("ended")
    done = subprocess.run([sys.executable, "-m", "tests.training.loop.curves", folder], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return folder


def test_two_processes_have_the_losses_of_one(ended: Path, tmp_path: Path):
    losses = json.loads((ended / LOSSES).read_text())
    assert losses == pytest.approx(losses_of(tmp_path), abs=1e-4)
    assert losses == pytest.approx(losses_of(tmp_path, accumulation_steps=3), abs=1e-4)


def test_a_killed_training_goes_on_to_the_weights_of_an_unbroken_one(ended: Path, tmp_path: Path):
    stopped = latest_checkpoint(ended)
    assert stopped and stopped.step == 3
    resumed, unbroken = (trained(folder, build_model(dropout=0.5)) for folder in (ended, tmp_path))
    for mine, other in ((resumed.trained, unbroken.trained), (resumed.averages, unbroken.averages)):
        assert all(torch.equal(mine[name], other[name]) for name in other)
    assert resumed.best == unbroken.best


def test_the_average_is_evaluated_and_the_best_is_kept(tmp_path: Path):
    loop = TrainingLoop(build_model(), replace(OPTIONS, ema_decay=0.5), tmp_path)
    figures = iter([{"accuracy": 0.2}, {"accuracy": 0.9}, {"accuracy": 0.3}, {"accuracy": 0.4}])
    seen: list[torch.Tensor] = []

    def evaluate(model: nn.Module) -> dict[str, float]:
        assert not model.training
        assert torch.equal(model[0].weight, loop.averages["0.weight"])
        seen.append(model[0].weight)
        return next(figures)

    loop.run(Curve(loop).loss_at, evaluate, monitor="accuracy")
    assert loop.best == 0.9
    assert torch.equal(loop.best_model()[0].weight, seen[1])
    assert torch.equal(loop.averaged()[0].weight, seen[3])


def test_a_training_stops_when_evaluations_do_not_improve(tmp_path: Path):
    for _ in range(2):  # the second one finds that it has stopped
        loop = TrainingLoop(build_model(), replace(OPTIONS, patience=2), tmp_path)
        loop.run(Curve(loop).loss_at, lambda model: {"loss": 1.0})
        assert loop.step == 6


def test_what_is_not_trained_is_neither_copied_nor_saved(tmp_path: Path):
    model = build_model()
    model[0].requires_grad_(False)
    loop = trained(tmp_path, model)
    assert loop.averaged()[0].weight is model[0].weight
    saved = latest_checkpoint(tmp_path)
    assert saved and set(saved.weights) == {"3.weight", "3.bias"}


def test_a_batch_norm_goes_on_too(tmp_path: Path):
    def build() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))

    unbroken = trained(tmp_path / "unbroken", build())
    stopped = TrainingLoop(build(), OPTIONS, tmp_path / "stopped")
    for _ in range(3):
        stopped.train_step(Curve(stopped).loss_at)
    stopped.save()
    resumed = trained(tmp_path / "stopped", build())
    assert all(torch.equal(resumed.model.state_dict()[name], value) for name, value in unbroken.model.state_dict().items())


def test_a_folder_of_another_training_is_refused(tmp_path: Path):
    trained(tmp_path, build_model())
    with pytest.raises(ValueError, match=r"learning_rate 0.05, not 1.0"):
        trained(tmp_path, build_model(), learning_rate=1.0)
    with pytest.raises(ValueError, match="another model"):
        trained(tmp_path, nn.Linear(3, 1))


def test_a_batch_must_suffice_for_all_parts(tmp_path: Path):
    with pytest.raises(ValueError, match="batch of 6 cannot be divided into 7 parts"):
        trained(tmp_path, build_model(), accumulation_steps=7)


@pytest.mark.parametrize("steps_before_it_is_seen", [{"report_steps": 2}, {"checkpoint_steps": 2}])
def test_a_loss_that_is_not_finite_ends_the_training(tmp_path: Path, steps_before_it_is_seen: dict[str, Any]):
    loop = TrainingLoop(build_model(), replace(OPTIONS, **steps_before_it_is_seen), tmp_path)
    curve = Curve(loop)
    curve.targets[0] = torch.inf
    with pytest.raises(FloatingPointError, match="loss is nan before step 2"):
        loop.run(curve.loss_at)
    assert latest_checkpoint(tmp_path) is None


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_trains_weights_that_stay_whole(tmp_path: Path, precision: MixedPrecision):
    loop = TrainingLoop(build_model(), replace(OPTIONS, mixed_precision=precision), tmp_path)
    curve, types = Curve(loop), set()
    loop.model[0].register_forward_hook(lambda module, inputs, output: types.add(output.dtype))
    loop.run(curve.loss_at)
    assert types == {torch.bfloat16 if precision == "bf16" else torch.float16}
    assert {parameter.dtype for parameter in loop.parameters} == {torch.float32}
    assert curve.evaluate(loop.averaged())["loss"] < curve.evaluate(build_model())["loss"]


def test_gradient_checkpointing_reaches_the_models_inside(tmp_path: Path):
    from transformers import LlamaConfig, LlamaModel

    sizes = {"hidden_size": 8, "intermediate_size": 8, "vocab_size": 9}
    inside = LlamaModel(LlamaConfig(**sizes, num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1))
    TrainingLoop(nn.ModuleDict({"language_model": inside}), replace(OPTIONS, gradient_checkpointing=True), tmp_path)
    assert inside.is_gradient_checkpointing
    with pytest.raises(ValueError, match="Linear has no gradient checkpointing"):
        TrainingLoop(nn.Linear(3, 1), replace(OPTIONS, gradient_checkpointing=True), tmp_path)


def test_figures_are_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    logged: list[tuple[str, int]] = []
    monkeypatch.setattr(SummaryWriter, "add_scalar", lambda self, name, figure, step: logged.append((name, step)))
    trained(tmp_path, build_model(), steps=4, checkpoint_steps=4)
    assert {("loss", 4), ("learning_rate", 4), ("steps_per_second", 4), ("evaluation/loss", 2), ("evaluation/loss", 4)} == set(
        logged
    )
    assert any((tmp_path / "logs").iterdir())


def test_a_dry_run_measures_a_step_and_writes_nothing(tmp_path: Path):
    loop = TrainingLoop(build_model(), OPTIONS, tmp_path / "folder")
    costs = dry_run(loop, Curve(loop).loss_at)
    assert (costs.parameters, costs.trained_parameters, costs.steps) == (26, 26, 8)
    assert costs.seconds > 0 and costs.peak_bytes > 1e6
    assert "26 of 26 parameters" in str(costs)
    assert not (tmp_path / "folder").exists()


def test_an_interrupted_checkpoint_is_not_taken_for_one(tmp_path: Path):
    (tmp_path / "checkpoint-00000009.partial").mkdir()
    assert latest_checkpoint(tmp_path) is None
