"""The Whisper that is fine-tuned: from the catalogue, made trainable in one of three ways, and merged at the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from peft.utils import get_peft_model_state_dict

from models.files.model_files import ModelFiles
from models.loading.loaders import ModelLoaders
from models.specs.model_spec import FetchedModel, ModelSpec
from training.whisper.options import LoraOptions, WhisperOptions

UPDATE_PREFIX = "base_model.model."
"""What peft puts before the names of a model's parameters."""


@dataclass(frozen=True)
class Base:
    """A pretrained Whisper."""

    files: FetchedModel
    model: Any
    """WhisperForConditionalGeneration in float32 on the CPU."""
    processor: Any
    """WhisperProcessor."""

    @property
    def name(self) -> str:
        """Name of a folder: another version of the weights has another name."""
        return f"{self.files.spec.key}-{self.files.revision}"


def load_base(spec: ModelSpec, files: ModelFiles) -> Base:
    """Return a Whisper of the catalogue; it is fetched if it is not here.

    Raises:
        ModelUnavailable, DamagedWeights: see `ModelFiles.fetch`.
    """
    fetched = files.fetch(spec)
    in_torch = replace(fetched, spec=replace(spec, loader="whisper_ctranslate2", cpu_dtype="float32"))
    loaded: Any = ModelLoaders().build(in_torch, "cpu")
    return Base(fetched, loaded.model.model, loaded.model.processor)


def make_trainable(model: Any, options: WhisperOptions) -> torch.nn.Module:
    """Return the model in which what the options' method trains needs a gradient, and nothing else."""
    if options.method == "lora":
        trainable: torch.nn.Module = get_peft_model(model, lora_config(options.lora))
        return trainable
    model.requires_grad_(True)
    model.model.encoder.embed_positions.requires_grad_(False)  # sinusoids
    if options.method == "encoder_frozen":
        model.model.encoder.requires_grad_(False)
    frozen: torch.nn.Module = model
    return frozen


def lora_config(options: LoraOptions) -> LoraConfig:
    """Return peft's configuration."""
    sides = "(encoder|decoder)" if options.in_encoder else "decoder"
    return LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=rf".*\.{sides}\.layers\..*\.({'|'.join(options.targets)})",
    )


def is_encoder_frozen(options: WhisperOptions) -> bool:
    """Return whether the encoder's states are those of the base."""
    return options.method == "encoder_frozen" or (options.method == "lora" and not options.lora.in_encoder)


def whisper_of(model: Any) -> Any:
    """Return the WhisperForConditionalGeneration inside a trainable model."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def merged(model: Any, options: LoraOptions) -> Any:
    """Return a plain WhisperForConditionalGeneration with the trained weights; of one with LoRA, this changes the model."""
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            layer.scaling = {name: scale * options.strength for name, scale in layer.scaling.items()}
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def low_rank_updates(model: Any, options: LoraOptions) -> dict[str, torch.Tensor]:
    """Return the factors of the update: NAME.lora_A, and NAME.lora_B with the scale, for each weight NAME in transformers.

    Args:
        model: with LoRA, as `make_trainable` returns it.
        options: with which it was made.
    """
    updates = {}
    for name, factor in get_peft_model_state_dict(model).items():
        weight, _, kind = name.removeprefix(UPDATE_PREFIX).removesuffix(".weight").rpartition(".")
        scale = options.strength * options.alpha / options.rank if kind == "lora_B" else 1.0
        updates[f"{weight}.weight.{kind}"] = (factor * scale).contiguous()
    return updates
