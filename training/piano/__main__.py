"""Train the piano network: `python -m training.piano --config training/piano/configs/small.yaml --folder FOLDER`.

`FOLDER` has the examples that `python -m training.piano.dataset` renders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import nn

from pipelines.notes.piano.spectrogram import MEL_BANDS, PIANO_SAMPLE_RATE
from training.loop.batches import Loss, Shard, batch_indices, generator_at, mean_of, seed_of
from training.loop.command_line import read_command
from training.loop.dry_run import dry_run
from training.loop.onnx_export import export_onnx
from training.loop.options import LoopOptions
from training.loop.training_loop import TrainingLoop
from training.piano.dataset import Example, read_examples
from training.piano.evaluation import evaluate
from training.piano.key_network import KeyNetwork, KeyNetworkOptions
from training.piano.network import NetworkOptions, PianoNetwork, PianoProbabilities
from training.piano.objective import piano_loss
from training.piano.targets import Targets, stacked, targets_of

EXPORT = "piano.onnx"


@dataclass(frozen=True)
class PianoOptions:
    """A training of the piano network."""

    network: NetworkOptions | KeyNetworkOptions
    excerpt_seconds: PositiveFloat
    """Duration of what is learned at once; 10 s as published."""
    validation_examples: PositiveInt
    """Number of examples by which the best weights are chosen."""
    loop: LoopOptions


def main() -> None:
    """Train, or measure a step, and write the best weights as ONNX."""
    command = read_command(PianoOptions, __doc__)
    options = command.options
    hop = options.network.hop_length
    examples = read_examples(command.folder, "train", hop)
    if not examples:
        raise SystemExit(f"{command.folder} has no examples: render them with `python -m training.piano.dataset`")
    torch.manual_seed(options.loop.seed)
    loop = TrainingLoop(network_of(options.network), options.loop, command.folder)

    def loss_at(step: int, shard: Shard) -> Loss:
        batch = batch_of(step, shard, examples, options).to(loop.device)
        return mean_of(piano_loss(loop.model(batch.mel), batch), len(batch.mel))

    if command.is_dry_run:
        print(dry_run(loop, loss_at))
        return
    validation = read_examples(command.folder, "validation", hop)[: options.validation_examples]
    loop.run(loss_at, partial(evaluate, examples=validation, hop_length=hop), monitor="onset_f")
    print(export(loop.best_model(), command.folder / EXPORT))


def network_of(options: NetworkOptions | KeyNetworkOptions) -> nn.Module:
    """Return an untrained network."""
    return PianoNetwork(options) if isinstance(options, NetworkOptions) else KeyNetwork(options)


def batch_of(step: int, shard: Shard, examples: list[Example], options: PianoOptions) -> Targets:
    """Return a shard's excerpts: where they begin and how they sound depends on the step and their place in the batch alone."""
    hop = options.network.hop_length
    frames = round(options.excerpt_seconds * PIANO_SAMPLE_RATE / hop)
    chosen = batch_indices(step, len(examples), options.loop.batch_size, options.loop.seed)
    excerpts = []
    for place, index in shard.take(list(enumerate(chosen))):
        generator = generator_at(step, seed_of(options.loop.seed, place))
        start = int(torch.randint(max(1, len(examples[index].mel) - frames), (1,), generator=generator))
        excerpts.append(targets_of(examples[index], start, frames, hop, generator))
    return stacked(excerpts)


def export(model: nn.Module, target: Path) -> str:
    """Write the network for onnxruntime; return the file's size and digest."""
    mel = torch.zeros(1, 64, MEL_BANDS)
    return export_onnx(PianoProbabilities(model), {"mel": mel}, ("notes", "pedal"), {0: "batch", 1: "frames"}, target)


if __name__ == "__main__":
    main()
