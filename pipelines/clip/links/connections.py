"""Connections to public addresses, each of which ends at a deadline.

A name is resolved once for each connection, and the connection is made to the address that was checked: a name server that
answers differently the second time is not asked a second time.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore

from pipelines.clip.links.errors import LinkNotPublic, LinkTooSlow, LinkUnreachable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""From a name and a port to addresses."""
IsAllowed = Callable[[Address], bool]
GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The part of IPv6 that is given out; IPv4 addresses in IPv6 form (mapped, compatible, NAT64) lie outside."""
MAX_ADDRESSES = 4
"""Addresses of one name that are tried."""


def resolve_name(name: str, port: int) -> tuple[str, ...]:
    """Return the addresses of `name`, which may itself be an address in any notation, in the order of the system's preference."""
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: Address) -> bool:
    """Return whether `address` is one of the public internet.

    It is not if it is private, loopback, link-local, shared (CGNAT), multicast, reserved, or an IPv6 address in which an IPv4
    address is wrapped (mapped, compatible, NAT64, 6to4, Teredo), since a gateway may lead it elsewhere.
    """
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv6Address):
        return address in GLOBAL_UNICAST and address.sixtofour is None and address.teredo is None
    return True


@dataclass(frozen=True)
class Deadline:
    """When a download must have ended."""

    max_seconds: float
    idle_seconds: float
    """Maximum time without a byte."""
    end: float
    """Seconds of `time.monotonic()`."""

    @staticmethod
    def starting_now(max_seconds: float, idle_seconds: float) -> Deadline:
        """Return a deadline that is `max_seconds` away."""
        return Deadline(max_seconds, idle_seconds, time.monotonic() + max_seconds)

    def wait_seconds(self) -> float:
        """Return how long may be waited for the next byte.

        Raises:
            LinkTooSlow: the deadline has passed.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise LinkTooSlow(self.max_seconds)
        return min(left, self.idle_seconds)


class CheckedNetwork(httpcore.NetworkBackend):
    """Opens connections of a `httpcore.ConnectionPool` to allowed addresses."""

    def __init__(self, resolve: Resolve, is_allowed: IsAllowed, deadline: Deadline) -> None:
        self._resolve = resolve
        self._is_allowed = is_allowed
        self._deadline = deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers.

        Raises:
            LinkNotPublic: one of its addresses is not allowed.
            LinkUnreachable: it has no address, or none that answers.
            LinkTooSlow: the deadline has passed.
        """
        addresses = [ip_address(text) for text in self._resolve(host, port)]
        if not all(self._is_allowed(address) for address in addresses):
            raise LinkNotPublic
        for address in addresses[:MAX_ADDRESSES]:
            try:
                stream = self._network.connect_tcp(str(address), port, self._deadline.wait_seconds())
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
            return _TimedStream(stream, self._deadline)
        raise LinkUnreachable


class _TimedStream(httpcore.NetworkStream):
    """A connection that waits for no byte beyond the deadline, however slowly the bytes come."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.wait_seconds())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.wait_seconds())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.wait_seconds())
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
