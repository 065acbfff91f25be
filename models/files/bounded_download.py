"""A bound on downloads that begin again and again, since `huggingface_hub` has none."""

from __future__ import annotations

from typing import Any

MAX_RESTARTS = 10
"""Restarts of all files of one download. A connection that breaks off now and then is usual, and mostly resumed."""


class EndlessDownload(Exception):
    """The hub breaks a download off each time, and begins at its start when it is asked for the rest."""


def bounded_progress() -> type[Any]:
    """Return a class of progress bars that raise EndlessDownload after `MAX_RESTARTS`.

    `huggingface_hub` tries again for as long as each try brings a chunk of 10 MB. Where the hub then sends the file from its
    start, the library takes back what the bar counted: the one sign of a restart that reaches a caller.
    """
    from huggingface_hub.utils import tqdm

    class BoundedProgress(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self._restarts = 0
            super().__init__(*args, **options)

        def update(self, n: float | None = 1) -> Any:
            if n is not None and n < 0:
                self._restarts += 1
                if self._restarts > MAX_RESTARTS:
                    raise EndlessDownload
            return super().update(n)

    return BoundedProgress
