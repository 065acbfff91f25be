"""Files that other programs read: JAMS, labels of Audacity, layers of Sonic Visualiser, arrays for librosa."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from models.errors import AudioscopeError, InvalidOption
from pipelines.annotations.jams_document import jams_document
from pipelines.annotations.label_files import audacity_labels, sonic_visualiser_layer
from pipelines.annotations.layers import AnnotationLayer, annotation_layers
from pipelines.annotations.librosa_features import librosa_features, save_npz
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.description.findings import ClipFindings

ExportFormat = Literal["jams", "audacity", "sonic_visualiser", "npz"]
ENDINGS: dict[ExportFormat, str] = {
    "jams": ".jams",
    "audacity": "-audacity.zip",
    "sonic_visualiser": "-sonic-visualiser.zip",
    "npz": ".npz",
}
"""What follows the name of the clip in the name of the file."""


class NothingToExport(AudioscopeError):
    """Nothing was measured that the format holds."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"There is nothing to export yet: press {needed} first.")


def export_results(clip: AudioClip, findings: ClipFindings, export_format: str, folder: Path, app_version: str) -> Path:
    """Write what was measured of a clip to a file in `folder` and return its path.

    Args:
        clip: the audio.
        findings: what was measured.
        export_format: 'jams' (one JSON document), 'audacity' and 'sonic_visualiser' (a ZIP with a file for each layer) or
            'npz' (see `librosa_features`).
        folder: where the file is written.
        app_version: written into JAMS.

    Raises:
        InvalidOption: there is no such format.
        NothingToExport: nothing was measured that the format holds.
        ClipTooLong: see `librosa_features`.
    """
    stem = safe_stem(clip.name)
    layers = annotation_layers(findings)
    match export_format:
        case "npz":
            if findings.facts is None:
                raise NothingToExport("Describe")
            path = folder / (stem + ENDINGS["npz"])
            save_npz(path, librosa_features(clip, findings.facts))
            return path
        case "jams":
            document = jams_document(_some(layers), clip.name, clip.duration, app_version)
            path = folder / (stem + ENDINGS["jams"])
            path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")
            return path
        case "audacity":
            return _write_zip(_some(layers), folder / (stem + ENDINGS["audacity"]), "txt", audacity_labels)
        case "sonic_visualiser":
            write = partial(sonic_visualiser_layer, sample_rate=clip.sample_rate, duration=clip.duration)
            return _write_zip(_some(layers), folder / (stem + ENDINGS["sonic_visualiser"]), "svl", write)
    raise InvalidOption("format", export_format, ", ".join(get_args(ExportFormat)))


def _some(layers: tuple[AnnotationLayer, ...]) -> tuple[AnnotationLayer, ...]:
    """Return `layers` unless there are none."""
    if not layers:
        raise NothingToExport("Describe or Transcribe")
    return layers


def _write_zip(layers: tuple[AnnotationLayer, ...], path: Path, ending: str, write: Callable[[AnnotationLayer], str]) -> Path:
    """Write one file for each layer; their names are those of the layers."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for layer in layers:
            archive.writestr(f"{layer.key}.{ending}", write(layer))
    return path
