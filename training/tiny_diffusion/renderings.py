"""Renderings of the concepts that the diffusion model was not trained on, for the network that recognises its pictures.

Five more emoji sets show the same concepts in other styles. Noto, Twemoji and our drawings, without which some concepts would
have no picture at all, are turned, stretched, recoloured and put on any ground, as the diffusion model never saw them. Nothing of
this ships.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.tiny_diffusion.concepts import concepts
from training.tiny_diffusion.pictures import OWN_STYLES, SIZE, EmojiSet, draw, emoji_of, fetch_emoji, pictures_of

OTHER_SETS = (
    EmojiSet("fluent", "@iconify-json/fluent-emoji", "1.2.7", "87f3336be6f46747d40d046a15ffa8b23809ff7a1a280b5d3521d3782fb85de7"),
    EmojiSet(
        "flat", "@iconify-json/fluent-emoji-flat", "1.2.6", "f5f4cf457c0db2ad5a2e42e033e02e0c87d10e43d0164cfffb3bb84914970a63"
    ),
    EmojiSet("openmoji", "@iconify-json/openmoji", "1.2.29", "7075331faab544067dbff4236471dd378bb5410aa05799a8a343c9ebf5c5984c"),
    EmojiSet("noto 1", "@iconify-json/noto-v1", "1.2.5", "ce70d8aa90345cf389875c3571ecd245bd943401822a0c5a0f62336bf8487333"),
)
"""Sets that the recogniser is trained on, beside the diffusion model's own."""
UNSEEN_SETS = (
    EmojiSet("emojione", "@iconify-json/emojione", "1.2.3", "e9a865faed523a7c3535b5319ae533d09fac1a62b4e96920eb178bb60e707e80"),
)
"""A set that it is tested on alone: how well it recognises a style that it never saw."""
SPRITE = 112
"""Pixels along the side of a picture before it is placed."""
MAX_TURN = 0.3
"""Radians, either way."""
SCALES = (0.6, 1.0)
"""Size relative to the ground."""
MAX_STRETCH = 0.12
MAX_HUE_TURN = 0.5
"""Radians around the grey axis: green stays green, but no exact colour gives a concept away."""


@dataclass(frozen=True)
class Sprites:
    """Pictures on nothing."""

    pixels: Tensor
    """uint8 [n, 4, 112, 112], RGBA."""
    labels: Tensor
    """int64 [n], positions in `concepts()`."""
    one_way: Tensor
    """bool [n]: never mirrored."""


def draw_sprites(emoji: tuple[EmojiSet, ...], folder: Path) -> Sprites:
    """Return every picture of every concept in the sets; our drawings belong to the diffusion model's own sets."""
    sets = fetch_emoji(folder, emoji)
    styles = tuple(each.style for each in emoji)
    pictures = []
    for label, concept in enumerate(concepts()):
        pictures += [(label, picture) for picture in emoji_of(concept, sets, styles)]
        if concept.drawing and styles == OWN_STYLES:
            pictures += [(label, picture) for picture in pictures_of(concept, sets)]
    drawn = np.stack([np.asarray(draw(picture, SPRITE, mirrored=False)) for _, picture in pictures])
    return Sprites(
        torch.from_numpy(drawn).permute(0, 3, 1, 2).contiguous(),
        torch.tensor([label for label, _ in pictures]),
        torch.tensor([picture.concept.one_way for _, picture in pictures]),
    )


def join_sprites(*parts: Sprites) -> Sprites:
    """Return all of them as one."""
    return Sprites(*(torch.cat([getattr(part, name) for part in parts]) for name in ("pixels", "labels", "one_way")))


def render_varied(sprites: Sprites, chosen: Tensor, rng: torch.Generator) -> Tensor:
    """Return the chosen sprites, each placed, turned, stretched, mirrored and coloured at random: [n, 3, 96, 96], −1 to 1."""
    rgba = sprites.pixels[chosen].float() / 255
    colours, alpha = recoloured(rgba[:, :3], rng), rgba[:, 3:]
    # Colours are multiplied by the opacity before they are resampled: what is transparent has no colour of its own.
    placed = functional.grid_sample(
        torch.cat([colours * alpha, alpha], dim=1), random_grid(sprites.one_way[chosen], rng), align_corners=False
    )
    grounds = 1 - 0.35 * torch.rand(len(chosen), 3, 1, 1, generator=rng)
    return (placed[:, :3] + (1 - placed[:, 3:]) * grounds) * 2 - 1


def random_grid(one_way: Tensor, rng: torch.Generator) -> Tensor:
    """Return sampling positions [n, 96, 96, 2] of random affine maps, none of which mirrors where `one_way`."""
    count = len(one_way)

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=rng)

    turn, scale, stretch = between(-MAX_TURN, MAX_TURN), between(*SCALES), between(-MAX_STRETCH, MAX_STRETCH).exp()
    mirror = torch.where(one_way | (between(0, 1) < 0.5), 1.0, -1.0)
    room = 1 - scale
    cosine, sine = turn.cos() / scale, turn.sin() / scale
    rows = [
        torch.stack([mirror * cosine * stretch, -mirror * sine * stretch, between(-1, 1) * room / scale], dim=1),
        torch.stack([sine / stretch, cosine / stretch, between(-1, 1) * room / scale], dim=1),
    ]
    return functional.affine_grid(torch.stack(rows, dim=1), [count, 1, SIZE, SIZE], align_corners=False)


def recoloured(colours: Tensor, rng: torch.Generator) -> Tensor:
    """Return colours [n, 3, h, w], 0 to 1, with another hue, saturation, contrast and brightness for each picture."""
    count = len(colours)
    turn = MAX_HUE_TURN * (2 * torch.rand(count, generator=rng) - 1)
    saturation = 0.3 + 0.9 * torch.rand(count, 1, 1, generator=rng)
    contrast = 0.75 + 0.4 * torch.rand(count, 1, 1, 1, generator=rng)
    brightness = 0.2 * (torch.rand(count, 1, 1, 1, generator=rng) - 0.5)
    turned = torch.einsum("nij,njhw->nihw", saturation * hue_rotation(turn) + (1 - saturation) / 3, colours)
    return ((turned - 0.5) * contrast + 0.5 + brightness).clamp(0, 1)


def hue_rotation(turn: Tensor) -> Tensor:
    """Return the rotation matrices [n, 3, 3] around the grey axis by `turn` [n] radians (Rodrigues)."""
    cosine, sine = turn.cos().view(-1, 1, 1), turn.sin().view(-1, 1, 1)
    cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
    return cosine * torch.eye(3) + sine * cross + (1 - cosine) / 3
