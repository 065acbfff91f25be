"""Read a TensorFlow checkpoint ("tensor bundle") without TensorFlow.

The index file is a LevelDB table: blocks of prefix-compressed keys whose values are, for each variable, a BundleEntryProto
(dtype, shape, offset, size). The data file holds the raw little-endian values. The formats are those of tensorflow's
core/protobuf/tensor_bundle.proto and leveldb's doc/table_format.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray

FOOTER_BYTES = 48
MAGIC = 0xDB4775248B80FB57
UNCOMPRESSED = 0
FLOAT32 = 1
"""DT_FLOAT in tensorflow/core/framework/types.proto."""
DTYPE_FIELD, SHAPE_FIELD, OFFSET_FIELD, SIZE_FIELD = 1, 2, 4, 5
VARINT, LENGTH_DELIMITED, FIXED32 = 0, 2, 5
"""Wire types of protocol buffers that a bundle entry uses."""
WIRE_TYPE_BITS = 3
DIMENSIONS_FIELD, DIMENSION_SIZE_FIELD = 2, 1
"""Field numbers of TensorShapeProto."""

Fields = dict[int, list[int | bytes]]


@dataclass(frozen=True)
class _BlockHandle:
    offset: int
    size: int


def float_variables(index: bytes, data: bytes) -> dict[str, FloatArray]:
    """Return all float32 variables by name, from the bytes of a checkpoint's index and of its one data file.

    Raises:
        ValueError: this is no such index.
    """
    variables = {}
    for key, value in _table(index):
        fields = _fields(value)
        if key and fields.get(DTYPE_FIELD) == [FLOAT32]:  # the empty key holds the bundle's header
            (shape,), (size,) = fields[SHAPE_FIELD], fields[SIZE_FIELD]
            (offset,) = fields.get(OFFSET_FIELD, [0])
            if not isinstance(shape, bytes) or not isinstance(size, int) or not isinstance(offset, int):
                raise ValueError(f"the entry of {key.decode()} is damaged")
            values = np.frombuffer(data[offset : offset + size], dtype="<f4")
            variables[key.decode()] = values.reshape(_dimensions(shape))
    return variables


def _table(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a LevelDB table, in order."""
    footer = table[-FOOTER_BYTES:]
    if int.from_bytes(footer[-8:], "little") != MAGIC:
        raise ValueError("this is no LevelDB table")
    _, position = _block_handle(footer, 0)
    index_handle, _ = _block_handle(footer, position)
    for _, value in _block(table, index_handle):
        handle, _ = _block_handle(value, 0)
        yield from _block(table, handle)


def _block(table: bytes, handle: _BlockHandle) -> Iterator[tuple[bytes, bytes]]:
    if table[handle.offset + handle.size] != UNCOMPRESSED:
        raise ValueError("a block of this table is compressed")
    block = table[handle.offset : handle.offset + handle.size]
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        unshared, position = _varint(block, position)
        size, position = _varint(block, position)
        key = key[:shared] + block[position : position + unshared]
        position += unshared
        yield key, block[position : position + size]
        position += size


def _block_handle(buffer: bytes, position: int) -> tuple[_BlockHandle, int]:
    offset, position = _varint(buffer, position)
    size, position = _varint(buffer, position)
    return _BlockHandle(offset, size), position


def _dimensions(shape: bytes) -> list[int]:
    """Return the sizes of a TensorShapeProto."""
    sizes: list[int] = []
    for dimension in _fields(shape).get(DIMENSIONS_FIELD, []):
        if isinstance(dimension, bytes):
            sizes += [size for size in _fields(dimension)[DIMENSION_SIZE_FIELD] if isinstance(size, int)]
    return sizes


def _fields(message: bytes) -> Fields:
    """Return the fields of a protocol buffer by number: varints as int, all else as bytes."""
    fields: Fields = {}
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire_type = divmod(tag, 1 << WIRE_TYPE_BITS)
        value: int | bytes
        if wire_type == VARINT:
            value, position = _varint(message, position)
        elif wire_type == LENGTH_DELIMITED:
            size, position = _varint(message, position)
            value, position = message[position : position + size], position + size
        elif wire_type == FIXED32:
            value, position = message[position : position + 4], position + 4
        else:
            raise ValueError(f"wire type {wire_type} has no place in a bundle entry")
        fields.setdefault(number, []).append(value)
    return fields


def _varint(buffer: bytes, position: int) -> tuple[int, int]:
    """Return (value, position after it) of seven bits a byte, lowest first."""
    value = shift = 0
    while True:
        byte = buffer[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
