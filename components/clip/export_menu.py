"""The entries of the Export menu in the clip bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExportChoice:
    """An entry of the menu."""

    key: str
    """A format of `export_results`."""
    name: str
    about: str


EXPORTS = (
    ExportChoice("bundle", "Everything with the clip", "a ZIP that opens here again, with a page for any browser"),
    ExportChoice("results", "Everything without the clip", "the same without the recording"),
    ExportChoice("jams", "JAMS", "all tracks in one file"),
    ExportChoice("sonic_visualiser", "Sonic Visualiser", "a layer for each track"),
    ExportChoice("audacity", "Audacity", "a label track for each track"),
    ExportChoice("npz", "NumPy", "arrays with librosa's names"),
)
