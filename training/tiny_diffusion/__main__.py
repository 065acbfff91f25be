"""Make models/weights/tiny_diffusion from nothing, in hours on two cores: `python -m training.tiny_diffusion`.

    pip install resvg-py==0.5.0 && python -m training.tiny_diffusion

Needs npm for the emoji. What was done is kept in `--folder`; the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor
from transformers import CLIPTokenizer

from training.tiny_diffusion.autoencoder import (
    build_autoencoder,
    encode,
    harden_decoder,
    normalise_latents,
    peak_signal_to_noise,
    train_autoencoder,
)
from training.tiny_diffusion.contact_sheet import SHIPPED, SheetOptions, sheet_of_concepts
from training.tiny_diffusion.dataset import Dataset, DatasetOptions, Item, make_dataset
from training.tiny_diffusion.diffusion import Latents, NetworkOptions, build_text_to_latents, diffusion_loss
from training.tiny_diffusion.pictures import AS_DRAWN
from training.tiny_diffusion.pipeline import build_pipeline, save_pipeline
from training.tiny_diffusion.tokenizer import build_tokenizer
from training.tiny_diffusion.training_loop import LoopOptions, TrainingLoop

STAGES = ("autoencoder", "decoder", "diffusion")
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
    diffusion: LoopOptions
    networks: NetworkOptions


SHIPPED_RECIPE = Recipe(
    autoencoder_data=DatasetOptions(variants=12, scenes=1500),
    varied_data=DatasetOptions(variants=12, scenes=4000),
    drawn_data=DatasetOptions(variants=8, scenes=1500, scene_share=0.08, variation=AS_DRAWN),
    varied_steps=4250,
    autoencoder=LoopOptions(steps=6000, learning_rate=1.5e-3, flat=0.8, weight_decay=1e-3, average=0.99, checkpoint_steps=250),
    decoder=LoopOptions(steps=4000, learning_rate=1e-3, flat=0.2, weight_decay=1e-3, average=0.99, checkpoint_steps=250),
    diffusion=LoopOptions(steps=13000, learning_rate=1e-3, checkpoint_steps=250),
    networks=NetworkOptions(),
)


@dataclass(frozen=True)
class Workshop:
    """Where the work files are, and what is made of them."""

    folder: Path
    target: Path
    recipe: Recipe

    def dataset(self, options: DatasetOptions) -> Dataset:
        """Return the training pictures, drawn anew, which takes less than a minute."""
        return make_dataset(options, self.folder / "emoji")

    def make_autoencoder(self) -> None:
        """Train the encoder and the decoder, with latents that are standard normal."""
        pixels = self.dataset(self.recipe.autoencoder_data).pixels
        torch.manual_seed(SEED)
        checkpoint = self.folder / "autoencoder.pt"
        model = train_autoencoder(build_autoencoder(), pixels, self.recipe.autoencoder, checkpoint)
        normalise_latents(model, pixels[:: self.recipe.autoencoder_data.variants])
        self.keep(model, "autoencoder")

    def make_decoder(self) -> None:
        """Train the decoder of the same autoencoder to ignore noise in the latents."""
        pixels = self.dataset(self.recipe.autoencoder_data).pixels
        model = AutoencoderKL.from_pretrained(self.folder / "autoencoder")
        before = peak_signal_to_noise(model, pixels[:: self.recipe.autoencoder_data.variants])
        model = harden_decoder(model, pixels, self.recipe.decoder, self.folder / "decoder.pt")
        after = peak_signal_to_noise(model, pixels[:: self.recipe.autoencoder_data.variants])
        print(f"decoder: {before:.2f} dB before, {after:.2f} dB after", flush=True)
        self.keep(model, "decoder")

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

    def tokenizer(self, items: tuple[Item, ...]) -> Any:
        """Return the tokenizer, kept in the folder: equally frequent pairs are merged in another order each time."""
        kept = self.folder / "tokenizer"
        if not kept.exists():
            self.keep(build_tokenizer(items), "tokenizer")
        return CLIPTokenizer.from_pretrained(kept)

    def make_diffusion(self) -> None:
        """Train the text encoder and the UNet, write contact sheets on the way and the shipped folder at the end."""
        varied, drawn = self.latents("varied", self.recipe.varied_data), self.latents("drawn", self.recipe.drawn_data)
        tokenizer = self.tokenizer(varied.items)
        torch.manual_seed(SEED)
        model = build_text_to_latents(tokenizer, self.recipe.networks)
        loop = TrainingLoop(model, self.recipe.diffusion, self.folder / "diffusion.pt")
        varied_loss, drawn_loss = (diffusion_loss(model, tokenizer, each, self.recipe.networks) for each in (varied, drawn))

        def loss_at(step: int) -> Tensor:
            return varied_loss(step) if step < self.recipe.varied_steps else drawn_loss(step)

        loop.run(loss_at, lambda: self.show(loop, tokenizer))
        self.pipeline(loop, tokenizer, self.target)

    def pipeline(self, loop: TrainingLoop, tokenizer: Any, target: Path) -> Any:
        """Return the averaged model with the best decoder there is, written to `target`."""
        finished = self.folder / "decoder"
        autoencoder = AutoencoderKL.from_pretrained(finished if finished.exists() else self.folder / "autoencoder")
        pipeline = build_pipeline(autoencoder, loop.averaged(), tokenizer)
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


def main() -> None:
    """Do the stages that were asked for and are not done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tiny_diffusion", help="work files")
    parser.add_argument("--target", type=Path, default=SHIPPED, help="where the finished pipeline goes")
    parser.add_argument("--threads", type=int, default=2, help="the most; 1 on a machine that others keep busy")
    parser.add_argument("--steps", type=int, default=SHIPPED_RECIPE.diffusion.steps, help="of the diffusion model")
    parser.add_argument("--stages", nargs="*", choices=STAGES, default=STAGES)
    chosen = parser.parse_args()
    recipe = replace(
        SHIPPED_RECIPE,
        autoencoder=replace(SHIPPED_RECIPE.autoencoder, most_threads=chosen.threads),
        decoder=replace(SHIPPED_RECIPE.decoder, most_threads=chosen.threads),
        diffusion=replace(SHIPPED_RECIPE.diffusion, most_threads=chosen.threads, steps=chosen.steps),
    )
    workshop = Workshop(chosen.folder, chosen.target, recipe)
    if "autoencoder" in chosen.stages and not (chosen.folder / "autoencoder").exists():
        workshop.make_autoencoder()
    if "decoder" in chosen.stages and not (chosen.folder / "decoder").exists():
        workshop.make_decoder()
    if "diffusion" in chosen.stages:
        workshop.make_diffusion()


if __name__ == "__main__":
    main()
