"""Headers that bound what a browser does with an answer: what may run in the page, and that nothing runs in strangers' files.

The page may run the scripts that this server serves, and those that Gradio writes into it, each by its hash. It cannot forbid
`eval`: Gradio builds functions from the text of a component's template and script. Styles may stand anywhere, as Gradio writes
them into elements.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import partial
from hashlib import sha256

from starlette._utils import get_route_path
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.page.server.whole_answers import send_whole, serve_whole

PAGE = "/"
INLINE_SCRIPT = re.compile(rb"<script(?:\s+data-[\w-]+)?>(.*?)</script>", re.DOTALL)
"""A script in the page's HTML; those of files have `src`."""
PAGE_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-eval' blob:",  # a blob is made by a script: the audio worklet of live tempo and dictation
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "frame-src": "'none'",
    "manifest-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
FILE_POLICY = {
    "default-src": "'none'",
    "style-src": "'unsafe-inline'",
    "img-src": "'self' data:",
    "media-src": "'self'",
    "sandbox": "allow-same-origin",  # or a browser's player may not fetch the sound; there is no allow-scripts
}
"""For all other answers, which a browser shows as documents only at their own address: without scripts and forms."""
HUB = "https://huggingface.co"
"""What shows a Space in a frame, and what Gradio's script asks whether a Space that does not answer sleeps."""
SPACE_FRAMES = f"'self' {HUB} https://*.huggingface.co https://*.hf.space"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), display-capture=(), geolocation=(), payment=(), usb=(), serial=()",
}


def security_headers(frame_ancestors: str, is_space: bool) -> Middleware:
    """Return the middleware for a server.

    Args:
        frame_ancestors: origins that may show the page in a frame, as a policy lists them; "" for the server's own and, for a
            Space, the hub's.
        is_space: whether the server is a Space of the Hugging Face hub.
    """
    frames = frame_ancestors or (SPACE_FRAMES if is_space else "'self'")
    connections = {"connect-src": f"{PAGE_POLICY['connect-src']} {HUB}"} if is_space else {}
    return Middleware(SecurityHeaders, PAGE_POLICY | connections | {"frame-ancestors": frames})


class SecurityHeaders:
    """ASGI middleware that adds the headers to every answer."""

    def __init__(self, app: ASGIApp, page_policy: Mapping[str, str]) -> None:
        """Wrap `app`, whose page gets `page_policy` and the hashes of its scripts."""
        self._app = app
        self._page_policy = page_policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if get_route_path(scope) in ("", PAGE):
            await serve_whole(self._app, scope, receive, send, lambda start: True, partial(self._send_page, send))
        else:
            await self._app(scope, receive, partial(_send_file, send))

    async def _send_page(self, send: Send, start: Message, body: bytes) -> None:
        """Send the page, which is held back until it is whole, since its scripts are in the body."""
        scripts = (self._page_policy["script-src"], *map(_hash_source, INLINE_SCRIPT.findall(body)))
        await send_whole(send, _with_headers(start, {**self._page_policy, "script-src": " ".join(scripts)}), body)


async def _send_file(send: Send, message: Message) -> None:
    await send(_with_headers(message, FILE_POLICY) if message["type"] == "http.response.start" else message)


def _with_headers(start: Message, policy: Mapping[str, str]) -> Message:
    """Return the beginning of an answer with the headers."""
    headers = MutableHeaders(raw=list(start["headers"]))
    for name, value in HEADERS.items():
        headers[name] = value
    headers["Content-Security-Policy"] = "; ".join(f"{name} {value}".strip() for name, value in policy.items())
    return {**start, "headers": headers.raw}


def _hash_source(script: bytes) -> str:
    """Return the source expression that allows exactly `script`."""
    return f"'sha256-{base64.b64encode(sha256(script).digest()).decode('ascii')}'"
