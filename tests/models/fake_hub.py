"""A hub on 127.0.0.1 with one repository: as much of the protocol as `huggingface_hub` uses for a download."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


class FakeHub:
    """`commits` holds what each commit has; `requests` what was asked, as 'METHOD path'."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.commits: dict[str, Files] = {}
        self.head = ""
        self.refs: dict[str, str] = {}
        """Commits of pull requests: 'refs/pr/2' -> commit."""
        self.requests: list[str] = []
        self.broken: set[str] = set()
        """Files whose download fails."""
        self.before_file: Callable[[], None] = lambda: None
        self.send: Callable[[BaseHTTPRequestHandler, bytes], object] = lambda handler, body: handler.wfile.write(body)
        """Sends the body of an answer."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def commit(self, files: Files) -> str:
        """Put `files` at the head of the main branch."""
        self.head = self.propose(files)
        return self.head

    def propose(self, files: Files, reference: str = "") -> str:
        """Keep `files` as a commit beside the main branch, at the head of the pull request `reference`."""
        commit = hashlib.sha1(repr((len(self.commits), files)).encode()).hexdigest()
        self.commits[commit] = files
        self.refs[reference] = commit
        return commit

    def count(self, method: str, ending: str) -> int:
        return sum(request.startswith(method) and request.endswith(ending) for request in self.requests)

    def stop(self) -> None:
        """Nobody answers at this address any more."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of one request."""
        api = f"/api/models/{self.repository}"
        if path == "/":
            return 200, {}, b"hello"
        if path == api or path.startswith(f"{api}/revision/"):
            commit = self._commit_of(path.removeprefix(api).removeprefix("/revision/") or "main")
            return _json({"id": self.repository, "sha": commit, "siblings": []})
        if path.startswith(f"{api}/tree/"):
            return _json(self._tree(self._commit_of(path.removeprefix(f"{api}/tree/"))))
        _, _, rest = path.partition(f"/{self.repository}/resolve/")
        revision, _, name = rest.partition("/")
        commit = self._commit_of(revision)
        content = self.commits.get(commit, {}).get(name)
        if content is None or name in self.broken:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}, b""
        if method == "GET":
            self.before_file()
        return 200, {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}, content

    def _commit_of(self, revision: str) -> str:
        return self.head if revision == "main" else self.refs.get(revision, revision)

    def _tree(self, commit: str) -> list[dict[str, Any]]:
        files = self.commits[commit]
        return [
            {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for name, content in files.items()
        ]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def _reply(self) -> None:
                path = unquote(urlsplit(self.path).path)
                hub.requests.append(f"{self.command} {path}")
                status, headers, body = hub.answer(self.command, path)
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    hub.send(self, body)

            do_GET = do_HEAD = _reply  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Keep the test's output clean."""

        return Handler


def _json(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()
