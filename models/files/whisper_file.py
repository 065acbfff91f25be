"""A Whisper in CTranslate2's format on disk: its variables, and the weights that they are in transformers.

The format (version 6, written by CTranslate2's `model_spec.py`; little-endian): version u32; name of the specification; revision
u32; number of variables u32; for each its name, rank u8, dimensions u32, number format u8, bytes u32, raw numbers; number of
aliases u32; for each its name and that of the variable. A text is its length as u16 with a closing zero byte. Projections that
are computed together lie stacked: queries, keys and values of the self-attention, keys and values of the cross-attention. Keys
have no bias in Whisper; the file holds zeros.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FORMAT_VERSION = 6
SPECIFICATION = "WhisperSpec"
NUMBER_FORMATS = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}

Numbers = NDArray[Any]
"""Any shape, of one of `NUMBER_FORMATS`."""
Variables = dict[str, Numbers]


class _Reader:
    """Sequential reader of a memory-mapped file."""

    def __init__(self, path: Path, mode: Literal["r", "r+"]) -> None:
        self._data = np.memmap(path, dtype=np.uint8, mode=mode)
        self._at = 0

    def number(self, kind: str) -> int:
        size = struct.calcsize(kind)
        (value,) = struct.unpack(f"<{kind}", self._take(size).tobytes())
        return int(value)

    def text(self) -> str:
        return self._take(self.number("H")).tobytes().rstrip(b"\0").decode()

    def array(self) -> Numbers:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind = np.dtype(NUMBER_FORMATS[self.number("B")]).newbyteorder("<")
        return self._take(self.number("I")).view(kind).reshape(shape)

    def _take(self, size: int) -> NDArray[np.uint8]:
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise ValueError("the CTranslate2 file ends too early")
        self._at += size
        return part


def read_variables(path: Path, mode: Literal["r", "r+"] = "r") -> Variables:
    """Return every variable of the file by name, on disk until it is used.

    Args:
        path: of `model.bin`.
        mode: 'r+' to change numbers in the file by changing them in the arrays.

    Raises:
        ValueError: another format, another kind of model, or a file that ends too early.
    """
    reader = _Reader(path, mode)
    version, specification, _ = reader.number("I"), reader.text(), reader.number("I")
    if (version, specification) != (FORMAT_VERSION, SPECIFICATION):
        raise ValueError(f"{path.name} is {specification[:40]!r} of format {version}, not {SPECIFICATION} of {FORMAT_VERSION}")
    variables = {reader.text(): reader.array() for _ in range(reader.number("I"))}
    aliases = {reader.text(): reader.text() for _ in range(reader.number("I"))}
    return variables | {alias: variables[name] for alias, name in aliases.items()}


def named_weights(variables: Variables) -> Iterator[tuple[str, Numbers]]:
    """Yield (name in transformers, values) of every parameter but the output projection, which is the token embedding."""
    yield "model.decoder.embed_tokens.weight", variables["decoder/embeddings/weight"]
    for number in (1, 2):
        for part in ("weight", "bias"):
            yield f"model.encoder.conv{number}.{part}", variables[f"encoder/conv{number}/{part}"]
    for side in ("encoder", "decoder"):
        yield f"model.{side}.embed_positions.weight", variables[f"{side}/position_encodings/encodings"]
        yield from _norm(variables, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for number in range(layer_count(variables, side)):
            yield from _layer(variables, f"{side}/layer_{number}", f"model.{side}.layers.{number}")


def _layer(variables: Variables, ours: str, theirs: str) -> Iterator[tuple[str, Numbers]]:
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


def _projections(variables: Variables, ours: str, theirs: str, names: Any) -> Iterator[tuple[str, Numbers]]:
    """Yield the stacked projections `names`, one by one."""
    for part in ("weight", "bias"):
        for name, values in zip(names, np.split(variables[f"{ours}/{part}"], len(names)), strict=True):
            if (name, part) != ("k", "bias"):
                yield f"{theirs}.{name}_proj.{part}", values


def _norm(variables: Variables, ours: str, theirs: str) -> Iterator[tuple[str, Numbers]]:
    yield f"{theirs}.weight", variables[f"{ours}/gamma"]
    yield f"{theirs}.bias", variables[f"{ours}/beta"]


def layer_count(variables: Variables, side: str) -> int:
    """Return the layers of a side, 'encoder' or 'decoder'."""
    return sum(name.startswith(f"{side}/layer_") and name.endswith("/ffn/linear_0/weight") for name in variables)
