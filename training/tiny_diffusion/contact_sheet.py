"""Contact sheets, to see at a glance what a model draws: `python -m training.tiny_diffusion.contact_sheet sheet.png`.

Without labels, a sheet shows whether a person who does not know the prompts recognises the pictures.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw

from training.tiny_diffusion.concepts import concepts
from training.tiny_diffusion.pictures import SIZE
from training.tiny_diffusion.pipeline import load_pipeline

SHIPPED = Path(__file__).parent.parent.parent / "models" / "weights" / "tiny_diffusion"
BATCH = 32
LABEL_HEIGHT = 14
"""Pixels."""


@dataclass(frozen=True)
class SheetOptions:
    """How to draw."""

    style: str = "shaded"
    seed: int = 0
    steps: int = 20
    guidance: float = 3.0
    columns: int = 15
    labels: bool = True


def draw_prompts(pipeline: Any, prompts: list[str], options: SheetOptions) -> list[Image.Image]:
    """Return one picture for each prompt; the n-th has the seed that it would have alone."""
    images: list[Image.Image] = []
    for start in range(0, len(prompts), BATCH):
        batch = prompts[start : start + BATCH]
        generators = [torch.Generator().manual_seed(options.seed + start + index) for index in range(len(batch))]
        drawn = pipeline(batch, num_inference_steps=options.steps, guidance_scale=options.guidance, generator=generators)
        images += drawn.images
    return images


def contact_sheet(images: list[Image.Image], labels: list[str], options: SheetOptions) -> Image.Image:
    """Return the pictures in rows."""
    height = SIZE + (LABEL_HEIGHT if options.labels else 0)
    sheet = Image.new("RGB", (options.columns * SIZE, -(-len(images) // options.columns) * height), "white")
    pen = ImageDraw.Draw(sheet)
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        left, top = index % options.columns * SIZE, index // options.columns * height
        sheet.paste(image, (left, top))
        if options.labels:
            pen.text((left + 2, top + SIZE), label[: SIZE // 6], fill="black")
    return sheet


def sheet_of_concepts(pipeline: Any, options: SheetOptions) -> Image.Image:
    """Return a sheet of every concept by its name, in one style."""
    names = [concept.name for concept in concepts()]
    images = draw_prompts(pipeline, [f"{name}, {options.style} style" for name in names], options)
    return contact_sheet(images, names, options)


def main() -> None:
    """Draw every concept, or the prompts that were given."""
    defaults = SheetOptions()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("--pipeline", type=Path, default=SHIPPED)
    parser.add_argument("--prompts", nargs="*")
    parser.add_argument("--style", default=defaults.style)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--steps", type=int, default=defaults.steps)
    parser.add_argument("--guidance", type=float, default=defaults.guidance)
    parser.add_argument("--columns", type=int, default=defaults.columns)
    parser.add_argument("--no-labels", action="store_true")
    chosen = parser.parse_args()
    options = SheetOptions(chosen.style, chosen.seed, chosen.steps, chosen.guidance, chosen.columns, labels=not chosen.no_labels)
    pipeline = load_pipeline(chosen.pipeline)
    if chosen.prompts:
        sheet = contact_sheet(draw_prompts(pipeline, chosen.prompts, options), chosen.prompts, options)
    else:
        sheet = sheet_of_concepts(pipeline, options)
    sheet.save(chosen.target)


if __name__ == "__main__":
    main()
