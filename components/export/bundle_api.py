"""The endpoints `export_bundle` and `open_bundle`, for scripts and as MCP tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import gradio as gr
from gradio.utils import get_upload_folder

from components.clip.clip_input import open_for_api
from components.page.calls.progress import watched
from components.page.downloads import as_file_data, new_files_folder
from components.page.endpoints import add_endpoint
from models.errors import JobStopped
from pipelines.bundle.contents import BundleContents, BundledMap, BundledPicture
from pipelines.bundle.reading import open_bundle as read_bundle
from pipelines.bundle.writing import BundleOptions, write_bundle
from pipelines.clip.clip_names import safe_stem
from pipelines.clip.clip_store import checked_path
from pipelines.clip.errors import ClipPathRefused
from pipelines.embeddings.colouring import ClipAnalyses
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.everything.analysis import analyse_everything
from pipelines.everything.types import SUBJECTS, EverythingFound, EverythingOptions, Subject
from pipelines.pictures.png_metadata import png_bytes
from pipelines.speech.edits.versions import new_version
from services import Services


def add_bundle_endpoints(services: Services) -> None:
    """Add `/export_bundle` and `/open_bundle` to the page's API."""

    def export_bundle(
        audio: gr.FileData, subjects: list[str] | None = None, with_clip: bool = True, *, should_stop: Callable[[], bool]
    ) -> gr.FileData:
        """Run all analyses that fit a recording, and write their results into one ZIP file with a page for any browser.

        Args:
            audio: the recording, in any format that carries sound.
            subjects: only these of 'speech', 'description', 'notes', 'embeddings', 'picture'; null for all that fit.
            with_clip: whether the recording itself goes in, without which the bundle opens only where the recording is kept.

        Returns:
            The ZIP file: subtitles, facts (JSON, JAMS), pictures, embeddings (NPZ), report.html, the models with their licences.
        """
        wanted = EverythingOptions(SUBJECTS if subjects is None else tuple(cast(Subject, name) for name in subjects))
        clip = open_for_api(services, audio, should_stop)
        *_, found = watched(analyse_everything(clip, wanted, services.runtime, should_stop))
        if should_stop():
            raise JobStopped
        path = new_files_folder(clip) / f"{safe_stem(clip.name)}.zip"
        write_bundle(clip, contents_of(found, wanted), path, BundleOptions(with_clip, specs=services.runtime.catalog.specs))
        return as_file_data(path)

    def open_bundle(bundle: gr.FileData, *, should_stop: Callable[[], bool]) -> tuple[gr.FileData, dict[str, Any]]:
        """Read a bundle that the page or `/export_bundle` wrote, with the recording inside; nothing is computed.

        Args:
            bundle: the ZIP file.

        Returns:
            The recording, which other endpoints take; and its name, duration in seconds, transcript, description, notes,
            questions, own_words, pictures [{words, seed, start, end}] and storyboard, each as its endpoint answers; null or []
            without one.
        """
        path = bundle.get("path") if isinstance(bundle, dict) else None
        if not isinstance(path, str):
            raise ClipPathRefused
        file = checked_path(path, (Path(get_upload_folder()),))
        opened = read_bundle(
            file, services.clips, services.runtime.catalog, lambda _: None, should_stop, services.runtime.outputs
        )
        facts = {"name": opened.clip.name, "duration": opened.clip.duration}
        return as_file_data(opened.clip.player_file), {**facts, **results_of(opened.contents)}

    add_endpoint(export_bundle, services.stop_flags, services.lines.calls.models)
    add_endpoint(open_bundle, services.stop_flags, services.lines.calls.short)


def contents_of(found: EverythingFound, options: EverythingOptions) -> BundleContents:
    """Return what a whole analysis found as the contents of a bundle."""
    embedding, points = found.embedding, found.embedding_map
    analyses = ClipAnalyses(
        found.description.sounds if found.description else None,
        found.description.facts if found.description else None,
        tuple(word for segment in found.speech.segments for word in segment.words) if found.speech else None,
    )
    return BundleContents(
        transcript=new_version(found.speech, options.transcription) if found.speech and found.speech.segments else None,
        description=found.description,
        notes=found.notes,
        pictures=tuple(
            BundledPicture(png_bytes(one), one.seed, ", ".join(one.settings.concepts[:1]), one.settings.start, one.settings.end)
            for one in (found.picture.pictures if found.picture else ())
        ),
        map=BundledMap(embedding, points, EmbeddingOptions(embedding.encoder.key, embedding.layer), "time", analyses)
        if embedding and points
        else None,
    )


def results_of(contents: BundleContents) -> dict[str, Any]:
    """Return the results of a bundle as JSON values."""
    found = contents.own_words and (contents.own_words.scores or contents.own_words.matches)
    return {
        "transcript": contents.transcript.transcription.to_dict() if contents.transcript else None,
        "description": contents.description.to_dict() if contents.description else None,
        "notes": contents.notes.to_dict() if contents.notes else None,
        "questions": [{"question": one.question, "answer": one.answer, "by": one.by} for one in contents.questions],
        "own_words": found.to_dict() if found else None,
        "storyboard": contents.storyboard.to_dict() if contents.storyboard else None,
        "pictures": [{"words": one.words, "seed": one.seed, "start": one.start, "end": one.end} for one in contents.pictures],
    }
