"""The training set: variants of every picture and scenes of two, as arrays and a list that says what each shows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.tiny_diffusion.concepts import STYLES, concepts
from training.tiny_diffusion.pictures import Picture, Variation, fetch_emoji, make_scene, make_variant, pictures_of

SEED = 0


@dataclass(frozen=True)
class Item:
    """What one training picture shows."""

    concepts: tuple[str, ...]
    """One, or in a scene two from left to right."""
    style: str
    ground: str
    weight: float
    """How often it is drawn, against the others."""


@dataclass(frozen=True)
class Dataset:
    """Training pictures and what they show."""

    items: tuple[Item, ...]
    pixels: Tensor
    """uint8 [n, 96, 96, 3]."""


@dataclass(frozen=True)
class DatasetOptions:
    """How many pictures to make."""

    variants: int
    """Number of variants of each picture."""
    scenes: int
    scene_share: float = 0.1
    """Fraction of the sampling weight of all scenes together."""
    variation: Variation = field(default_factory=Variation)


def make_dataset(options: DatasetOptions, emoji_folder: Path) -> Dataset:
    """Draw everything.

    Every concept weighs the same in all its styles together, however many pictures show it.
    """
    rng = random.Random(SEED)
    style_weights = {style.name: style.weight for style in STYLES}
    sets = fetch_emoji(emoji_folder)
    by_concept = [pictures_of(concept, sets) for concept in concepts()]
    items, pixels = [], []
    for pictures in by_concept:
        whole = sum(style_weights[picture.style] for picture in pictures)
        for picture in pictures:
            for _ in range(options.variants):
                variant = make_variant(picture, options.variation, rng)
                weight = (1 - options.scene_share) * style_weights[picture.style] / whole / options.variants / len(by_concept)
                items.append(Item((picture.concept.name,), picture.style, variant.ground, weight))
                pixels.append(variant.pixels)
    for _ in range(options.scenes):
        left, right = two_pictures(by_concept, rng.choice(list(style_weights)), rng)
        scene = make_scene(left, right, rng)
        weight = options.scene_share / options.scenes
        items.append(Item((left.concept.name, right.concept.name), left.style, scene.ground, weight))
        pixels.append(scene.pixels)
    return Dataset(tuple(items), torch.from_numpy(np.stack(pixels)))


def two_pictures(by_concept: list[list[Picture]], style: str, rng: random.Random) -> tuple[Picture, Picture]:
    """Return a sheet of pictures of two concepts in one style."""
    left, right = rng.sample([pictures for pictures in by_concept if any(each.style == style for each in pictures)], 2)
    return (
        rng.choice([picture for picture in left if picture.style == style]),
        rng.choice([picture for picture in right if picture.style == style]),
    )
