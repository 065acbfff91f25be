"""From what went wrong to what the person reads: one sentence, never a traceback."""

from __future__ import annotations

import functools
import inspect
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

from models.errors import AudioscopeError

log = logging.getLogger(__name__)

Handler = TypeVar("Handler", bound=Callable[..., Any])


def sentence_for(error: Exception) -> str:
    """Return the sentence for the page; an unexpected error gets an id, under which the log has the traceback."""
    if isinstance(error, AudioscopeError):
        log.info("%s: %s", type(error).__name__, error)
        return str(error)
    error_id = uuid.uuid4().hex[:8]
    log.error("Unexpected error %s", error_id, exc_info=error)
    return f"Unexpected error {error_id}: try again, and report this number if it happens again."


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Turn any error of the block into a `gr.Error` with a sentence."""
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        raise gr.Error(sentence_for(error), title="", print_exception=False) from error


def report_errors(handler: Handler) -> Handler:
    """Decorate an event handler, plain function or generator, so that the person reads sentences."""

    @functools.wraps(handler)
    def function(*arguments: Any, **options: Any) -> Any:
        with errors_as_sentences():
            return handler(*arguments, **options)

    @functools.wraps(handler)
    def generator(*arguments: Any, **options: Any) -> Iterator[Any]:
        with errors_as_sentences():
            yield from handler(*arguments, **options)

    return generator if inspect.isgeneratorfunction(handler) else function  # type: ignore[return-value]
