"""How often a recogniser names the concept of a drawn picture first: `python -m training.tiny_diffusion.evaluate --folder work`.

    pip install resvg-py==0.5.0 && python -m training.tiny_diffusion.evaluate --folder work

Every concept is drawn by its name alone, with each seed, in the steps and with the guidance that the app uses. The recogniser is
trained in the folder first, which takes minutes; its own accuracy on renderings that it never saw bounds what a perfect model
would reach.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.specs.image import TINY_DIFFUSION, drawing_defaults
from training.tiny_diffusion.autoencoder import to_model
from training.tiny_diffusion.concepts import concepts
from training.tiny_diffusion.contact_sheet import SHIPPED, SheetOptions, draw_prompts
from training.tiny_diffusion.pictures import EMOJI_SETS
from training.tiny_diffusion.pipeline import load_pipeline
from training.tiny_diffusion.recognition import JUDGE_SEED, Recogniser, concept_probs, kept_recogniser
from training.tiny_diffusion.renderings import OTHER_SETS, UNSEEN_SETS, draw_sprites, render_varied

SEEDS = 5
UNSEEN_SEED = 2**40
"""Seed of renderings for the recogniser's own accuracy; no training step has it."""
VARIANTS = 3
"""Renderings of each picture of which the accuracy is measured."""


@dataclass(frozen=True)
class Recognition:
    """How often a recogniser named the right concept first."""

    accuracy: float
    """0 to 1, over all pictures."""
    probability: float
    """Mean probability of the right concept."""
    concept_accuracy: dict[str, float]

    @property
    def worst(self) -> list[str]:
        """Concepts that are not always recognised, the least first."""
        accuracy = self.concept_accuracy
        return [name for name in sorted(accuracy, key=lambda name: accuracy[name]) if accuracy[name] < 1]


def draw_concepts(pipeline: Any, seeds: int) -> Tensor:
    """Return a picture of every concept for each seed, uint8 [seeds, concepts, 96, 96, 3]."""
    names = [concept.name for concept in concepts()]
    defaults = drawing_defaults(TINY_DIFFUSION)
    rounds = []
    for seed in range(seeds):
        options = SheetOptions(seed=seed * len(names), steps=defaults.steps, guidance=defaults.guidance_scale)
        rounds.append(np.stack([np.asarray(image) for image in draw_prompts(pipeline, names, options)]))
    return torch.from_numpy(np.stack(rounds))


def recognition(model: Recogniser, pixels: Tensor) -> Recognition:
    """Return how often `model` names the concepts of uint8 pictures [seeds, concepts, 96, 96, 3] first."""
    seeds, count = pixels.shape[:2]
    labels = torch.arange(count).repeat(seeds)
    probs = concept_probs(model, to_model(pixels.flatten(0, 1)))
    right = (probs.argmax(1) == labels).float().view(seeds, count)
    names = [concept.name for concept in concepts()]
    return Recognition(
        float(right.mean()),
        float(probs[torch.arange(len(labels)), labels].mean()),
        dict(zip(names, right.mean(0).tolist(), strict=True)),
    )


def own_accuracy(model: Recogniser, folder: Path) -> dict[str, float]:
    """Return the accuracy on unseen renderings of the sets that `model` was trained on, and of one that it never saw."""
    rng = torch.Generator().manual_seed(UNSEEN_SEED)
    accuracy = {}
    for name, emoji in (("diffusion's sets", EMOJI_SETS), ("other sets", OTHER_SETS), ("unseen set", UNSEEN_SETS)):
        sprites = draw_sprites(emoji, folder / "emoji")
        chosen = torch.arange(len(sprites.labels)).repeat(VARIANTS)
        found = concept_probs(model, render_varied(sprites, chosen, rng)).argmax(1)
        accuracy[name] = float((found == sprites.labels[chosen]).float().mean())
    return accuracy


def main() -> None:
    """Print the figures, and write them beside the recogniser."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tiny_diffusion", help="work files")
    parser.add_argument("--pipeline", type=Path, default=SHIPPED)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    chosen = parser.parse_args()
    judge = kept_recogniser(chosen.folder, JUDGE_SEED)
    found = recognition(judge, draw_concepts(load_pipeline(chosen.pipeline), chosen.seeds))
    figures = asdict(found) | {"recogniser": own_accuracy(judge, chosen.folder)}
    (chosen.folder / "recognition.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"{found.accuracy:.1%} of {chosen.seeds} seeds of {len(concepts())} concepts are recognised first")
    print("recogniser on unseen renderings:", ", ".join(f"{name} {value:.1%}" for name, value in figures["recogniser"].items()))
    print("least recognised:", ", ".join(f"{name} {found.concept_accuracy[name]:.0%}" for name in found.worst[:40]))


if __name__ == "__main__":
    main()
