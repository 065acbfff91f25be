"""Weights of packages with a low-rank update of this repository, merged once into a file of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from models.files.whisper_file import named_weights, read_variables

WEIGHTS_FILE = "model.bin"
DIGEST_CHARACTERS = 16


def merge_whisper(base: Path, update: Path, version: str, directory: Path) -> Path:
    """Return the folder of a Whisper in CTranslate2's format whose weights are those of `base` plus the update.

    Args:
        base: folder of a Whisper in CTranslate2's format, in float16 or float32.
        update: safetensors file of NAME.lora_A [rank, in] and NAME.lora_B [out, rank] for each weight NAME in transformers.
        version: of base and update; the same version is merged once.
        directory: parent of the folder.

    Raises:
        ValueError: the update is one of another model; see also `read_variables`.
    """
    target = directory / f"{update.parent.name}-{hashlib.sha256(version.encode()).hexdigest()[:DIGEST_CHARACTERS]}"
    if target.exists():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        whole = Path(scratch) / "whole"
        shutil.copytree(base, whole, copy_function=shutil.copyfile)
        add_update(whole / WEIGHTS_FILE, update)
        for file in whole.iterdir():
            file.chmod(0o444)  # nothing changes weights by mistake
        try:
            os.replace(whole, target)
        except OSError:
            if not target.exists():  # another process was first
                raise
    return target


def add_update(weights: Path, update: Path) -> None:
    """Add a low-rank update to the weights in a file of CTranslate2, in place.

    Raises:
        ValueError: the update has a weight that the file lacks, or one of another size.
    """
    from safetensors.numpy import load_file

    factors = load_file(update)
    missing = {name.rpartition(".")[0] for name in factors}
    for name, values in named_weights(read_variables(weights, "r+")):
        if name in missing:
            product = factors[f"{name}.lora_B"].astype(np.float32) @ factors[f"{name}.lora_A"].astype(np.float32)
            if product.shape != values.shape:
                raise ValueError(f"the update of {name} is {product.shape}, its weight {values.shape}")
            values += product.astype(values.dtype)
            missing.discard(name)
    if missing:
        raise ValueError(f"the update is one of another model: there is no {min(missing)}")
