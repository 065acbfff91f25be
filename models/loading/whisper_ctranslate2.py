"""A Whisper in CTranslate2's format on disk as a transformers model, which gives its hidden states.

The format (version 6, written by CTranslate2's `model_spec.py`; little-endian): version u32; name of the specification; revision
u32; number of variables u32; for each its name, rank u8, dimensions u32, number format u8, bytes u32, raw numbers; number of
aliases u32; for each its name and that of the variable. A text is its length as u16 with a closing zero byte. Projections that
are computed together lie stacked: queries, keys and values of the self-attention, keys and values of the cross-attention. Keys
have no bias in Whisper; the file holds zeros.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import AnyArray, FloatArray
from models.specs.model_spec import Device

FORMAT_VERSION = 6
SPECIFICATION = "WhisperSpec"
NUMBER_FORMATS = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
MAX_NEW_TOKENS = 448
"""Positions of every Whisper's decoder."""

Variables = dict[str, AnyArray]


class _Reader:
    """Sequential reader of a memory-mapped file."""

    def __init__(self, path: Path) -> None:
        self._data = np.memmap(path, dtype=np.uint8, mode="r")
        self._at = 0

    def number(self, kind: str) -> int:
        size = struct.calcsize(kind)
        (value,) = struct.unpack(f"<{kind}", self._take(size).tobytes())
        return int(value)

    def text(self) -> str:
        return self._take(self.number("H")).tobytes().rstrip(b"\0").decode()

    def array(self) -> AnyArray:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind = np.dtype(NUMBER_FORMATS[self.number("B")]).newbyteorder("<")
        return self._take(self.number("I")).view(kind).reshape(shape)

    def _take(self, size: int) -> NDArray[np.uint8]:
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise ValueError("the CTranslate2 file ends too early")
        self._at += size
        return part


def read_variables(path: Path) -> Variables:
    """Return every variable of the file by name, on disk until it is used.

    Raises:
        ValueError: another format, another kind of model, or a file that ends too early.
    """
    reader = _Reader(path)
    version, specification, _ = reader.number("I"), reader.text(), reader.number("I")
    if (version, specification) != (FORMAT_VERSION, SPECIFICATION):
        raise ValueError(f"{path.name} is {specification[:40]!r} of format {version}, not {SPECIFICATION} of {FORMAT_VERSION}")
    variables = {reader.text(): reader.array() for _ in range(reader.number("I"))}
    aliases = {reader.text(): reader.text() for _ in range(reader.number("I"))}
    return variables | {alias: variables[name] for alias, name in aliases.items()}


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
    weights = {name: torch.from_numpy(_floats(values)).to(device, dtype) for name, values in _weights(variables)}
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
            ("layers", _layers(variables, side)),
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


def _layers(variables: Variables, side: str) -> int:
    return sum(name.startswith(f"{side}/layer_") and name.endswith("/ffn/linear_0/weight") for name in variables)


def _floats(values: AnyArray) -> FloatArray:
    if values.dtype.kind != "f":
        raise ValueError(f"its weights are {values.dtype}: only float16 and float32 can be read")
    return np.array(values, dtype=np.float32)


def _weights(variables: Variables) -> Iterator[tuple[str, AnyArray]]:
    """Yield (name in transformers, values) of every parameter but the output projection, which is the token embedding."""
    yield "model.decoder.embed_tokens.weight", variables["decoder/embeddings/weight"]
    for number in (1, 2):
        for part in ("weight", "bias"):
            yield f"model.encoder.conv{number}.{part}", variables[f"encoder/conv{number}/{part}"]
    for side in ("encoder", "decoder"):
        yield f"model.{side}.embed_positions.weight", variables[f"{side}/position_encodings/encodings"]
        yield from _norm(variables, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for number in range(_layers(variables, side)):
            yield from _layer(variables, f"{side}/layer_{number}", f"model.{side}.layers.{number}")


def _layer(variables: Variables, ours: str, theirs: str) -> Iterator[tuple[str, AnyArray]]:
    yield from _projections(variables, f"{ours}/self_attention/linear_0", f"{theirs}.self_attn", "qkv")
    yield from _projections(variables, f"{ours}/self_attention/linear_1", f"{theirs}.self_attn", ("out",))
    yield from _norm(variables, f"{ours}/self_attention/layer_norm", f"{theirs}.self_attn_layer_norm")
    if f"{ours}/attention/linear_0/weight" in variables:
        for number, names in enumerate(("q", "kv", ("out",))):
            yield from _projections(variables, f"{ours}/attention/linear_{number}", f"{theirs}.encoder_attn", names)
        yield from _norm(variables, f"{ours}/attention/layer_norm", f"{theirs}.encoder_attn_layer_norm")
    for number in (0, 1):
        for part in ("weight", "bias"):
            yield f"{theirs}.fc{number + 1}.{part}", variables[f"{ours}/ffn/linear_{number}/{part}"]
    yield from _norm(variables, f"{ours}/ffn/layer_norm", f"{theirs}.final_layer_norm")


def _projections(variables: Variables, ours: str, theirs: str, names: Any) -> Iterator[tuple[str, AnyArray]]:
    """Yield the stacked projections `names`, one by one."""
    for part in ("weight", "bias"):
        for name, values in zip(names, np.split(variables[f"{ours}/{part}"], len(names)), strict=True):
            if (name, part) != ("k", "bias"):
                yield f"{theirs}.{name}_proj.{part}", values


def _norm(variables: Variables, ours: str, theirs: str) -> Iterator[tuple[str, AnyArray]]:
    yield f"{theirs}.weight", variables[f"{ours}/gamma"]
    yield f"{theirs}.bias", variables[f"{ours}/beta"]
