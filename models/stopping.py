"""The default `should_stop` of a job."""

from __future__ import annotations


def never_stop() -> bool:
    """Return False: the `should_stop` of a job that cannot be stopped."""
    return False
