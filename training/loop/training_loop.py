"""The loop: AdamW, a schedule counted in steps, an average of the weights, evaluations, checkpoints that resume exactly.

Processes of `accelerate launch` divide each step's batch among them and add up their gradients; the gradient is that of the mean
over the whole batch. Random numbers of a pass depend on the seed, the step and the shard alone, so that there is no random state
to lose.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs, broadcast, broadcast_object_list, set_seed
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from training.loop.batches import LossAt, Shard, seed_of
from training.loop.checkpoints import Checkpoint, latest_checkpoint, save_checkpoint, save_weights
from training.loop.options import LoopOptions, learning_rate

BETAS = (0.9, 0.99)
LONGEST_WAIT = timedelta(hours=6)
"""Time after which a process gives up waiting for the others, such as for the evaluation on the main one."""
BEST = "best.safetensors"
"""The weights of the best evaluation."""
LOGS = "logs"
"""Folder of TensorBoard's files."""
AUTOCAST_TYPES = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
FREE_TO_CHANGE = frozenset({"steps", "accumulation_steps", "checkpoint_steps", "report_steps", "evaluation_steps", "patience"})
"""Options that may differ from those of the checkpoint that a training goes on from."""

Evaluate = Callable[[nn.Module], dict[str, float]]


class TrainingLoop:
    """The trainable parameters of `model`, their optimizer and their moving average.

    Attributes:
        model: on `device`, with the checkpoint's weights where the folder has a checkpoint.
        device: where a loss puts its batch.
        step: steps taken so far.
        best: best value of the monitored figure so far, None before the first evaluation.
    """

    def __init__(self, model: nn.Module, options: LoopOptions, folder: Path, accelerator: Accelerator | None = None) -> None:
        self.accelerator = accelerator or Accelerator(kwargs_handlers=[InitProcessGroupKwargs(timeout=LONGEST_WAIT)])
        self.device = self.accelerator.device
        self.model = model.to(self.device)
        self.options, self.folder = options, folder
        self.shards = self.accelerator.num_processes * options.accumulation_steps
        if options.batch_size < self.shards:
            raise ValueError(f"a batch of {options.batch_size} cannot be divided into {self.shards} parts")
        if options.gradient_checkpointing:
            enable_gradient_checkpointing(model)
        self.trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        self.parameters = list(self.trained.values())
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=options.learning_rate, betas=BETAS, weight_decay=options.weight_decay
        )
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=options.mixed_precision == "fp16")
        self.step, self.best, self.stale = 0, None, 0
        for tensor in (*self.parameters, *self.buffers().values()):
            broadcast(tensor.detach())
        averaged = {} if options.ema_decay is None else self.trained
        self.averages = {name: parameter.detach().clone() for name, parameter in averaged.items()}
        if checkpoint := latest_checkpoint(folder):
            self.load(checkpoint)

    def buffers(self) -> dict[str, Tensor]:
        """Return the buffers that belong to the model's state, such as a batch norm's running mean."""
        saved = self.model.state_dict().keys()
        return {name: buffer for name, buffer in self.model.named_buffers() if name in saved}

    def run(
        self,
        loss_at: LossAt,
        evaluate: Evaluate | None = None,
        monitor: str = "-loss",
        on_checkpoint: Callable[[], None] = lambda: None,
    ) -> None:
        """Train until the options' steps are done or evaluations do not improve any more.

        Args:
            loss_at: returns the loss of a step's shard, with `model` on `device`.
            evaluate: returns figures of a model in evaluation mode; called on the main process with the averaged model.
            monitor: name of the figure whose highest value is the best; with a minus before it, the lowest.
            on_checkpoint: called on the main process after each checkpoint.

        Raises:
            FloatingPointError: the loss is not finite any more.
        """
        options, is_main = self.options, self.accelerator.is_main_process
        log = SummaryWriter(str(self.folder / LOGS), purge_step=self.step) if is_main else None
        losses: list[Tensor] = []
        began, saved = time.monotonic(), self.step
        self.model.train()
        while self.step < options.steps and not self.is_stale:
            losses.append(self.train_step(loss_at))
            is_last = self.step == options.steps
            is_checkpoint = self.step >= saved + options.checkpoint_steps or is_last
            if is_checkpoint or self.step % options.report_steps == 0:
                self.report(losses, time.monotonic() - began, log)
                losses, began = [], time.monotonic()
            if evaluate and (self.step % options.evaluation_steps == 0 or is_last):
                self.evaluate(evaluate, monitor, log)
            if is_checkpoint or self.is_stale:
                saved = self.step
                self.save()
                if is_main:
                    on_checkpoint()
        if log:
            log.close()

    @property
    def is_stale(self) -> bool:
        """Whether the last evaluations did not improve."""
        return self.options.patience is not None and self.stale >= self.options.patience

    def train_step(self, loss_at: LossAt) -> Tensor:
        """Follow the gradient of one step's loss; return the loss, the mean over the whole batch."""
        first = self.accelerator.process_index * self.options.accumulation_steps
        sums = torch.zeros(2, device=self.device)
        for index in range(first, first + self.options.accumulation_steps):
            set_seed(seed_of(self.options.seed, self.step, index))
            with self.autocast():
                loss = loss_at(self.step, Shard(index, self.shards))
            # By the batch size, so that the gradients of a sum do not leave the range of half precision.
            part = loss.total.float() / self.options.batch_size
            self.scaler.scale(part).backward()
            sums += torch.stack([part.detach(), sums.new_tensor(loss.weight / self.options.batch_size)])
        total, weight = self.sum_over_processes(sums)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.options)
        self.scaler.unscale_(self.optimizer)
        torch._foreach_div_([parameter.grad for parameter in self.parameters], weight)
        nn.utils.clip_grad_norm_(self.parameters, self.options.max_grad_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        self.step += 1
        self.follow()
        mean: Tensor = total / weight
        return mean

    def autocast(self) -> Any:
        """Return the context in which the options' precision holds."""
        precision = self.options.mixed_precision
        return torch.autocast(self.device.type, AUTOCAST_TYPES[precision], enabled=precision != "no")

    def sum_over_processes(self, sums: Tensor) -> Tensor:
        """Add up the gradients of all processes in place; return the sum of `sums` [n]."""
        for parameter in self.parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        if self.accelerator.num_processes == 1:
            return sums
        gradients = [parameter.grad for parameter in self.parameters]
        whole = self.accelerator.reduce(torch.cat([sums, *(gradient.float().flatten() for gradient in gradients)]), "sum")
        parts = whole[len(sums) :].split([gradient.numel() for gradient in gradients])
        torch._foreach_copy_(gradients, [part.view_as(gradient) for part, gradient in zip(parts, gradients, strict=True)])
        return whole[: len(sums)]

    def follow(self) -> None:
        """Move the averages towards the weights."""
        if self.options.ema_decay is None:
            return
        # Early averages follow faster, so that they forget the random start (the warm-up of TensorFlow's moving average).
        decay = min(self.options.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averages.values()), self.parameters, 1 - decay)

    def averaged(self) -> nn.Module:
        """Return a copy of the model with the averaged weights, in evaluation mode.

        Without an average it has the present weights. What is not trained is shared with the model, not copied.
        """
        frozen = {id(parameter): parameter for parameter in self.model.parameters() if not parameter.requires_grad}
        model = copy.deepcopy(self.model, frozen)
        model.load_state_dict(self.averages, strict=False)
        return model.eval()

    def best_model(self) -> nn.Module:
        """Return a copy of the model with the weights of the best evaluation; without evaluations, `averaged()`."""
        model = self.averaged()
        if self.best is not None:
            model.load_state_dict(load_file(self.folder / BEST, device=str(self.device)), strict=False)
        return model

    def evaluate(self, evaluate: Evaluate, monitor: str, log: SummaryWriter | None) -> None:
        """Evaluate the averaged model on the main process, and keep its weights if it is the best so far."""
        value: list[float | None] = [None]
        if self.accelerator.is_main_process:
            model = self.averaged()
            with torch.no_grad():
                figures = evaluate(model)
            self.write(log, {f"evaluation/{name}": figure for name, figure in figures.items()})
            value[0] = -figures[monitor[1:]] if monitor.startswith("-") else figures[monitor]
            if self.best is None or value[0] > self.best:
                state = model.state_dict()
                save_weights(self.folder / BEST, {name: state[name].contiguous() for name in (*self.trained, *self.buffers())})
        (found,) = broadcast_object_list(value)
        if self.best is None or found > self.best:
            self.best, self.stale = found, 0
        else:
            self.stale += 1

    def report(self, losses: list[Tensor], seconds: float, log: SummaryWriter | None) -> None:
        """Log the mean of the last losses."""
        mean = torch.stack(losses).mean().item()
        if not math.isfinite(mean):
            raise FloatingPointError(f"the loss is {mean} before step {self.step}; try a lower learning rate")
        rate = learning_rate(self.step, self.options)
        self.write(log, {"loss": mean, "learning_rate": rate, "steps_per_second": len(losses) / seconds})

    def write(self, log: SummaryWriter | None, figures: dict[str, float]) -> None:
        """Write figures to TensorBoard and as a line."""
        if log:
            for name, figure in figures.items():
                log.add_scalar(name, figure, self.step)
            line = ", ".join(f"{name} {figure:.4g}" for name, figure in figures.items())
            print(f"{self.folder.name}: step {self.step}, {line}", flush=True)

    def save(self) -> None:
        """Write a checkpoint."""
        for buffer in self.buffers().values():
            if buffer.is_floating_point():
                buffer.copy_(self.accelerator.reduce(buffer, "mean"))
        if self.accelerator.is_main_process:
            weights = {name: tensor.detach().contiguous() for name, tensor in {**self.trained, **self.buffers()}.items()}
            state = {
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.scaler.state_dict(),
                "best": self.best,
                "stale": self.stale,
                "options": asdict(self.options),
            }
            save_checkpoint(self.folder, Checkpoint(self.step, weights, self.averages, state))
        self.accelerator.wait_for_everyone()

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises:
            ValueError: it was made with other options or by another model.
        """
        ours, theirs = asdict(self.options), checkpoint.state["options"]
        if changed := [name for name in ours if name not in FREE_TO_CHANGE and ours[name] != theirs[name]]:
            name = changed[0]
            raise ValueError(
                f"{self.folder} holds a training with {name} {theirs[name]}, not {ours[name]}: choose another folder"
            )
        tensors = {**self.trained, **self.buffers()}
        if tensors.keys() != checkpoint.weights.keys():
            raise ValueError(f"{self.folder} holds a training of another model: choose another folder")
        with torch.no_grad():
            for name, tensor in tensors.items():
                tensor.copy_(checkpoint.weights[name])
            for name, average in self.averages.items():
                average.copy_(checkpoint.average[name])
        self.optimizer.load_state_dict(checkpoint.state["optimizer"])
        self.scaler.load_state_dict(checkpoint.state["scaler"])
        self.step, self.best, self.stale = checkpoint.step, checkpoint.state["best"], checkpoint.state["stale"]


def enable_gradient_checkpointing(model: nn.Module) -> None:
    """Compute activations again in the backward pass, in every model of transformers or diffusers inside.

    Raises:
        ValueError: there is none.
    """
    modules = list(model.modules())
    of_transformers = [module for module in modules if hasattr(module, "gradient_checkpointing_enable")]
    of_diffusers = [module for module in modules if hasattr(module, "enable_gradient_checkpointing")]
    if not of_transformers + of_diffusers:
        raise ValueError(f"{type(model).__name__} has no gradient checkpointing")
    for module in of_transformers:
        module.gradient_checkpointing_enable({"use_reentrant": False})
    for module in of_diffusers:
        module.enable_gradient_checkpointing()
