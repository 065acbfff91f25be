"""Download of the file behind a link, within the limits of a clip."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import httpcore
import httpx

from models.errors import JobStopped
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import readable_name
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.links.connections import CheckedNetwork, Deadline, IsAllowed, Resolve, is_public, resolve_name
from pipelines.clip.links.errors import (
    LinkAnswered,
    LinkBroken,
    LinkRedirectsTooOften,
    LinkRefused,
    LinksSwitchedOff,
    LinkTooLarge,
    LinkTooSlow,
    LinkToWebPage,
    LinkUnreachable,
)

MAX_LINK_CHARACTERS = 2000
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
WEB_PORTS = (80, 443)
MIN_FREE_PORT = 1024
"""Ports below belong to other services of a host, such as mail; streams of sound are often on ports above."""
MAX_PORT = 65535
HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
"""A name, with letters of other scripts in Punycode, or an IPv6 address."""
WEB_PAGES = ("text/html", "application/xhtml+xml")
HEADERS: dict[bytes | str, bytes | str] = {
    "User-Agent": "Audioscope",
    "Accept": "audio/*, video/*, */*;q=0.5",
    "Accept-Encoding": "identity",
}
"""No compression: a small answer could become a file of any size."""
FILE_NAME = "file"
SCRATCH_PREFIX = "audioscope-link-"
REPORT_SECONDS = 0.25
"""Between two reports of a download."""


@dataclass(frozen=True)
class LinkedFile:
    """A downloaded file."""

    path: Path
    name: str
    """Name that the server or the link gives it."""


@dataclass(frozen=True)
class Fetched:
    """How far a download is."""

    size_bytes: int
    total_bytes: int | None
    """Size that the server announced; None for none."""


Report = Callable[[Fetched], None]


def unreported(fetched: Fetched) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class LinkDownloads:
    """How the server fetches links."""

    is_enabled: bool
    """Whether the operator lets it."""
    max_bytes: int
    max_seconds: float = 600.0
    """For the whole download with its redirects."""
    idle_seconds: float = 20.0
    """For each answer and each part of a file."""
    resolve: Resolve = resolve_name
    is_allowed: IsAllowed = is_public

    def download(
        self, link: str, folder: Path, should_stop: Callable[[], bool] = never_stop, report: Report = unreported
    ) -> LinkedFile:
        """Write the file behind `link` to `folder`, which holds no other file; call `report` every now and then.

        Raises:
            LinkError: see `pipelines.clip.links.errors`.
            JobStopped: `should_stop`, called for every part, returned True.
        """
        if not self.is_enabled:
            raise LinksSwitchedOff
        deadline = Deadline.starting_now(self.max_seconds, self.idle_seconds)
        network = CheckedNetwork(self.resolve, self.is_allowed, deadline)
        try:
            with httpcore.ConnectionPool(network_backend=network) as connections:
                return self._follow(connections, checked_link(link), folder, should_stop, report)
        except httpcore.TimeoutException:
            raise LinkTooSlow(self.idle_seconds) from None
        except httpcore.ConnectError:  # of TLS: the connection itself is the network's own
            raise LinkUnreachable from None
        except (httpcore.ProtocolError, httpcore.NetworkError):
            raise LinkBroken from None

    def _follow(
        self,
        connections: httpcore.ConnectionPool,
        url: httpx.URL,
        folder: Path,
        should_stop: Callable[[], bool],
        report: Report,
    ) -> LinkedFile:
        """Follow redirects, each of which is checked as the link was, and save the file at their end."""
        for _ in range(MAX_REDIRECTS + 1):
            target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
            with connections.stream("GET", target, headers={**HEADERS, "Host": url.netloc.decode("ascii")}) as response:
                headers = httpx.Headers(response.headers)
                if response.status not in REDIRECTS:
                    self._check(response.status, headers)
                    path = folder / FILE_NAME
                    self._save(response, path, _announced(headers), should_stop, report)
                    return LinkedFile(path, _name_of(headers, url))
            url = checked_link(_redirected(url, headers.get("Location", "")))
        raise LinkRedirectsTooOften(MAX_REDIRECTS)

    def _check(self, status: int, headers: httpx.Headers) -> None:
        """Refuse an answer that has no file, or one beyond the limit."""
        if status != 200:
            raise LinkAnswered(status)
        if headers.get("Content-Type", "").split(";")[0].strip().lower() in WEB_PAGES:
            raise LinkToWebPage
        total_bytes = _announced(headers)
        if total_bytes is not None and total_bytes > self.max_bytes:
            raise LinkTooLarge(self.max_bytes)

    def _save(
        self,
        response: httpcore.Response,
        path: Path,
        total_bytes: int | None,
        should_stop: Callable[[], bool],
        report: Report,
    ) -> None:
        size_bytes, next_report = 0, 0.0
        with open(path, "wb") as file:
            for part in response.iter_stream():
                if should_stop():
                    raise JobStopped
                size_bytes += len(part)
                if size_bytes > self.max_bytes:  # the header may promise less, or nothing
                    raise LinkTooLarge(self.max_bytes)
                file.write(part)
                if time.monotonic() >= next_report:
                    report(Fetched(size_bytes, total_bytes))
                    next_report = time.monotonic() + REPORT_SECONDS


def open_link(
    link: str,
    clips: ClipStore,
    links: LinkDownloads,
    should_stop: Callable[[], bool] = never_stop,
    report: Report = unreported,
) -> AudioClip:
    """Return the recording behind `link` as a clip; see `LinkDownloads.download`.

    Raises:
        LinkError, JobStopped: see `LinkDownloads.download`.
        ClipError: see `ClipStore.open`.
    """
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX) as folder:
        found = links.download(link, Path(folder), should_stop, report)
        return clips.open(found.path, name=found.name, should_stop=should_stop)


def checked_link(link: str) -> httpx.URL:
    """Return `link` as a URL that may be asked for, as far as its text says.

    Raises:
        LinkRefused: it is not one of http or https, too long, without a host, with a user name or with an unusual port.
    """
    if len(link) > MAX_LINK_CHARACTERS:
        raise LinkRefused(f"it has more than {MAX_LINK_CHARACTERS} characters")
    try:
        url = httpx.URL(link.strip())
    except (httpx.InvalidURL, ValueError):
        raise LinkRefused("it is not a web address") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise LinkRefused("it does not begin with http:// or https://")
    if url.userinfo:
        raise LinkRefused("it holds a user name or a password")
    if not HOST.fullmatch(url.raw_host):
        raise LinkRefused("its host is no name and no address")
    if url.port is not None and url.port not in WEB_PORTS and not MIN_FREE_PORT <= url.port <= MAX_PORT:
        raise LinkRefused(f"port {url.port} is not one of the web")
    return url


def _announced(headers: httpx.Headers) -> int | None:
    length = headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _redirected(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, ValueError):
        raise LinkRefused("it redirects to what is not a web address") from None


def _name_of(headers: httpx.Headers, url: httpx.URL) -> str:
    """Return the name of the file: that of the header, else the last part of the path, else the host."""
    header = Message()
    header["Content-Disposition"] = headers.get("Content-Disposition", "")
    names = (header.get_filename(""), unquote(PurePosixPath(url.path).name), url.host)
    return next(name for name in map(readable_name, names) if name)
