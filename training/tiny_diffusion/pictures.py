"""Training pictures: emoji and our own drawings, each several times with another place, size, hue and pale ground.

The grounds are never white, so that a sheep or a ghost stays visible, and they let the seed decide something. Pictures are drawn
anew for every variant, as vector graphics, so that no variant is blurred by resampling.
"""

from __future__ import annotations

import colorsys
import hashlib
import io
import json
import random
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.tiny_diffusion.concepts import STYLES, Concept

DRAWINGS = Path(__file__).with_name("drawings")
SIZE = 96
"""Pixels along each side."""

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""Left, top, width and height, as in an SVG's viewBox."""


@dataclass(frozen=True)
class EmojiSet:
    """An npm package of vector emoji."""

    style: str
    package: str
    version: str
    sha256: str
    """Hash of its icons.json."""


EMOJI_SETS = (
    EmojiSet("noto", "@iconify-json/noto", "1.2.9", "9eac6ef4e7ec122b6f0e7ac281d61008afdbc720d0ce861e398b939daaa347c6"),
    EmojiSet("twemoji", "@iconify-json/twemoji", "1.2.5", "5d5d820790565b764f2728675d487c9ee4c1fc83916d8567d5aca8ba7527c242"),
)

OWN_STYLES = tuple(style.name for style in STYLES)
"""Those that the diffusion model learns."""

GROUNDS = {
    "grey": (232, 234, 240),
    "blue": (214, 230, 250),
    "green": (218, 240, 222),
    "yellow": (253, 241, 206),
    "pink": (251, 223, 229),
    "lilac": (232, 222, 248),
}
"""Pale colours, in sRGB."""


@dataclass(frozen=True)
class Variation:
    """How far a variant may differ from the picture as it was drawn."""

    smallest: float = 0.8
    """Size relative to the picture's side."""
    largest: float = 0.96
    hue: float = 0.02
    """Turns of the colour wheel, either way."""
    mirrored: float = 0.5
    """Probability, where a mirror image is not wrong."""
    shifted: bool = True
    """Anywhere on the ground; else in the middle."""


@dataclass(frozen=True)
class Picture:
    """A vector picture of one concept in one style."""

    concept: Concept
    style: str
    body: str
    """SVG elements."""
    box: Box


@dataclass(frozen=True)
class Variant:
    """A picture as it is trained."""

    picture: Picture
    ground: str
    pixels: Pixels
    """[96, 96, 3]."""


def fetch_emoji(folder: Path, emoji_sets: tuple[EmojiSet, ...] = EMOJI_SETS) -> dict[str, dict[str, Any]]:
    """Return the icon sets by style, fetched with npm unless they are in `folder` already.

    Raises:
        ValueError: a package is not the one that was recorded.
    """
    sets = {}
    for emoji in emoji_sets:
        file = folder / "node_modules" / emoji.package / "icons.json"
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            command = ["npm", "install", "--ignore-scripts", "--prefix", str(folder), f"{emoji.package}@{emoji.version}"]
            subprocess.run(command, check=True)
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != emoji.sha256:
            raise ValueError(f"{file} is not that of {emoji.package} {emoji.version}")
        sets[emoji.style] = json.loads(content)
    return sets


def pictures_of(concept: Concept, sets: dict[str, dict[str, Any]]) -> list[Picture]:
    """Return every picture of a concept that the diffusion model learns: our drawing, or else the emoji."""
    if not concept.drawing:
        return emoji_of(concept, sets, OWN_STYLES)
    drawn = (DRAWINGS / f"{concept.drawing}.svg").read_text(encoding="utf-8")
    body = drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")]
    return [Picture(concept, "noto", shaded(body), (0, 0, 100, 100)), Picture(concept, "twemoji", body, (0, 0, 100, 100))]


