"""Endpoints with many arguments: the fields of an options dataclass become the arguments of the API and of the MCP tool."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, get_args, get_type_hints

ARGUMENTS, RETURNS = "\n\nArgs:", "\n\nReturns:"


def with_argument(doc: str, name: str, description: str) -> str:
    """Return a docstring with one more argument, the last of its section 'Args', which is added where there is none."""
    before, returns, after = f"\n\n{doc}".partition(RETURNS)
    section = "" if ARGUMENTS in before else ARGUMENTS
    return f"{before}{section}\n    {name}: {description}{returns}{after}".strip()


def with_option_arguments(options: type[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function or generator function of (audio, `options`, *, should_stop) to take one argument for each field.

    Gradio reads the signature, the annotations and the docstring of an endpoint: all three name the fields.

    Args:
        options: a dataclass whose fields are `Annotated` with their description and have defaults.
    """
    types, described = get_type_hints(options), get_type_hints(options, include_extras=True)

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        def call(audio: Any, *values: Any, should_stop: Callable[[], bool]) -> Any:
            return handler(audio, options(*values), should_stop=should_stop)

        def stream(audio: Any, *values: Any, should_stop: Callable[[], bool]) -> Iterator[Any]:
            yield from call(audio, *values, should_stop=should_stop)

        is_stream = inspect.isgeneratorfunction(handler)
        endpoint: Any = functools.wraps(handler)(stream if is_stream else call)
        hints = get_type_hints(handler)
        audio, _, should_stop = (
            parameter.replace(annotation=hints[name]) for name, parameter in inspect.signature(handler).parameters.items()
        )
        arguments = [
            audio.replace(name=field.name, default=field.default, annotation=types[field.name]) for field in fields(options)
        ]
        result = get_args(hints["return"])[0] if is_stream else hints["return"]
        signature = inspect.Signature([audio, *arguments, should_stop], return_annotation=result)
        endpoint.__signature__ = signature
        endpoint.__annotations__ = {
            **{name: parameter.annotation for name, parameter in signature.parameters.items()},
            "return": result,
        }
        endpoint.__doc__ = inspect.getdoc(handler) or ""
        for name in types:
            endpoint.__doc__ = with_argument(endpoint.__doc__, name, get_args(described[name])[-1])
        return endpoint  # type: ignore[no-any-return]

    return decorate
