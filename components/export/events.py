"""What the Export menu of the clip bar does: a file of what the page shows is written, and the browser stores it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from components.clip.clip_input import ClipInput, bar_value
from components.page.downloads import new_files_folder
from components.page.events import QUIET_EACH
from components.page.user_errors import sentence_for
from components.timeline.timeline import Value, event_field
from models.specs.model_spec import ModelSpec
from pipelines import APP_VERSION
from pipelines.annotations.export import export_results
from pipelines.bundle.contents import BundleContents
from pipelines.bundle.writing import BundleOptions, write_bundle
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.clip.errors import NoClip
from services import Services

PARALLEL_EXPORTS = 2
"""Files that are written at once, for all people together."""
BUNDLES = {"bundle": BundleOptions(with_clip=True), "results": BundleOptions(with_clip=False)}
"""Entries of the menu that write a bundle."""


def add_export_events(services: Services, clip: ClipInput) -> None:
    """Answer the menu's entries; all tabs must be built."""

    def exported(opened: AudioClip | None, event: gr.EventData, *results: Any) -> Value:
        """Write a file to the clip's folder, with which it is deleted, and return its address for the page."""
        try:
            if opened is None:
                raise NoClip
            contents = BundleContents(**clip.bundled.results(opened, results))
            path = _write(opened, contents, str(event_field(event, "format")), services.runtime.catalog.specs)
            return bar_value("", file={"url": "gradio_api/file=" + quote(str(path)), "name": path.name})
        except Exception as error:
            return bar_value(sentence_for(error), "error")

    shown = [clip.state, *clip.bundled.states]
    clip.bar.exported(exported, inputs=shown, outputs=clip.bar, concurrency_limit=PARALLEL_EXPORTS, **QUIET_EACH)


def _write(clip: AudioClip, contents: BundleContents, chosen: str, specs: tuple[ModelSpec, ...]) -> Path:
    folder = new_files_folder(clip)
    if chosen not in BUNDLES:
        return export_results(clip, contents.findings(clip.duration), chosen, folder, APP_VERSION)
    path = folder / f"{safe_stem(clip.name)}.zip"
    write_bundle(clip, contents, path, replace(BUNDLES[chosen], specs=specs))
    return path
