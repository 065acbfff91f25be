"""The endpoint `read_clip`, for scripts and as an MCP tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from components.clip.clip_input import PARALLEL_OPENINGS, open_for_api
from components.page.downloads import as_file_data
from components.page.endpoints import add_endpoint
from pipelines.jobs.result import as_document
from services import Services

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
"""Fields of a clip that the endpoint answers with."""


def add_clip_endpoint(services: Services) -> None:
    """Add `/read_clip` to the page's API."""

    def read_clip(
        audio: gr.FileData, track: int = -1, channel: int = -1, *, should_stop: Callable[[], bool]
    ) -> tuple[gr.FileData, dict[str, Any]]:
        """Read a recording, and choose one of its audio tracks or channels for the other endpoints.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound; a file, or an https link.
            track: number of the audio track from 0; -1 for the one that the file marks as its default.
            channel: number of one channel from 0, such as 1 for the right side; -1 for all.

        Returns:
            A file with that sound, which other endpoints take; and content_hash, duration in seconds, sample_rate in Hz,
            channels, codec, tracks [{language, title, channels, is_default}], track, channel, has_unlike_sides, and notes,
            sentences about what could not be read.
        """
        clip = open_for_api(services, audio, should_stop)
        if track >= 0 or channel >= 0:
            clip = services.clips.select(clip, clip.track if track < 0 else track, None if channel < 0 else channel, should_stop)
        return as_file_data(clip.player_file), {name: as_document(getattr(clip, name)) for name in FACTS}

    add_endpoint(read_clip, services.stop_flags, concurrency_id="openings", concurrency_limit=PARALLEL_OPENINGS)
