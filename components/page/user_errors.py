"""From what went wrong to what the person reads: one sentence, never a traceback."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

from models.errors import AudioscopeError, disk_error
from pipelines.telemetry.metrics import UNEXPECTED
from pipelines.telemetry.requests import REQUEST, new_id

log = logging.getLogger(__name__)

Handler = TypeVar("Handler", bound=Callable[..., Any])


def sentence_for(error: Exception) -> str:
    """Return the sentence for the page; an unexpected error names the request's id, under which the log has the traceback."""
    request = REQUEST.get()
    known = error if isinstance(error, AudioscopeError) else disk_error(error)
    kind = type(known).__name__ if known else UNEXPECTED
    if request is not None:
        request.fail(kind)
    if known:
        log.info("Answered with %s.", kind)
        log.debug("%s", error)
        return str(known)
    request_id = request.id if request else new_id()
    log.error("Unexpected error %s", request_id, exc_info=error, extra={"request_id": request_id})
    return f"Unexpected error {request_id}: try again, and report this number if it happens again."


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
