"""The endpoint `export_annotations`, for scripts and as an MCP tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.calls.progress import watched
from components.page.downloads import as_file_data, new_files_folder
from components.page.endpoints import add_endpoint
from models.errors import JobStopped
from pipelines import APP_VERSION
from pipelines.annotations.export import export_results
from pipelines.description.description import DescriptionOptions, describe_clip
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import Services


def add_export_endpoint(services: Services) -> None:
    """Add `/export_annotations` to the page's API."""

    def export_annotations(
        audio: gr.FileData, export_format: str = "jams", with_transcript: bool = False, *, should_stop: Callable[[], bool]
    ) -> gr.FileData:
        """Measure the music and sounds of a recording, and write them as annotations for other programs.

        Args:
            audio: the recording, in any format that carries sound.
            export_format: 'jams'; 'sonic_visualiser' (a ZIP of .svl layers); 'audacity' (a ZIP of label tracks); 'npz' (facts
                and features as NumPy arrays with the names of librosa: sr, hop_length, tempo, beat_frames, chroma and more).
            with_transcript: whether the lines and words of speech are transcribed and written too.

        Returns:
            The file.
        """
        clip = open_for_api(services, audio, should_stop)
        *_, description = watched(describe_clip(clip, DescriptionOptions(), services.runtime, should_stop))
        findings = replace(description.findings, speech=None)
        if with_transcript:
            *_, spoken = watched(transcribe(clip, TranscriptionOptions(), services.runtime, should_stop), clip.duration)
            findings = replace(findings, speech=spoken)
        if should_stop():
            raise JobStopped
        return as_file_data(export_results(clip, findings, export_format, new_files_folder(clip), APP_VERSION))

    add_endpoint(export_annotations, services.stop_flags, services.lines.calls.models)
