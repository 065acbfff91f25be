"""A caller of the HTTP API that sends whatever it is given, and takes whatever comes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from tests.hostile.answers import DEADLINE_SECONDS, Answer
from tests.hostile.mutations import seed_file

API = "/gradio_api"
CALLS = f"{API}/call"
FILE_ARGUMENTS = ("audio", "bundle", "chunk", "init_image")


@dataclass(frozen=True)
class Argument:
    """An argument of an endpoint, as the API describes it."""

    name: str
    default: Any
    kind: str
    """Type in the words of Python, such as 'int'."""

    @property
    def is_file(self) -> bool:
        """Whether it takes an upload."""
        return self.name in FILE_ARGUMENTS


class Caller:
    """Sends requests to an app."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._base = f"{address}{API}"
        # One connection for each request: a server that breaks one must not be taken for a server that broke the next.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(timeout=DEADLINE_SECONDS, limits=limits, trust_env=False)
        self._uploads: dict[str, dict[str, Any]] = {}

    @cached_property
    def endpoints(self) -> dict[str, tuple[Argument, ...]]:
        """Arguments of each public endpoint."""
        found = self.document("info")["named_endpoints"]
        return {
            name.strip("/"): tuple(
                Argument(one["parameter_name"], one["parameter_default"], one["python_type"]["type"]) for one in row["parameters"]
            )
            for name, row in found.items()
        }

    def document(self, path: str) -> Any:
        """Return a JSON document about the API."""
        return self._http.get(f"{self._base}/{path}").raise_for_status().json()

    def upload(self, content: bytes, name: str) -> dict[str, Any]:
        """Upload a file; return what names it in a call."""
        answer = self._http.post(f"{self._base}/upload", files={"files": (name, content)})
        answer.raise_for_status()
        return file_data(answer.json()[0], orig_name=name)

    def uploaded_seed(self, name: str) -> dict[str, Any]:
        """Return what names a seed in a call; it is uploaded once."""
        if name not in self._uploads:
            self._uploads[name] = self.upload(seed_file(name), name)
        return self._uploads[name]

    def call(self, endpoint: str, arguments: Any, by_name: bool = False) -> Answer:
        """Call an endpoint with a list of arguments, or with a JSON object of them."""
        body = arguments if by_name else {"data": arguments}
        return self.post(f"{'v2/' if by_name else ''}{endpoint}", json.dumps(body).encode())

    def post(self, path: str, body: bytes) -> Answer:
        """Send a body to `/call/path`, and wait for the last event if it is taken."""
        began = time.monotonic()
        try:
            sent = self._http.post(f"{self._base}/call/{path}", content=body, headers={"content-type": "application/json"})
        except httpx.HTTPError as error:
            return _broken(error, began)
        if sent.status_code != 200:
            return Answer(sent.status_code, "refused", sent.text, time.monotonic() - began)
        return self.result(path.removeprefix("v2/"), sent.json()["event_id"], began)

    def result(self, endpoint: str, event_id: str, began: float) -> Answer:
        """Wait for the last event of a call that was taken."""
        try:
            kind, content = self._last_event(f"{self._base}/call/{endpoint}/{event_id}", began)
        except httpx.HTTPError as error:
            return _broken(error, began)
        return Answer(200, kind, content, time.monotonic() - began)

    def get(self, path: str) -> Answer:
        """Return the answer to a request for `/path`."""
        began = time.monotonic()
        try:
            got = self._http.get(f"{self._base}/{path}")
        except httpx.HTTPError as error:
            return _broken(error, began)
        return plain_answer(got.status_code, got.headers.get("content-type", ""), got.text, began)

    def _last_event(self, address: str, began: float) -> tuple[str, str]:
        kind, content = "", ""
        with self._http.stream("GET", address) as events:
            for line in events.iter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    content = line.removeprefix("data: ")
                if time.monotonic() > began + DEADLINE_SECONDS:
                    return "broken", f"no end after {DEADLINE_SECONDS:.0f} s"
        return (kind, content) if kind in ("complete", "error") else ("broken", f"the last event was {kind!r}")


def plain_answer(status: int, content_type: str, text: str, began: float) -> Answer:
    """Return the answer to a request that begins no call."""
    content = text if content_type.startswith("application/json") else json.dumps({"detail": _words(text)})
    return Answer(status, "refused", content, time.monotonic() - began)


def file_data(path: Any, **more: Any) -> dict[str, Any]:
    """Return what names a file in a call."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def _broken(error: httpx.HTTPError, began: float) -> Answer:
    return Answer(0, "broken", repr(error), time.monotonic() - began)


def _words(text: str) -> str:
    """Return the words of a plain answer, or of the last event of a stream."""
    line = text.strip().splitlines()[-1].removeprefix("data: ")
    found = json.loads(line) if line.startswith(('"', "{")) else line
    return str(found["message"] if isinstance(found, dict) else found)
