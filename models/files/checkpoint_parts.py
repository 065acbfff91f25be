"""A part of a checkpoint that lies on the hub in shards, such as the audio tower of a language model, without the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

INDEX_FILE = "model.safetensors.index.json"


def shards_of(index: Path, prefix: str = "") -> tuple[str, ...]:
    """Return the names of the shards, beside the index, that hold weights whose names begin with `prefix`."""
    weight_map: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    return tuple(sorted({shard for name, shard in weight_map.items() if name.startswith(prefix)}))


def load_part(kind: Any, whole: Any, directory: Path, prefix: str, dtype: Any, device: str) -> Any:
    """Return the model of class `kind`, a part of the one that `whole` describes, from the weights that begin with `prefix`.

    Args:
        kind: a class of transformers.
        whole: the configuration of the whole model.
        directory: with the index, and the shards that are needed.
        prefix: of the names of the weights, with the point at its end.
        dtype: torch number format of the weights.
        device: where they go, one by one.

    Raises:
        ValueError: the whole model has no such part.
        RuntimeError: weights are missing, or there are some that do not belong to it.
    """
    import torch
    from safetensors import safe_open

    configs = [getattr(whole, name) for name in whole.sub_configs]
    config = next((part for part in configs if isinstance(part, kind.config_class)), None)
    if config is None:
        raise ValueError(f"{type(whole).__name__} has no part for {kind.__name__}")
    with torch.device("meta"):
        model = kind(config)
    weights: dict[str, Any] = {}
    for shard in shards_of(directory / INDEX_FILE, prefix):
        with safe_open(directory / shard, framework="pt") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (it is no dictionary)
            weights |= {name.removeprefix(prefix): file.get_tensor(name).to(device, dtype) for name in names}
    model.load_state_dict(weights, assign=True)
    return model.to(device)
