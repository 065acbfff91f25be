"""Uploads end where they would fill the disk."""

from __future__ import annotations

from collections.abc import Callable

from starlette._utils import get_route_path
from starlette.formparsers import MultiPartException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.jobs.admission import JobRefused

UPLOAD = "/gradio_api/upload"


class UploadRoom:
    """ASGI middleware that looks at the disk before an upload and at each part of it.

    A file has a largest size, but an upload may have any number of files, and there may be many uploads at once.
    """

    def __init__(self, app: ASGIApp, check_disk: Callable[[], None]) -> None:
        """Wrap `app`; `check_disk` raises JobRefused where too little disk is left."""
        self._app, self._check_disk = app, check_disk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_upload = scope["type"] == "http" and get_route_path(scope) == UPLOAD

        async def receive_with_room() -> Message:
            message = await receive()
            try:
                self._check_disk()
            except JobRefused as error:
                raise MultiPartException(str(error)) from None  # Gradio deletes what it has, and answers with the sentence
            return message

        await self._app(scope, receive_with_room if is_upload else receive, send)
