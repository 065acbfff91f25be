"""Type aliases of the NumPy arrays that pass between modules, their form in JSON, and what NumPy allows."""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

MAX_JSON_DIMENSIONS = 4


@dataclass(frozen=True)
class ArrayAsJson:
    """How pydantic writes and reads an array: {"shape": [...], "data": base64 of the values in C order, little-endian}."""

    dtype: str
    """Type of the values in the file, such as '<f4'."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        size = core_schema.int_schema(strict=True, ge=0)
        written = core_schema.typed_dict_schema(
            {
                "shape": core_schema.typed_dict_field(core_schema.list_schema(size, max_length=MAX_JSON_DIMENSIONS)),
                "data": core_schema.typed_dict_field(core_schema.str_schema(strict=True)),
            },
            extra_behavior="forbid",
        )
        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(self._read, written),
            python_schema=core_schema.is_instance_schema(np.ndarray),
            serialization=core_schema.plain_serializer_function_ser_schema(self._written, when_used="json"),
        )

    def _written(self, array: AnyArray) -> dict[str, Any]:
        values = np.ascontiguousarray(array, dtype=self.dtype)
        return {"shape": list(array.shape), "data": base64.b64encode(values.tobytes()).decode("ascii")}

    def _read(self, written: dict[str, Any]) -> AnyArray:
        try:
            content = base64.b64decode(written["data"], validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the values are no base64") from None
        dtype = np.dtype(self.dtype)
        if math.prod(written["shape"]) * dtype.itemsize != len(content):
            raise ValueError("the shape is not that of the values")
        array = np.frombuffer(content, dtype).reshape(written["shape"])
        if not np.isfinite(array).all():
            raise ValueError("a value is not finite")
        return array.astype(dtype.newbyteorder("="))


FloatArray = Annotated[NDArray[np.float32], ArrayAsJson("<f4")]
DoubleArray = Annotated[NDArray[np.float64], ArrayAsJson("<f8")]
IntArray = Annotated[NDArray[np.int64], ArrayAsJson("<i8")]
BoolArray = NDArray[np.bool_]
AnyArray = NDArray[Any]

MAX_SEED = 2**32 - 1
"""Largest seed that NumPy, scikit-learn and torch all take."""
