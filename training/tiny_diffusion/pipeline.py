"""From trained modules to a folder that `StableDiffusionPipeline.from_pretrained` opens, and back."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline

from training.tiny_diffusion.diffusion import build_scheduler

LARGEST_FILE = "9MB"
"""The repository takes files of less than 10 MB."""


def build_pipeline(autoencoder: Any, text_to_latents: Any, tokenizer: Any) -> Any:
    """Return the modules as one Stable Diffusion."""
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=text_to_latents["text_encoder"],
        tokenizer=tokenizer,
        unet=text_to_latents["unet"],
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def load_pipeline(folder: Path) -> Any:
    """Return the shipped weights, in float32, without any network."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32, safety_checker=None, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def save_pipeline(pipeline: Any, folder: Path) -> None:
    """Write the weights in float16; what else is in `folder`, such as the model card, stays."""
    parts = {
        name: copy.deepcopy(part).half() if isinstance(part, torch.nn.Module) else part
        for name, part in pipeline.components.items()
    }
    with tempfile.TemporaryDirectory() as temporary:
        StableDiffusionPipeline(**parts, requires_safety_checker=False).save_pretrained(temporary, max_shard_size=LARGEST_FILE)
        for network in ("vae", "unet"):
            forget_origin(Path(temporary) / network / "config.json")
        for part in Path(temporary).iterdir():
            if part.is_dir():
                shutil.rmtree(folder / part.name, ignore_errors=True)
        shutil.copytree(temporary, folder, dirs_exist_ok=True)


def forget_origin(config: Path) -> None:
    """Take out of a configuration the folder that its model was loaded from."""
    values = json.loads(config.read_text(encoding="utf-8"))
    values.pop("_name_or_path", None)
    config.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
