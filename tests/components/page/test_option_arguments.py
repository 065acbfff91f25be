"""Endpoints whose arguments are the fields of a dataclass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from components.page.option_arguments import with_option_arguments


@dataclass(frozen=True)
class Arguments:
    threshold: Annotated[float, "from 0 to 1."] = 0.5
    pitch: Annotated[int | None, "MIDI pitch; null for all."] = None
    drums: Annotated[bool, "whether drums count."] = True
    names: Annotated[list[str] | None, "what is listed."] = None


@with_option_arguments(Arguments)
def listen(audio: str, arguments: Arguments, *, should_stop: Callable[[], bool]) -> Arguments:
    """Listen to a recording."""
    return arguments


def answer(*values: Any) -> Arguments:
    return listen("clip", *values, should_stop=lambda: False)  # type: ignore[no-any-return]


def test_values_arrive_as_the_types_of_their_fields() -> None:
    assert answer(1, 60.0, False, ["a"]) == Arguments(1.0, 60, False, ["a"])
    assert answer(0.2, None, True, None) == Arguments(0.2)
