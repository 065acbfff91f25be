"""JAMS: all annotations of a clip in one JSON file (Humphrey et al. 2014; github.com/marl/jams)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines import APP_NAME
from pipelines.annotations.layers import AnnotationLayer, Label

JAMS_VERSION = "0.3.5"
"""Version of the schema that the document follows."""


def jams_document(layers: Iterable[AnnotationLayer], title: str, duration: float, app_version: str) -> dict[str, Any]:
    """Return a JAMS document, for `json.dump` and `jams.load`.

    Downbeats are the beats whose value is 1, as the namespace 'beat' has it. An annotation's `sandbox` names its layer.

    Args:
        layers: those of `annotation_layers`.
        title: name of the clip.
        duration: of the clip in seconds.
        app_version: version of the program, which is the annotator.
    """
    metadata = {
        "title": title,
        "artist": "",
        "release": "",
        "duration": duration,
        "identifiers": {},
        "jams_version": JAMS_VERSION,
    }
    annotations = [_annotation(layer, duration, app_version) for layer in layers if layer.namespace]
    return {"file_metadata": metadata, "annotations": annotations, "sandbox": {}}


def _annotation(layer: AnnotationLayer, duration: float, app_version: str) -> dict[str, Any]:
    return {
        "namespace": layer.namespace,
        "time": 0.0,
        "duration": duration,
        "data": [_observation(label) for label in layer.labels],
        "annotation_metadata": {
            "curator": {"name": "", "email": ""},
            "annotator": {"models": layer.model},
            "version": app_version,
            "corpus": "",
            "annotation_tools": APP_NAME,
            "annotation_rules": "",
            "validation": "",
            "data_source": "program",
        },
        "sandbox": {"layer": layer.key},
    }


def _observation(label: Label) -> dict[str, Any]:
    return {
        "time": label.start,
        "duration": label.end - label.start,
        "value": label.value,
        "confidence": label.confidence,
    }
