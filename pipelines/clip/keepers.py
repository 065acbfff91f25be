"""Where it is noted who keeps a clip, what they have of it, and how many clips each person keeps."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

from models.errors import AudioscopeError

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


class TooManyClips(AudioscopeError):
    """A person keeps as many clips as one may."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"You have {limit} clips here already, the most that one person may have: delete some from the history first."
        )


class ClipHoldings:
    """The clips that people keep in histories since the server began, by the person for whom their requests count.

    A person is an account or an address, which cannot be chosen, while the text that stands for a browser can.
    """

    def __init__(self, limit: int = 0, person: Callable[[], str] = lambda: "") -> None:
        """Let each person keep `limit` clips, 0 for any number; `person` returns who is asking, '' where no request is served."""
        self._limit = limit
        self._person = person
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, set[str]]] = {}

    def check_room(self, content_hash: str = "") -> None:
        """Raise TooManyClips where the person who is asking can keep no other clip than one with this content."""
        with self._lock:
            self._check(self._person(), content_hash)

    def keep(self, content_hash: str, keeper: str) -> None:
        """Count a clip for the person who is asking, until `keeper` lets go of it; raise TooManyClips where there is no room."""
        person = self._person() if self._limit else ""
        if person:
            with self._lock:
                self._check(person, content_hash)
                self._kept.setdefault(person, {}).setdefault(content_hash, set()).add(keeper)

    def release(self, content_hash: str, keeper: str) -> None:
        """Note that `keeper` has let go of a clip."""
        with self._lock:
            for person in list(self._kept):
                keepers = self._kept[person].get(content_hash, set())
                keepers.discard(keeper)
                if not keepers:
                    self._drop(person, content_hash)

    def forget(self, content_hash: str) -> None:
        """Note that a clip is gone."""
        with self._lock:
            for person in list(self._kept):
                self._drop(person, content_hash)

    def _check(self, person: str, content_hash: str) -> None:
        kept = self._kept.get(person, {})
        if person and 0 < self._limit <= len(kept) and content_hash not in kept:
            raise TooManyClips(self._limit)

    def _drop(self, person: str, content_hash: str) -> None:
        self._kept[person].pop(content_hash, None)
        if not self._kept[person]:
            del self._kept[person]
