"""A Whisper in CTranslate2's format on disk as a transformers model, which gives its hidden states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import AnyArray, FloatArray
from models.files.whisper_file import Variables, layer_count, named_weights, read_variables
from models.specs.model_spec import Device

MAX_NEW_TOKENS = 448
"""Positions of every Whisper's decoder."""


def build_whisper(directory: Path, tokenizer: Any, dtype: Any, device: Device, english_only: bool = False) -> tuple[Any, Any]:
    """Return (WhisperForConditionalGeneration, WhisperProcessor) from `model.bin` and `config.json` in `directory`.

    Args:
        directory: as CTranslate2's converter writes it.
        tokenizer: a WhisperTokenizer.
        dtype: torch number format of the weights.
        device: where the weights go, one by one: main memory never holds all of them.
        english_only: whether the model knows no other language; its files name all languages nevertheless.

    Raises:
        ValueError: see `read_variables`; also a model whose weights are quantised to whole numbers.
    """
    import torch
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperProcessor

    variables = read_variables(directory / "model.bin")
    with torch.device("meta"):
        model = WhisperForConditionalGeneration(_config(variables, tokenizer))
    weights = {name: torch.from_numpy(_floats(values)).to(device, dtype) for name, values in named_weights(variables)}
    model.load_state_dict(weights | {"proj_out.weight": weights["model.decoder.embed_tokens.weight"]}, assign=True)
    model.tie_weights()
    model.generation_config = _generation_config(json.loads((directory / "config.json").read_text()), tokenizer, english_only)
    bands = variables["encoder/conv1/weight"].shape[1]
    return model, WhisperProcessor(WhisperFeatureExtractor(feature_size=bands), tokenizer)


def _config(variables: Variables, tokenizer: Any) -> Any:
    from transformers import WhisperConfig

    width, bands, _ = variables["encoder/conv1/weight"].shape
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    sizes = {
        f"{side}_{what}": value
        for side in ("encoder", "decoder")
        for what, value in (
            ("layers", layer_count(variables, side)),
            ("attention_heads", int(variables[f"{side}/num_heads"])),
            ("ffn_dim", len(variables[f"{side}/layer_0/ffn/linear_0/weight"])),
        )
    }
    return WhisperConfig(
        vocab_size=len(variables["decoder/embeddings/weight"]),
        num_mel_bins=bands,
        d_model=width,
        max_source_positions=len(variables["encoder/position_encodings/encodings"]),
        max_target_positions=len(variables["decoder/position_encodings/encodings"]),
        decoder_start_token_id=tokenizer.convert_tokens_to_ids("<|startoftranscript|>"),
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        **sizes,
    )


def _generation_config(config: dict[str, Any], tokenizer: Any, english_only: bool) -> Any:
    """Return the configuration of `generate`, from the configuration of the converter and the tokenizer's own tokens."""
    from transformers import GenerationConfig

    start, end, transcribe, translate, no_times = tokenizer.convert_tokens_to_ids(
        ["<|startoftranscript|>", "<|endoftext|>", "<|transcribe|>", "<|translate|>", "<|notimestamps|>"]
    )
    languages = [] if english_only else config.get("lang_ids", [])
    return GenerationConfig(
        alignment_heads=config["alignment_heads"],
        suppress_tokens=config["suppress_ids"],
        begin_suppress_tokens=config["suppress_ids_begin"],
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        no_timestamps_token_id=no_times,
        is_multilingual=bool(languages),
        lang_to_id=dict(zip(tokenizer.convert_ids_to_tokens(languages), languages, strict=True)),
        task_to_id={"transcribe": transcribe, "translate": translate},
        max_length=MAX_NEW_TOKENS,
    )


def _floats(values: AnyArray) -> FloatArray:
    if values.dtype.kind != "f":
        raise ValueError(f"its weights are {values.dtype}: only float16 and float32 can be read")
    return np.array(values, dtype=np.float32)
