"""The endpoints of the library: its list, and what changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accounts.access import DELETE_CLIPS
from components.page.endpoints import add_endpoint
from models.errors import InvalidOption
from pipelines.clip.clip_names import readable_name
from services import Services


def add_library_endpoints(services: Services) -> None:
    """Add the three to the page's API."""

    def library_clips(*, should_stop: Callable[[], bool]) -> list[dict[str, Any]]:
        """List the clips of the library; accounts have one each, and without a login all who use this server share one.

        Returns:
            [{content_hash, name, duration in seconds, added in seconds since 1970, spaces, the embeddings that it has, can_open,
            whether its sound is still here}], the newest first.
        """
        clips = reversed(services.library.clips())
        return [{**clip.to_dict(), "can_open": services.clips.find(clip.content_hash) is not None} for clip in clips]

    def rename_library_clip(content_hash: str, name: str, *, should_stop: Callable[[], bool]) -> list[dict[str, Any]]:
        """Give a clip of the library another name.

        Args:
            content_hash: as in `library_clips`.
            name: the new name.

        Returns:
            The library, as `library_clips` lists it.
        """
        _require(content_hash)
        services.library.rename(content_hash, readable_name(name))
        return library_clips(should_stop=should_stop)

    def remove_library_clip(content_hash: str, *, should_stop: Callable[[], bool]) -> list[dict[str, Any]]:
        """Remove a clip from the library; `nearest_clips` with `add` puts one in. With a login, only keepers can.

        Args:
            content_hash: as in `library_clips`.

        Returns:
            The library, as `library_clips` lists it.
        """
        services.access.require_keeper(DELETE_CLIPS)
        _require(content_hash)
        services.library.remove(content_hash)
        return library_clips(should_stop=should_stop)

    def _require(content_hash: str) -> None:
        if content_hash not in {clip.content_hash for clip in services.library.clips()}:
            raise InvalidOption("clip", content_hash, "a content_hash that library_clips lists")

    for work in (library_clips, rename_library_clip, remove_library_clip):
        add_endpoint(work, services.stop_flags, services.lines.calls.short)
