"""The endpoint `analyse_everything`, for scripts and as an MCP tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.calls.progress import watched
from components.page.downloads import as_file_data, new_files_folder
from components.page.endpoints import add_endpoint
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.everything.analysis import analyse_everything as analyse
from pipelines.everything.summary import summary_of
from pipelines.everything.types import SUBJECTS, EverythingFound, EverythingOptions, Subject
from pipelines.pictures.png_metadata import png_bytes
from services import Services

UPDATE_POSITION = 0.02
"""Progress between two answers while one subject is at work."""


def add_everything_endpoint(services: Services) -> None:
    """Add `/analyse_everything` to the page's API."""

    def analyse_everything(
        audio: gr.FileData,
        subjects: list[str] | None = None,
        details: bool = False,
        *,
        should_stop: Callable[[], bool],
    ) -> Iterator[tuple[dict[str, Any], gr.FileData | None]]:
        """Run all analyses that fit a recording: speech, description, notes, embeddings and a picture.

        Args:
            audio: the recording, in any format that carries sound.
            subjects: only these of 'speech', 'description', 'notes', 'embeddings', 'picture'; null for all that fit.
            details: whether the answer has each result in full, as the endpoints of the subjects give it, beside the summary.

        Returns:
            A growing result, and the picture when it is drawn, a PNG file. The result: subject at work, position 0 to 1, state,
            left_out [{subject, reason, is_failure}]; speech {text, language}; description {text, bpm, key}; notes {count, parts};
            embedding {encoder, layer, frames, width}; picture {prompt, concepts}; duration and elapsed in seconds; model,
            licence; clip_notes; with `details` also details, at the end.
        """
        wanted = SUBJECTS if subjects is None else tuple(cast(Subject, name) for name in subjects)
        clip = open_for_api(services, audio, should_stop)
        last: EverythingFound | None = None
        for now in watched(analyse(clip, EverythingOptions(wanted), services.runtime, should_stop)):
            if last is None or now.subject != last.subject or now.position >= last.position + UPDATE_POSITION:
                last = now
                yield {**summary_of(now), "clip_notes": clip.notes}, None
        document = {**summary_of(now), "clip_notes": clip.notes}
        yield {**document, "details": now.to_dict()} if details else document, _picture_file(clip, now)

    add_endpoint(analyse_everything, services.stop_flags, services.lines.calls.models)


def _picture_file(clip: AudioClip, found: EverythingFound) -> Any:
    """Write the picture to the clip's folder, with which it is deleted; None if there is none."""
    if found.picture is None or not found.picture.pictures:
        return None
    picture = found.picture.pictures[0]
    path = new_files_folder(clip) / f"{safe_stem(clip.name)} {picture.seed}.png"
    path.write_bytes(png_bytes(picture))
    return as_file_data(path)
