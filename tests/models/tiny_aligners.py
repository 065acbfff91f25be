"""A tiny Wav2Vec2-BERT of the real class with its adapter, and catalogue rows for tiny picture models."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from models.specs.aligner import AlignerFacts, AlignerSpec
from models.specs.image import TINY_DIFFUSION, ImageModelSpec
from models.specs.model_spec import FetchedModel, ModelSpec
from tests.models.tiny_models import fetched, save_diffusers

WIDTH = 32
"""Width of the text states of `save_diffusers`."""


def save_wav2vec2_bert(directory: Path, width: int = WIDTH, **config: Any) -> FetchedModel:
    """One small layer, and the adapter that makes 47 states of 375 frames."""
    import torch
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig, Wav2Vec2BertModel

    torch.manual_seed(0)
    Wav2Vec2BertModel(tiny_config(Wav2Vec2BertConfig, width, **config)).save_pretrained(directory)
    SeamlessM4TFeatureExtractor(padding_value=1).save_pretrained(directory)
    model = fetched(directory, "transformers", "Wav2Vec2BertModel", processor="transformers.SeamlessM4TFeatureExtractor")
    spec = AlignerSpec(
        **{field.name: getattr(model.spec, field.name) for field in fields(ModelSpec)} | {"task": "align_audio"},
        facts=AlignerFacts(text_width=width, tokens=48, window_seconds=3.75),
    )
    return replace(model, spec=spec)


def tiny_config(kind: Any, width: int, **changes: Any) -> Any:
    """One layer of a Wav2Vec2-BERT, whose states are `width` wide."""
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 37,
        "conv_depthwise_kernel_size": 3,
        "output_hidden_size": width,
        "add_adapter": True,
        "num_adapter_layers": 2,
        "adapter_stride": 2,
        "adapter_kernel_size": 3,
        "layerdrop": 0.0,
        "apply_spec_augment": False,
    }
    return kind(**(sizes | changes))


def save_picture_model(directory: Path) -> FetchedModel:
    """A Stable Diffusion of two small blocks as a row that draws pictures."""
    model = save_diffusers(directory)
    row = {field.name: getattr(model.spec, field.name) for field in fields(ModelSpec)} | {"task": "draw_pictures"}
    drawing = replace(TINY_DIFFUSION.drawing, text_width=WIDTH)
    return replace(model, spec=ImageModelSpec(**row, drawing=drawing))
