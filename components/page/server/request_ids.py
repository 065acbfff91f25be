"""An id for each request, in its log lines, its answer's header and the sentence of an unexpected error."""

from __future__ import annotations

import html
import logging
from typing import Any

import gradio as gr
from gradio.blocks import BlockFunction
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.page.user_errors import errors_as_sentences, sentence_for
from pipelines.telemetry.metrics import Metrics
from pipelines.telemetry.requests import ID_CHARACTERS, REQUEST, ServedRequest, new_id

HEADER = "X-Request-ID"

log = logging.getLogger(__name__)


def identified(metrics: Metrics) -> Middleware:
    """Return the middleware that stands before all others: Compression keeps answers with their headers."""
    return Middleware(RequestIds, metrics=metrics)


class RequestIds:
    """Middleware: identifies and counts HTTP requests, and answers with a sentence where the app raises an error."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, has_begun = ServedRequest(new_id(), self._metrics), False
        REQUEST.set(request)  # for the rest of the task, in which the server logs what went wrong

        async def send_with_id(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                MutableHeaders(scope=message)[HEADER] = request.id
                self._metrics.http_responses.labels(message["status"]).inc()
                log.debug("%s %s from %s: %d", scope["method"], scope["path"], scope["client"], message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            log.info("The client went away.")
        except Exception as error:
            sentence = sentence_for(error)
            if has_begun:
                raise
            await PlainTextResponse(sentence, 500)(scope, receive, send_with_id)


def identify_requests(page: gr.Blocks, metrics: Metrics) -> None:
    """Let the events and endpoints of `page` run as requests with an id, and answer any error with a sentence.

    Gradio's queue runs an event in a task of its own, each step of a generator in another context: the id is that of the event.
    """
    process = page.process_api

    async def process_api(
        block_fn: BlockFunction | int, *arguments: Any, event_id: str | None = None, **options: Any
    ) -> dict[str, Any]:
        request = REQUEST.get()
        if event_id is not None or request is None:  # else it is that of the HTTP request, as Gradio calls this at once
            request = ServedRequest((event_id or new_id())[:ID_CHARACTERS], metrics)
        token = REQUEST.set(request)
        try:
            with errors_as_sentences():
                answer: dict[str, Any] = await process(block_fn, *arguments, event_id=event_id, **options)
                return answer
        except gr.Error as error:
            called = page.fns[block_fn] if isinstance(block_fn, int) else block_fn
            if called.api_visibility != "public":
                error.message = html.escape(error.message, quote=False)  # the page shows it as HTML
            raise
        finally:
            REQUEST.reset(token)

    page.process_api = process_api
