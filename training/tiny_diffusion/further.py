"""Go on from a Stable Diffusion of `training.tiny_diffusion`, in an hour or more on one core.

    python -m training.tiny_diffusion.further --config training/tiny_diffusion/configs/further.yaml

The encoders stay as they are, so that what was fitted to their latents and embeddings stays right. The UNet sees most often
what it draws worst; then the decoder learns to mend what the UNet draws. Needs what the first training needs; the same command
goes on where it was stopped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.loop.command_line import read_command
from training.loop.config import ConfigPath
from training.loop.options import LoopOptions
from training.tiny_diffusion.__main__ import WorkFiles
from training.tiny_diffusion.autoencoder import decoder_loss, decoder_of, peak_signal_to_noise, to_model
from training.tiny_diffusion.concepts import concepts
from training.tiny_diffusion.contact_sheet import SHIPPED, SheetOptions, draw_prompts
from training.tiny_diffusion.dataset import Dataset, DatasetOptions
from training.tiny_diffusion.diffusion import NetworkOptions, diffusion_loss, redrawn, resampled
from training.tiny_diffusion.pipeline import load_pipeline, save_pipeline
from training.tiny_diffusion.recognition import GUIDE_SEED, kept_recogniser

DETAIL = 4
"""Pixels along the side of the areas whose colours are compared: a shift by a pixel is no mistake."""
MAX_FACTOR = 6.0
"""How much more often the worst concepts are seen."""
EASY = 0.5
"""Fraction of the concepts, the best drawn, that are seen as often as before."""


@dataclass(frozen=True)
class Further:
    """Everything that decides the weights."""

    drawn_data: DatasetOptions
    loop: LoopOptions
    """Training of the UNet."""
    decoder: LoopOptions
    start: ConfigPath = SHIPPED
    """The pipeline to go on from."""
    target: ConfigPath = SHIPPED
    """Folder of the finished pipeline."""


@dataclass(frozen=True)
class FurtherWorkshop(WorkFiles):
    """Where the work files are, and what is made of them."""

    recipe: Further

    def begin(self) -> None:
        """Keep the autoencoder that the latents need, and how often each concept is to be seen."""
        if (self.folder / "autoencoder").exists():
            return
        pipeline = load_pipeline(self.recipe.start)
        factors = self.folder / "factors.json"
        if not factors.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            found = sampling_factors(pipeline, self.dataset(self.recipe.drawn_data))
            factors.write_text(json.dumps(found, indent=1), encoding="utf-8")
        self.keep(pipeline.vae, "autoencoder")

    def train_diffusion(self) -> None:
        """Train the UNet, and keep the pipeline."""
        factors = json.loads((self.folder / "factors.json").read_text(encoding="utf-8"))
        latents = resampled(self.latents("drawn", self.recipe.drawn_data), factors)
        pipeline = load_pipeline(self.recipe.start)
        networks = nn.ModuleDict({"text_encoder": pipeline.text_encoder.requires_grad_(False), "unet": pipeline.unet})
        loop = self.loop("diffusion", networks, self.recipe.loop)
        loss_at = diffusion_loss(networks, pipeline.tokenizer, latents, NetworkOptions(), self.recipe.loop)
        self.run(loop, loss_at, lambda: self.pipeline(loop, pipeline.tokenizer, self.folder / "pipeline"))

    def train_decoder(self) -> None:
        """Train the decoder on latents of the training pictures and on those that the UNet makes of them."""
        pixels, options = self.dataset(self.recipe.drawn_data).pixels, self.recipe.decoder
        latents, variants = self.latents("drawn", self.recipe.drawn_data), self.recipe.drawn_data.variants
        samples = pixels[::variants]
        own = redrawn(
            load_pipeline(self.folder / "pipeline"), latents.every(variants), torch.Generator().manual_seed(options.seed)
        )
        critic = kept_recogniser(self.folder, GUIDE_SEED)
        model = load_pipeline(self.recipe.start).vae
        before = peak_signal_to_noise(model, samples)
        loop = self.loop("decoder", decoder_of(model), options)
        data = torch.cat([pixels, samples.repeat(variants, 1, 1, 1)]), torch.cat([latents.means, own.repeat(variants, 1, 1, 1)])
        self.run(loop, decoder_loss(model.to(loop.device), *data, options, critic.to(loop.device)))
        model.post_quant_conv, model.decoder = loop.averaged()
        model = model.cpu().eval()
        print(f"decoder: {before:.2f} dB before, {peak_signal_to_noise(model, samples):.2f} dB after", flush=True)
        self.keep(model, "decoder")

    def finish(self) -> None:
        """Write the pipeline with the new decoder to the target."""
        pipeline = load_pipeline(self.folder / "pipeline")
        pipeline.vae = self.best_autoencoder()
        save_pipeline(pipeline, self.recipe.target)


def sampling_factors(pipeline: Any, data: Dataset) -> dict[str, float]:
    """Return for each concept how much more often it is to be seen, 1 to 6, in proportion to the error of its picture.

    `data`: the training set, every picture as it was drawn.
    """
    names = [concept.name for concept in concepts()]
    options = SheetOptions()
    images = draw_prompts(pipeline, [f"{name}, {options.style} style" for name in names], options)
    errors = drawing_errors(torch.from_numpy(np.stack([np.asarray(image) for image in images])), data)
    easy = errors.quantile(EASY)
    factors = (1 + (MAX_FACTOR - 1) * (errors - easy) / (errors.quantile(0.95) - easy)).clamp(1, MAX_FACTOR)
    return dict(zip(names, factors.tolist(), strict=True))


def drawing_errors(drawn: Tensor, data: Dataset) -> Tensor:
    """Return the RMSE [concepts] of each concept's picture, uint8 [concepts, 96, 96, 3], to its nearest training picture."""

    def areas(pixels: Tensor) -> Tensor:
        return functional.avg_pool2d(to_model(pixels), DETAIL)

    errors = []
    for concept, picture in zip(concepts(), areas(drawn), strict=True):
        own = torch.tensor([index for index, item in enumerate(data.items) if item.concepts == (concept.name,)])
        errors.append((areas(data.pixels[own]) - picture).square().mean((1, 2, 3)).min().sqrt())
    return torch.stack(errors)


def main() -> None:
    """Do the stages that are not done."""
    command = read_command(Further, __doc__)
    workshop = FurtherWorkshop(command.folder, command.is_dry_run, command.options)
    workshop.begin()
    workshop.train_diffusion()
    if not (command.folder / "decoder").exists():
        workshop.train_decoder()
    workshop.finish()


if __name__ == "__main__":
    main()
