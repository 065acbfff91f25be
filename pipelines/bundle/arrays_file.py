"""NPZ files of strangers: arrays of numbers and texts, never of objects."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from models.arrays import AnyArray
from pipelines.bundle.archive import CheckedArchive
from pipelines.bundle.errors import BundleRefused

MAX_ARRAYS = 8
MAX_NPZ_BYTES = 2**29
MAX_HEADER_BYTES = 10_000
NUMBERS_AND_TEXTS = "fiuU"
"""Kinds of dtypes that are read."""


def read_npz(content: bytes) -> dict[str, AnyArray]:
    """Return the arrays of an NPZ file by their names.

    Unlike `numpy.load`, memory is taken only once the shape in a header is that of the bytes behind it.

    Raises:
        BundleRefused: the file is damaged, or holds other things than numbers and texts.
    """
    with CheckedArchive(io.BytesIO(content), {r"[a-z]+\.npy": MAX_NPZ_BYTES}, MAX_ARRAYS, MAX_NPZ_BYTES) as archive:
        return {name.removesuffix(".npy"): _read_array(archive.read(name)) for name in archive.names}


def _read_array(content: bytes) -> AnyArray:
    file = io.BytesIO(content)
    form: Any = np.lib.format  # its functions have no types
    readers = {(1, 0): form.read_array_header_1_0, (2, 0): form.read_array_header_2_0}
    try:
        read_header = readers[form.read_magic(file)]
        shape, is_fortran, dtype = read_header(file, max_header_size=MAX_HEADER_BYTES)
        if dtype.hasobject or dtype.kind not in NUMBERS_AND_TEXTS:
            raise BundleRefused("it holds arrays of something else than numbers and texts")
        values = content[file.tell() :]
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(values) or not dtype.itemsize:
            raise BundleRefused("an array is not as large as it says")
        array: AnyArray = np.frombuffer(values, dtype).reshape(shape, order="F" if is_fortran else "C")
    except (KeyError, ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError):
        raise BundleRefused("an array is damaged") from None
    return array
