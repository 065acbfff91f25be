"""Files that other programs read: JAMS, labels of Audacity, layers of Sonic Visualiser, arrays for librosa."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
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
from pipelines.description.description import ClipDescription
from pipelines.speech.transcript import Transcription

ExportFormat = Literal["jams", "audacity", "sonic_visualiser", "npz"]


@dataclass(frozen=True)
class MeasuredClip:
    """What is known of a clip."""

    clip: AudioClip
    description: ClipDescription | None = None
    transcription: Transcription | None = None

    @property
    def layers(self) -> tuple[AnnotationLayer, ...]:
        """The annotation layers."""
        return annotation_layers(self.description, self.transcription)


class NothingToExport(AudioscopeError):
    """Nothing is known that the format holds."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"There is nothing to export yet: press {needed} first.")


def export_results(results: MeasuredClip, export_format: str, folder: Path, app_version: str) -> Path:
    """Write what is known of a clip to a file in `folder` and return its path.

    Args:
        results: the clip, and what was measured.
        export_format: 'jams' (one JSON document), 'audacity' and 'sonic_visualiser' (a ZIP with a file for each layer) or
            'npz' (see `librosa_features`).
        folder: where the file is written.
        app_version: written into JAMS.

    Raises:
        InvalidOption: there is no such format.
        NothingToExport: nothing is known that the format holds.
        ClipTooLong: see `librosa_features`.
    """
    stem = safe_stem(results.clip.name)
    match export_format:
        case "npz":
            return _write_npz(results, folder / f"{stem}.npz")
        case "jams":
            return _write_jams(results, folder / f"{stem}.jams", app_version)
        case "audacity":
            path = folder / f"{stem}-audacity.zip"
            return _write_zip(results, path, "txt", audacity_labels)
        case "sonic_visualiser":
            path = folder / f"{stem}-sonic-visualiser.zip"
            layer_of = partial(sonic_visualiser_layer, sample_rate=results.clip.sample_rate, duration=results.clip.duration)
            return _write_zip(results, path, "svl", layer_of)
    raise InvalidOption("format", export_format, ", ".join(get_args(ExportFormat)))


def _write_npz(results: MeasuredClip, path: Path) -> Path:
    if results.description is None or results.description.facts is None:
        raise NothingToExport("Describe")
    save_npz(path, librosa_features(results.clip, results.description.facts))
    return path


def _write_jams(results: MeasuredClip, path: Path, app_version: str) -> Path:
    if not results.layers:
        raise NothingToExport("Describe or Transcribe")
    document = jams_document(results.layers, results.clip.name, results.clip.duration, app_version)
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")
    return path


def _write_zip(results: MeasuredClip, path: Path, ending: str, write: Callable[[AnnotationLayer], str]) -> Path:
    """Write one file for each layer; their names are those of the layers."""
    if not results.layers:
        raise NothingToExport("Describe or Transcribe")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for layer in results.layers:
            archive.writestr(f"{layer.key}.{ending}", write(layer))
    return path
