"""The `should_stop` callable that a job without a Stop is given."""

from __future__ import annotations


def never_stop() -> bool:
    """The `should_stop` of a job that nobody stops."""
    return False
