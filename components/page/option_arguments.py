"""Endpoints with many arguments: the fields of an options dataclass become the arguments of the API and of the MCP tool."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, get_args, get_type_hints

RETURNS = "\n\nReturns:"


def with_option_arguments(options: type[Any]) -> Callable[[Callable[..., Iterator[Any]]], Callable[..., Iterator[Any]]]:
    """Decorate a generator function of (audio, `options`, *, should_stop), so that it takes one argument for each field.

    Gradio reads the signature, the annotations and the docstring of an endpoint: all three name the fields.

    Args:
        options: a dataclass whose fields are `Annotated` with their description and have defaults.
    """
    types, described = get_type_hints(options), get_type_hints(options, include_extras=True)

    def decorate(handler: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        @functools.wraps(handler)
        def endpoint(audio: Any, *values: Any, should_stop: Callable[[], bool]) -> Iterator[Any]:
            yield from handler(audio, options(*values), should_stop=should_stop)

        hints = get_type_hints(handler)
        audio, _, should_stop = (
            parameter.replace(annotation=hints[name]) for name, parameter in inspect.signature(handler).parameters.items()
        )
        arguments = [
            audio.replace(name=field.name, default=field.default, annotation=types[field.name]) for field in fields(options)
        ]
        (result,) = get_args(hints["return"])
        signature = inspect.Signature([audio, *arguments, should_stop], return_annotation=result)
        endpoint.__signature__ = signature  # type: ignore[attr-defined]
        endpoint.__annotations__ = {
            **{name: parameter.annotation for name, parameter in signature.parameters.items()},
            "return": result,
        }
        lines = [f"    {name}: {get_args(described[name])[-1]}" for name in types]
        before, after = (inspect.getdoc(handler) or "").split(RETURNS)
        endpoint.__doc__ = "\n".join([before, *lines]) + RETURNS + after
        return endpoint

    return decorate
