"""Limit of failed attempts to sign in, per network address."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from math import ceil

MAX_FAILURES = 10
WINDOW_SECONDS = 15 * 60.0
"""After `MAX_FAILURES` in this time, an address waits until the first of them is older."""
MAX_ADDRESSES = 10_000
"""Addresses that are remembered."""
IPV6_PREFIX = 64
"""Bits that the addresses of one household have in common."""


class Attempts:
    """The failed attempts of each address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, host: str) -> int:
        """Count an attempt as failed until `succeeded` is called; return 0, or the minutes to wait instead of trying."""
        address = _network(host)
        with self._lock:
            now = self._clock()
            failures = self._failures.setdefault(address, deque())
            self._failures.move_to_end(address)
            while failures and failures[0] <= now - WINDOW_SECONDS:
                failures.popleft()
            if len(failures) >= MAX_FAILURES:
                return ceil((failures[0] + WINDOW_SECONDS - now) / 60)
            failures.append(now)
            if len(self._failures) > MAX_ADDRESSES:
                self._failures.popitem(last=False)
            return 0

    def succeeded(self, host: str) -> None:
        """Take back the last attempt of this address."""
        with self._lock:
            if failures := self._failures.get(_network(host)):
                failures.pop()


def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)
