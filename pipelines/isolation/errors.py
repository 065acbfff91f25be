"""Errors of isolated work."""

from __future__ import annotations

from models.errors import AudioscopeError


class WorkerFailed(AudioscopeError):
    """The process that read a file died, did not go on, or took too much memory."""

    def __init__(self) -> None:
        super().__init__(
            "This file could not be read, because it is damaged or built in an unusual way: please save it in another format "
            "and try again."
        )
