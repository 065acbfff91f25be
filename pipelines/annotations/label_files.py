"""One file for each layer: label tracks of Audacity, which mir_eval reads too, and layers of Sonic Visualiser."""

from __future__ import annotations

from xml.etree import ElementTree

from pipelines.annotations.layers import AnnotationLayer, Label
from pipelines.wording.file_texts import xml_text

TIME_DECIMALS = 6
COLOURS = {
    "beats": "Orange",
    "downbeats": "Red",
    "chords": "Green",
    "sections": "Blue",
}
"""Sonic Visualiser's names of colours; other layers are purple."""


def audacity_labels(layer: AnnotationLayer) -> str:
    """Return a label track: a line of start, end and text for each label, with tabs between; times in seconds.

    Audacity imports it by File > Import > Labels; `mir_eval.io.load_labeled_intervals` reads intervals without blanks in their
    texts, such as chords.
    """
    rows = ((f"{label.start:.{TIME_DECIMALS}f}", f"{label.end:.{TIME_DECIMALS}f}", label.text) for label in layer.labels)
    return "".join("\t".join(row) + "\n" for row in rows)


def sonic_visualiser_layer(layer: AnnotationLayer, sample_rate: int, duration: float) -> str:
    """Return an annotation layer (.svl): time instants, time values for a tempo, or regions.

    Args:
        layer: the labels.
        sample_rate: of the clip in Hz, in whose samples the file counts.
        duration: of the clip in seconds.
    """
    is_tempo = layer.namespace == "tempo"
    dimensions = 2 if is_tempo else 1 if layer.has_instants else 3
    kind = {1: "timeinstants", 2: "timevalues", 3: "regions"}[dimensions]
    root = ElementTree.Element("sv")
    data = ElementTree.SubElement(root, "data")
    ElementTree.SubElement(data, "model", _model(layer, dimensions, sample_rate, duration))
    dataset = ElementTree.SubElement(data, "dataset", {"id": "1", "dimensions": str(dimensions)})
    texts: dict[str, int] = {}
    for label in layer.labels:
        ElementTree.SubElement(dataset, "point", _point(label, dimensions, sample_rate, texts))
    display = ElementTree.SubElement(root, "display")
    colour = COLOURS.get(layer.key, "Purple")
    shown = {"id": "2", "type": kind, "name": layer.title, "model": "0", "plotStyle": "0", "colourName": colour}
    ElementTree.SubElement(display, "layer", shown)
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE sonic-visualiser>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _model(layer: AnnotationLayer, dimensions: int, sample_rate: int, duration: float) -> dict[str, str]:
    """Return the attributes of a sparse model, as Sonic Visualiser writes them."""
    model = {
        "id": "0",
        "name": layer.title,
        "sampleRate": str(sample_rate),
        "start": "0",
        "end": str(round(duration * sample_rate)),
        "type": "sparse",
        "dimensions": str(dimensions),
        "resolution": "1",
        "notifyOnAdd": "true",
        "dataset": "1",
    }
    if dimensions == 2:
        values = [float(label.value) for label in layer.labels]
        model |= {"minimum": f"{min(values)}", "maximum": f"{max(values)}", "units": "bpm"}
    if dimensions == 3:
        highest = len({label.text for label in layer.labels}) - 1
        model |= {"subtype": "region", "valueQuantization": "0", "minimum": "0", "maximum": str(highest), "units": ""}
    return model


def _point(label: Label, dimensions: int, sample_rate: int, texts: dict[str, int]) -> dict[str, str]:
    """Return the attributes of a point; regions with equal texts lie at one height, counted in `texts`."""
    point = {"frame": str(round(label.start * sample_rate)), "label": xml_text(label.text)}
    if dimensions == 2:
        point |= {"value": f"{label.value}"}
    if dimensions == 3:
        height = texts.setdefault(label.text, len(texts))
        point |= {"duration": str(round((label.end - label.start) * sample_rate)), "value": str(height)}
    return point