def emoji_of(concept: Concept, sets: dict[str, dict[str, Any]], styles: tuple[str, ...]) -> list[Picture]:
    """Return every emoji of a concept in `styles`, names in `sets`; newer emoji are not in every set."""
    found = []
    for style in styles:
        icons, aliases = sets[style]["icons"], sets[style].get("aliases", {})
        for name in concept.icons:
            icon = icons.get(name) or icons.get(aliases.get(name, {}).get("parent", ""))
            if icon:
                width, height = (icon.get(side, sets[style].get(side, 16)) for side in ("width", "height"))
                found.append(Picture(concept, style, icon["body"], (icon.get("left", 0), icon.get("top", 0), width, height)))
    return found


def shaded(body: str) -> str:
    """Return a flat drawing with every fill turned into a gradient from lighter to darker, as the shaded emoji have."""
    fills = sorted(set(re.findall(r'fill="#([0-9a-f]{6})"', body)))
    gradients = "".join(
        f'<linearGradient id="fill-{fill}" x2="0.3" y2="1"><stop stop-color="{scaled(fill, 1.2)}"/>'
        f'<stop offset="1" stop-color="{scaled(fill, 0.78)}"/></linearGradient>'
        for fill in fills
    )
    return f"<defs>{gradients}</defs>" + re.sub(r'fill="#([0-9a-f]{6})"', r'fill="url(#fill-\1)"', body)


def scaled(colour: str, factor: float) -> str:
    """Return a hexadecimal colour, lighter above 1 and darker below."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)))
    return "#" + "".join(
        f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, min(1.0, lightness * factor), saturation)
    )


def draw(picture: Picture, side: int, mirrored: bool) -> Image.Image:
    """Return the picture on nothing, `side` pixels high and wide."""
    left, top, width, height = picture.box
    longer = max(width, height)
    box = f"{left - (longer - width) / 2} {top - (longer - height) / 2} {longer} {longer}"
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    svg = f'<svg {namespaces} viewBox="{box}">{picture.body}</svg>'
    import resvg_py

    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side))
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else image


def turned_hue(image: Image.Image, turns: float) -> Image.Image:
    """Return the image with its colours moved along the colour wheel."""
    hue, saturation, value = image.convert("RGB").convert("HSV").split()
    moved = hue.point([round(level + 256 * turns) % 256 for level in range(256)])
    colours = Image.merge("HSV", (moved, saturation, value)).convert("RGB")
    colours.putalpha(image.getchannel("A"))
    return colours


def make_variant(picture: Picture, variation: Variation, rng: random.Random) -> Variant:
    """Return one picture at a random place, size, hue and ground."""
    ground = rng.choice(list(GROUNDS))
    canvas = Image.new("RGBA", (SIZE, SIZE), (*GROUNDS[ground], 255))
    side = round(SIZE * rng.uniform(variation.smallest, variation.largest))
    image = draw(picture, side, not picture.concept.one_way and rng.random() < variation.mirrored)
    image = turned_hue(image, rng.uniform(-variation.hue, variation.hue))
    left, top = (rng.randint(0, SIZE - side) if variation.shifted else (SIZE - side) // 2 for _ in "xy")
    canvas.alpha_composite(image, (left, top))
    return Variant(picture, ground, np.asarray(canvas.convert("RGB")))


def make_scene(left: Picture, right: Picture, rng: random.Random) -> Variant:
    """Return two pictures beside each other; the variant's picture is the left one."""
    ground = rng.choice(list(GROUNDS))
    canvas = Image.new("RGBA", (SIZE, SIZE), (*GROUNDS[ground], 255))
    for picture, start in ((left, 0), (right, SIZE // 2)):
        side = rng.randint(SIZE // 2 - 4, SIZE // 2)
        image = draw(picture, side, not picture.concept.one_way and rng.random() < 0.5)
        canvas.alpha_composite(image, (start + (SIZE // 2 - side) // 2, (SIZE - side) // 2 + rng.randint(-8, 8)))
    return Variant(left, ground, np.asarray(canvas.convert("RGB")))
