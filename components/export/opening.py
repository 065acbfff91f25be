"""Opening of a bundle that was dropped on the page: its clip is shown with all results, and nothing is computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from components.clip.clip_input import OPENING, ClipInput
from components.timeline.timeline import event_field
from pipelines.bundle.reading import open_bundle
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import checked_path
from services import Services


def add_bundle_opening(services: Services, clip: ClipInput) -> None:
    """Answer the bar's event `bundled` {path, person, wish}; all tabs must be built."""

    def opened(event: gr.EventData, now: AudioClip | None, should_stop: Callable[[], bool]) -> AudioClip:
        file, person = (
            checked_path(str(event_field(event, "path")), (Path(get_upload_folder()),)),
            str(event_field(event, "person")),
        )

        def find(content_hash: str) -> AudioClip | None:
            return now if now and now.content_hash == content_hash else services.clips.find_kept(content_hash, person)

        bundle = open_bundle(file, services.clips, services.runtime.catalog, find, should_stop, services.runtime.outputs)
        clip.bundled.bring_back(bundle.clip, bundle.contents, person)
        return bundle.clip

    show = clip.showing(opened)

    def handler(now: AudioClip | None, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        shown = show(now, event, request)
        return *shown, clip.bundled.refill(now, shown[0])

    clip.bar.bundled(handler, inputs=clip.state, outputs=[*clip.shown, clip.panes.resumed], **OPENING)
