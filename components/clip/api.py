"""The endpoints of clips and of a person's history, for scripts and as MCP tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.downloads import as_file_data
from components.page.endpoints import add_endpoint
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import ClipExpired
from pipelines.jobs.result import as_document
from services import Services

Endpoint = Callable[..., Any]
FACTS = (
    "content_hash",
    "duration",
    "sample_rate",
    "channels",
    "codec",
    "tracks",
    "track",
    "channel",
    "has_unlike_sides",
    "notes",
)
"""Fields of a clip that the endpoints answer with."""


def add_clip_endpoints(services: Services) -> None:
    """Add the three to the page's API, each under the name of its function."""
    for build in (_read_clip, _open_kept_clip, _forget_clip):
        add_endpoint(build(services), services.stop_flags, services.lines.calls.short)


def _read_clip(services: Services) -> Endpoint:
    def read_clip(
        audio: gr.FileData, track: int = -1, channel: int = -1, person: str = "", *, should_stop: Callable[[], bool]
    ) -> tuple[gr.FileData, dict[str, Any]]:
        """Read a recording, and choose one of its audio tracks or channels for the other endpoints.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound; a file, or an https link.
            track: number of the audio track from 0; -1 for the one that the file marks as its default.
            channel: number of one channel from 0, such as 1 for the right side; -1 for all.
            person: a secret text of your own, such as a UUID: the clip is kept in your history, for `open_kept_clip`; '' keeps it
                only for a while.

        Returns:
            A file with that sound, which other endpoints take; and content_hash, duration in seconds, sample_rate in Hz,
            channels, codec, tracks [{language, title, channels, is_default}], track, channel, has_unlike_sides, and notes,
            sentences about what could not be read.
        """
        clip = open_for_api(services, audio, should_stop)
        if track >= 0 or channel >= 0:
            clip = services.clips.select(clip, clip.track if track < 0 else track, None if channel < 0 else channel, should_stop)
        if person:
            services.clips.keep(clip, person)
        return _file_and_facts(clip)

    return read_clip


def _open_kept_clip(services: Services) -> Endpoint:
    def open_kept_clip(content_hash: str, person: str, *, should_stop: Callable[[], bool]) -> tuple[gr.FileData, dict[str, Any]]:
        """Open a clip of your history again.

        Args:
            content_hash: as `read_clip` gave it.
            person: the text under which the clip was kept.

        Returns:
            As `read_clip`.
        """
        clip = services.clips.find_kept(content_hash, person)
        if clip is None:
            raise ClipExpired
        return _file_and_facts(clip)

    return open_kept_clip


def _forget_clip(services: Services) -> Endpoint:
    def forget_clip(content_hash: str, person: str, *, should_stop: Callable[[], bool]) -> bool:
        """Delete a clip from your history, with its results; its files go when no other person keeps it.

        Args:
            content_hash: as `read_clip` gave it.
            person: the text under which the clip was kept.

        Returns:
            Whether it was there.
        """
        is_there = services.clips.find_kept(content_hash, person) is not None
        services.clips.release(content_hash, person)
        return is_there

    return forget_clip


def _file_and_facts(clip: AudioClip) -> tuple[Any, dict[str, Any]]:
    return as_file_data(clip.player_file), {name: as_document(getattr(clip, name)) for name in FACTS}
