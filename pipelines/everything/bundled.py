"""A whole analysis as the contents of a bundle."""

from __future__ import annotations

from pipelines.bundle.contents import BundleContents, BundledMap, BundledPicture
from pipelines.embeddings.colouring import ClipAnalyses
from pipelines.everything.types import EverythingFound, EverythingOptions
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import png_bytes
from pipelines.speech.edits.versions import new_version

FIRST_COLOURING = "time"
"""Key of the colouring of a map before another one is chosen."""


def bundle_contents(found: EverythingFound, options: EverythingOptions) -> BundleContents:
    """Return what a bundle holds of an analysis; subjects that are missing or not complete are left out.

    Args:
        found: the analysis.
        options: those it was made with.
    """
    described = found.description if found.description and found.description.state == "done" else None
    return BundleContents(
        transcript=new_version(found.speech, options.transcription) if found.speech and found.speech.state == "done" else None,
        description=described,
        notes=found.notes if found.notes and found.notes.state == "done" else None,
        pictures=tuple(map(_bundled_picture, found.picture.pictures)) if found.picture else (),
        map=_bundled_map(found, options),
    )


def _bundled_picture(picture: Picture) -> BundledPicture:
    settings = picture.settings
    words = ", ".join(text for text in (settings.prompt or "", *settings.concepts[:1]) if text)
    return BundledPicture(png_bytes(picture), picture.seed, words, settings.start, settings.end)


def _bundled_map(found: EverythingFound, options: EverythingOptions) -> BundledMap | None:
    if found.embedding is None or found.embedding_map is None:
        return None
    analyses = ClipAnalyses(found.description.sounds, found.description.facts) if found.description else ClipAnalyses()
    return BundledMap(found.embedding, found.embedding_map, options.embedding, FIRST_COLOURING, analyses)
