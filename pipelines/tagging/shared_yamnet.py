"""YAMNet as several people have it at once."""

from __future__ import annotations

from models.batching.batcher import SharedModel
from models.batching.session import SharedSession

MAX_JOINED_PATCHES = 64
"""Patches of several people in one batch: 31 s. More take no less time for each, and more memory."""


def lend_yamnet(shared: SharedModel) -> SharedSession:
    """Return YAMNet's session for one of several people."""
    return SharedSession(shared, MAX_JOINED_PATCHES)
