"""The formats in which results of the open clip are exported, and the file that an entry of the menu asks for."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from components.page.downloads import APP_VERSION, new_files_folder
from components.timeline.timeline import Value
from pipelines.annotations.export import ExportFormat, MeasuredClip, export_results


@dataclass(frozen=True)
class ExportChoice:
    """An entry of the menu."""

    key: ExportFormat
    name: str
    about: str


EXPORTS = (
    ExportChoice("jams", "JAMS", "all tracks in one file"),
    ExportChoice("sonic_visualiser", "Sonic Visualiser", "a layer for each track"),
    ExportChoice("audacity", "Audacity", "a label track for each track"),
    ExportChoice("npz", "NumPy", "facts, chroma, tempogram as in librosa"),
)


def exported_file(measured: MeasuredClip, export_format: str) -> Value:
    """Write the file of an entry to the clip's folder, with which it is deleted; return its address and name for the page."""
    path = export_results(measured, export_format, new_files_folder(measured.clip), APP_VERSION)
    return {"url": "gradio_api/file=" + quote(str(path)), "name": path.name}
