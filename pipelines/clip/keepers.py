"""Where it is noted who keeps a clip, and what they have of it."""

from __future__ import annotations

import hashlib

KEEPERS_FOLDER = "keepers"
KEPT_FOLDER = "kept"


def keeper_key(content_hash: str, keeper: str) -> str:
    """Return the key of the object that notes a keeper of a clip; it does not reveal the keeper."""
    return f"{content_hash}/{KEEPERS_FOLDER}/{_keeper_name(keeper)}"


def kept_folder(content_hash: str, keeper: str) -> str:
    """Return the folder of what a keeper has of a clip."""
    return f"{content_hash}/{KEPT_FOLDER}/{_keeper_name(keeper)}"


def _keeper_name(keeper: str) -> str:
    return short_hash(keeper.encode("utf-8", "surrogatepass"))


def short_hash(content: bytes) -> str:
    """Return 32 hex digits of BLAKE2b."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
