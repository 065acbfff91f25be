"""Make models/weights/tiny_diffusion from nothing, in hours on two cores.

    pip install resvg-py==0.5.0 && python -m training.tiny_diffusion --config training/tiny_diffusion/configs/shipped.yaml

Needs npm for the emoji. Stages that are done are kept in `--folder`; the same command goes on where it was stopped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import nn
from transformers import CLIPTokenizer

from training.loop.batches import Loss, LossAt, Shard
from training.loop.command_line import read_command
from training.loop.dry_run import dry_run
from training.loop.options import LoopOptions
from training.loop.training_loop import TrainingLoop
from training.tiny_diffusion.autoencoder import (
    autoencoder_loss,
    build_autoencoder,
    decoder_loss,
    decoder_of,
    encode,
    normalise_latents,
    peak_signal_to_noise,
)
from training.tiny_diffusion.contact_sheet import SHIPPED, SheetOptions, sheet_of_concepts
from training.tiny_diffusion.dataset import Dataset, DatasetOptions, Item, make_dataset
from training.tiny_diffusion.diffusion import Latents, NetworkOptions, build_text_to_latents, diffusion_loss
from training.tiny_diffusion.pipeline import build_pipeline, save_pipeline
from training.tiny_diffusion.recognition import GUIDE_SEED, kept_recogniser
from training.tiny_diffusion.tokenizer import build_tokenizer

SEED = 0
SHEETS = 10
"""Contact sheets while the diffusion model is trained."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights."""

    autoencoder_data: DatasetOptions
    varied_data: DatasetOptions
    """Pictures of the first steps of the diffusion model, in which it learns what a concept may look like."""
    drawn_data: DatasetOptions
    """Then: so small a model becomes sharp only on pictures that keep their place."""
    varied_steps: int
    autoencoder: LoopOptions
    decoder: LoopOptions
    loop: LoopOptions
    """Training of the diffusion model."""
    networks: NetworkOptions
    target: Path = SHIPPED
    """Folder of the finished pipeline."""


@dataclass(frozen=True)
class WorkFiles:
    """Where the work files are, and what is made of them."""

    folder: Path
    is_dry_run: bool

    def loop(self, name: str, model: nn.Module, options: LoopOptions) -> TrainingLoop:
        """Return the loop of a stage."""
        return TrainingLoop(model, options, self.folder / "loops" / name)

    def run(self, loop: TrainingLoop, loss_at: LossAt, on_checkpoint: Callable[[], None] = lambda: None) -> None:
        """Train a stage to its end; in a dry run, print its costs and end the process."""
        if self.is_dry_run:
            print(f"{loop.folder.name}: {dry_run(loop, loss_at)}")
            raise SystemExit
        loop.run(loss_at, on_checkpoint=on_checkpoint)

    def dataset(self, options: DatasetOptions) -> Dataset:
        """Return the training pictures, drawn anew, which takes less than a minute."""
        return make_dataset(options, self.folder / "emoji")

    def keep(self, model: Any, name: str) -> None:
        """Save a model whole or not at all: its folder says that the stage is done."""
        partial = self.folder / f"{name}.partial"
        model.save_pretrained(partial)
        os.replace(partial, self.folder / name)

    def latents(self, name: str, options: DatasetOptions) -> Latents:
        """Return a training set of the diffusion model, kept in the folder: encoding takes minutes."""
        file = self.folder / f"latents-{name}.pt"
        if not file.exists():
            data = self.dataset(options)
            means, deviations = encode(AutoencoderKL.from_pretrained(self.folder / "autoencoder"), data.pixels)
            partial = file.with_suffix(".partial")
            torch.save({"items": [vars(item) for item in data.items], "means": means, "deviations": deviations}, partial)
            os.replace(partial, file)
        kept = torch.load(file, weights_only=True)
        return Latents(tuple(Item(**item) for item in kept["items"]), kept["means"], kept["deviations"])

    def best_autoencoder(self) -> Any:
        """Return the autoencoder with the best decoder there is."""
        finished = self.folder / "decoder"
        return AutoencoderKL.from_pretrained(finished if finished.exists() else self.folder / "autoencoder")

    def pipeline(self, loop: TrainingLoop, tokenizer: Any, target: Path) -> Any:
        """Return the averaged model with the best decoder, written to `target`."""
        pipeline = build_pipeline(self.best_autoencoder(), loop.averaged().cpu(), tokenizer)
        save_pipeline(pipeline, target)
        return pipeline

    def show(self, loop: TrainingLoop, tokenizer: Any) -> None:
        """Save the pipeline and, now and then, a contact sheet in the folder."""
        pipeline = self.pipeline(loop, tokenizer, self.folder / "pipeline")
        part = loop.step * SHEETS // loop.options.steps
        file = self.folder / f"sheet-{part:02d}.png"
        if not file.exists():
            sheet: Image.Image = sheet_of_concepts(pipeline, SheetOptions(steps=10))
            sheet.save(file)


