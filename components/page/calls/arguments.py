"""Arguments of API and MCP callers, who may send anything: each is checked before the work begins."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from models.errors import InvalidOption

INT_BITS = 63
WORDS = {float: "a number", int: "a whole number", bool: "true or false", str: "text", NoneType: "null"}
"""Types of arguments that are checked here, in words; others, as uploads, are checked where they are used."""


def _encodable(text: str) -> str:
    """Return `text`; raise UnicodeEncodeError where it has half a character, which no answer could repeat."""
    text.encode()
    return text


BOUNDED: dict[Any, Any] = {
    str: Annotated[str, AfterValidator(_encodable)],
    float: Annotated[float, Field(allow_inf_nan=False)],
    int: Annotated[int, Field(ge=-(2**INT_BITS), lt=2**INT_BITS)],
}
Check = Callable[[Any], Any]


def argument_checks(work: Callable[..., Any], left_out: str) -> tuple[Check, ...]:
    """Return a check for each argument of `work` but `left_out`, which returns the value as the type of its annotation.

    A check raises InvalidOption.
    """
    hints = get_type_hints(work)
    return tuple(argument_check(name, hints[name]) for name in inspect.signature(work).parameters if name != left_out)


def argument_check(name: str, expected: Any) -> Check:
    """Return a check for an argument of the type `expected`; see `argument_checks`."""
    adapter, words = TypeAdapter(_bounded(expected)), _in_words(expected)

    def check(value: Any) -> Any:
        try:
            return adapter.validate_python(value)
        except (ValidationError, RecursionError):
            raise InvalidOption(name, value, words) from None

    return check


def _bounded(expected: Any) -> Any:
    """Return a type that takes no infinite numbers, and takes what is checked elsewhere as it is."""
    if expected in WORDS:
        return BOUNDED.get(expected, expected)
    inner = tuple(map(_bounded, get_args(expected)))
    match get_origin(expected):
        case origin if origin in (Union, UnionType):
            return Union[inner]  # noqa: UP007 the types are known at run time only
        case origin if origin is list:
            return list[inner[0]]  # type: ignore[valid-type]
    return Any


def _in_words(expected: Any) -> str:
    if expected in WORDS:
        return WORDS[expected]
    inner = [_in_words(part) for part in get_args(expected)]
    return f"a list, each {inner[0]}" if get_origin(expected) is list else " or ".join(inner) or "an upload"
