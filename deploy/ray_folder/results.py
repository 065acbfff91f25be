"""The results of a run: one line of JSON for each recording, and marks of those that are being worked on.

    done/3f/3f...json      what was found
    failed/a0/a0...json    recordings that cannot be used, with the reason
    unread/7c/7c...json    files that could not be read; the next run tries them again
    started/3f...          recordings that a worker has begun

The name is a hash of the task, the path, the size and the time of change, not of the content: a run that goes on would have to
read a hundred thousand recordings again to find out what is left. A recording that was renamed or touched is processed once more;
the lines have the hash of the content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from deploy.ray_folder.files import FoundFile
from pipelines.storage.storage import Storage

State = Literal["done", "failed", "unread"]


@dataclass(frozen=True)
class Results:
    """The results of one task in one storage."""

    storage: Storage
    task: str
    """The task and its options, as text."""

    def known(self, file: FoundFile) -> State | None:
        """Return what an earlier run has found out about `file`; None if it is to be processed."""
        states: tuple[State, ...] = ("done", "failed")
        return next((state for state in states if self.storage.exists(self._key(state, file))), None)

    def write(self, state: State, file: FoundFile, facts: dict[str, Any]) -> None:
        """Write the line of `file`."""
        line = json.dumps({"file": file.name, "state": state, **facts}, allow_nan=False) + "\n"
        self.storage.write(self._key(state, file), line.encode())
        if state != "unread":
            self.storage.remove(self._key("unread", file))

    @contextmanager
    def attempt(self, file: FoundFile) -> Iterator[int]:
        """Mark `file` as begun for the block; give the number of earlier attempts that ended with the process."""
        mark = f"started/{self._hash(file)}"
        earlier = int(self.storage.read(mark).get(mark, b"0"))
        self.storage.write(mark, str(earlier + 1).encode())
        try:
            yield earlier
        finally:
            self.storage.remove(mark)

    def check(self) -> None:
        """Raise StorageFailed if results cannot be written."""
        self.storage.write("started/check", b"")
        self.storage.remove("started/check")

    def _key(self, state: State, file: FoundFile) -> str:
        name = self._hash(file)
        return f"{state}/{name[:2]}/{name}.json"

    def _hash(self, file: FoundFile) -> str:
        parts = (self.task, file.name, file.version)
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