@dataclass(frozen=True)
class Workshop(WorkFiles):
    """A training from nothing."""

    recipe: Recipe

    def make_autoencoder(self) -> None:
        """Train the encoder and the decoder, with latents that are standard normal."""
        pixels, options = self.dataset(self.recipe.autoencoder_data).pixels, self.recipe.autoencoder
        torch.manual_seed(SEED)
        loop = self.loop("autoencoder", build_autoencoder(), options)
        self.run(loop, autoencoder_loss(loop.model, pixels, options))
        model = loop.averaged().cpu()
        normalise_latents(model, pixels[:: self.recipe.autoencoder_data.variants])
        self.keep(model, "autoencoder")

    def make_decoder(self) -> None:
        """Train the decoder of the same autoencoder to ignore noise in the latents."""
        pixels, options = self.dataset(self.recipe.autoencoder_data).pixels, self.recipe.decoder
        model = AutoencoderKL.from_pretrained(self.folder / "autoencoder")
        samples = pixels[:: self.recipe.autoencoder_data.variants]
        before = peak_signal_to_noise(model, samples)
        loop = self.loop("decoder", decoder_of(model), options)
        latents, critic = encode(model, pixels)[0], kept_recogniser(self.folder, GUIDE_SEED)
        self.run(loop, decoder_loss(model.to(loop.device), pixels, latents, options, critic.to(loop.device)))
        model.post_quant_conv, model.decoder = loop.averaged()
        model = model.cpu().eval()
        print(f"decoder: {before:.2f} dB before, {peak_signal_to_noise(model, samples):.2f} dB after", flush=True)
        self.keep(model, "decoder")

    def tokenizer(self, items: tuple[Item, ...]) -> Any:
        """Return the tokenizer, kept in the folder: equally frequent pairs are merged in another order each time."""
        kept = self.folder / "tokenizer"
        if not kept.exists():
            self.keep(build_tokenizer(items), "tokenizer")
        return CLIPTokenizer.from_pretrained(kept)

    def make_diffusion(self) -> None:
        """Train the text encoder and the UNet, write contact sheets on the way and the shipped folder at the end."""
        recipe = self.recipe
        varied, drawn = self.latents("varied", recipe.varied_data), self.latents("drawn", recipe.drawn_data)
        tokenizer = self.tokenizer(varied.items)
        torch.manual_seed(SEED)
        model = build_text_to_latents(tokenizer, recipe.networks)
        loop = self.loop("diffusion", model, recipe.loop)
        of_varied, of_drawn = (diffusion_loss(model, tokenizer, each, recipe.networks, recipe.loop) for each in (varied, drawn))

        def loss_at(step: int, shard: Shard) -> Loss:
            return of_varied(step, shard) if step < recipe.varied_steps else of_drawn(step, shard)

        self.run(loop, loss_at, lambda: self.show(loop, tokenizer))
        self.pipeline(loop, tokenizer, recipe.target)


def main() -> None:
    """Do the stages that are not done."""
    command = read_command(Recipe, __doc__)
    workshop = Workshop(command.folder, command.is_dry_run, command.options)
    if not (command.folder / "autoencoder").exists():
        workshop.make_autoencoder()
    if not (command.folder / "decoder").exists():
        workshop.make_decoder()
    workshop.make_diffusion()


if __name__ == "__main__":
    main()
