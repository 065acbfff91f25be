"""Everything that the page, its exports and the endpoints do with the results of an opened bundle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, get_args
from unittest import mock

from app import build_page
from components.clip.clip_input import ClipInput, build_clip_input
from components.embeddings.files_panel import embedding_files
from components.embeddings.shown_embedding import ShownEmbedding
from components.export.bundle_api import results_of
from components.music.files import description_file
from components.page.downloads import new_files_folder
from components.transcription.files import downloads_of
from models.errors import AudioscopeError
from pipelines.annotations.export import ENDINGS, export_results
from pipelines.bundle.contents import BundleContents
from pipelines.bundle.writing import write_bundle
from pipelines.clip.clip import AudioClip
from pipelines.clip.keepers import kept_folder
from pipelines.description.template_caption import write_caption
from pipelines.film.film import plan_film
from pipelines.notes.export import NoteFormat, export_notes
from pipelines.questions.from_measurements import answer_question
from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.formats import Subtitles
from services import Services

PERSON = "anna"
EXPORTS = tuple(name for name in ENDINGS if name != "npz")
"""Formats of the Export menu, without the one that holds features of the sound."""
QUESTIONS = ("How fast is it?", "Which key?", "Is there a piano?", "What do you hear?", "Which chords are there?", "Who speaks?")
WITHOUT_REPORT_SOUND = ("pipelines.bundle.writing.report_sound", lambda clip: b"")
WITHOUT_MAP_SOUND = ("components.embeddings.files_panel._sound_markup", lambda clip: "")
"""What encodes the clip's sound, which results have no part in, and what stands for it here."""


class Page:
    """A page with all tabs."""

    def __init__(self, services: Services) -> None:
        built: list[ClipInput] = []

        def build(given: Services) -> ClipInput:
            built.append(build_clip_input(given))
            return built[0]

        with mock.patch("app.build_clip_input", build):
            build_page(services)
        self._services, self._clip_input = services, built[0]

    def show(self, clip: AudioClip, contents: BundleContents) -> None:
        """Show the results of a clip, and write them in all formats.

        Raises:
            AudioscopeError: they are refused with a sentence, before anything is shown.
        """
        bundled = self._clip_input.bundled
        try:
            bundled.bring_back(clip, contents, PERSON)
            values = self._states(clip)
        finally:
            shutil.rmtree(self._services.clips.directory / kept_folder(clip.content_hash, PERSON), ignore_errors=True)
        shown = BundleContents(**bundled.results(clip, values))
        found = next((value for value in values if isinstance(value, ShownEmbedding)), None)
        json.dumps(results_of(contents), allow_nan=False)
        folder = new_files_folder(clip)
        try:
            self._write(clip, shown, found, folder)
        finally:
            shutil.rmtree(folder)
        _ask(clip, shown)

    def _states(self, clip: AudioClip) -> list[Any]:
        """Return the values of the page's states, those that are kept for the person among them."""
        found = dict[Any, Any]()
        for group in self._clip_input.panes._groups:
            kept = self._services.kept.find(clip, PERSON, group.name)
            found |= {group.panes[index]: value for index, value in kept.values.items()} if kept else {}
        return [found.get(state, state.value) for state in self._clip_input.bundled.states]

    def _write(self, clip: AudioClip, shown: BundleContents, embedding: ShownEmbedding | None, folder: Path) -> None:
        findings = shown.findings(clip.duration)
        with mock.patch(*WITHOUT_REPORT_SOUND), mock.patch(*WITHOUT_MAP_SOUND):
            write_bundle(clip, shown, folder / "again.zip")
            if embedding:
                embedding_files(embedding)
        for name in EXPORTS:
            _tolerant(export_results, clip, findings, name, folder, "0")
        if shown.notes:
            for note_format in get_args(NoteFormat):
                _tolerant(export_notes, shown.notes, note_format, folder, "notes")
        if shown.transcript:
            spoken = shown.transcript
            downloads_of(clip, Subtitles(spoken.transcription, spoken.options, CueOptions(), clip.name, "0"))
        if shown.description:
            description_file(clip, shown.description)
        if shown.storyboard:
            plan_film(shown.storyboard)


def _ask(clip: AudioClip, shown: BundleContents) -> None:
    findings = shown.findings(clip.duration)
    write_caption(findings, clip.content_hash)
    for question in QUESTIONS:
        answer_question(question, findings)


def _tolerant(write: Any, *arguments: Any) -> None:
    """Write a file; where nothing can be written, a sentence is an answer too."""
    try:
        write(*arguments)
    except AudioscopeError as error:
        assert str(error)
