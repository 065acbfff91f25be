"""The base of result dataclasses: `to_dict`, which returns a result as JSON values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

DECIMALS = 4
"""Decimals of floats: 0.1 ms of times."""
LEFT_OUT = {"in_document": False}
"""Metadata of a field that `to_dict` leaves out, because it holds no data, or an image."""


class Result:
    """Base of all dataclasses that pipelines answer with."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, as `as_document` makes JSON values of them."""
        return fields_of(self)


def as_document(value: Any) -> Any:
    """Return `value` as JSON values.

    Dataclasses become objects, tuples and arrays lists, enumerations their values, paths texts. Floats have four decimals; those
    that are not finite become null.

    Raises:
        TypeError: JSON has nothing for a value's type.
    """
    match value:
        case None | bool() | int() | str():
            return value.value if isinstance(value, Enum) else value
        case float() | np.floating():
            return round(float(value), DECIMALS) if math.isfinite(value) else None
        case Result():
            return value.to_dict()
        case _ if is_dataclass(value) and not isinstance(value, type):
            return fields_of(value)
        case dict():
            return {str(name): as_document(item) for name, item in value.items()}
        case tuple() | list():
            return [as_document(item) for item in value]
        case np.ndarray() | np.generic():
            return as_document(value.tolist())
        case Enum():
            return as_document(value.value)
        case Path():
            return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def fields_of(found: Any, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields of a dataclass as JSON values, but those named in `without` and those that are `LEFT_OUT`."""
    named = [field.name for field in fields(found) if field.metadata.get("in_document", True) and field.name not in without]
    return {name: as_document(getattr(found, name)) for name in named}
