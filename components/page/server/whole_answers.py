"""Answers that are held back until they are whole, since what is done with them depends on all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def serve_whole(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    is_held: Callable[[Message], bool],
    finish: Callable[[Message, bytes], Awaitable[None]],
) -> None:
    """Serve a request by `app`.

    Args:
        app: what answers.
        scope: the request.
        receive: the rest of the request.
        send: takes the messages of other answers, as they come.
        is_held: whether an answer with this beginning is held back.
        finish: is given the beginning and the whole body of one that was.
    """
    start: Message | None = None
    body = bytearray()

    async def take(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and is_held(message):
            start = message
        elif start is None or message["type"] != "http.response.body":
            await send(message)
        else:
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await finish(start, bytes(body))

    await app(scope, receive, take)


async def send_whole(send: Send, start: Message, body: bytes) -> None:
    """Send an answer."""
    await send(start)
    await send({"type": "http.response.body", "body": body})
