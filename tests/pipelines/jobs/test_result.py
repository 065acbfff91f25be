"""What `to_dict` makes of results."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from models.arrays import FloatArray
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import LEFT_OUT, Result, as_document

ROOT = Path(__file__).parents[3]


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Inner(Result):
    share: float


@dataclass(frozen=True, eq=False)
class Outer(Result):
    inner: tuple[Inner, ...]
    frames: FloatArray
    count: np.int64
    colour: Colour
    file: Path
    unknown: float
    image: object = field(metadata=LEFT_OUT)


def test_a_result_becomes_json_values() -> None:
    frames = np.array([[0.123456, np.inf]], dtype=np.float32)
    found = Outer((Inner(1 / 3),), frames, np.int64(3), Colour.RED, Path("a/b.wav"), float("nan"), object())
    document = found.to_dict()
    assert document == {
        "inner": [{"share": 0.3333}],
        "frames": [[0.1235, None]],
        "count": 3,
        "colour": "red",
        "file": "a/b.wav",
        "unknown": None,
    }
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_a_value_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes is no JSON value"):
        as_document({"raw": b"\x00"})


def dataclasses_in(annotation: Any) -> set[type[Any]]:
    """Return the dataclasses that an annotation names, at any depth."""
    inner = {found for argument in get_args(annotation) for found in dataclasses_in(argument)}
    return inner | ({annotation} if isinstance(annotation, type) and is_dataclass(annotation) else set())


def kinds_of_results() -> set[type[Any]]:
    """Return every subclass of `ModelUse`, and the dataclasses of their fields, but options."""
    for file in (ROOT / "pipelines").rglob("*.py"):
        import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    waiting, found = list(ModelUse.__subclasses__()), set[type[Any]]()
    while waiting:
        kind = waiting.pop()
        if kind.__module__.startswith("pipelines.") and kind not in found and not kind.__name__.endswith("Options"):
            found.add(kind)
            waiting += {named for hint in get_type_hints(kind).values() for named in dataclasses_in(hint)}
    return found


def test_every_result_and_all_that_it_holds_has_to_dict() -> None:
    kinds = kinds_of_results()
    assert len(kinds) > 40
    assert not {kind.__name__ for kind in kinds if not issubclass(kind, Result)}
