"""The manifest of a bundle: format version, clip and models."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from pipelines.bundle.errors import BundleRefused, NewerBundle

MANIFEST, README, REPORT = "manifest.json", "README.txt", "report.html"
SOUND_FILE = "sound.mp3"
"""Sound of the report, where it is not inside."""
FORMAT = "audioscope-bundle"
FORMAT_VERSION = 1
"""Increased when an older app cannot read what is written; the app reads all versions up to this one."""


@dataclass(frozen=True)
class BundledClip:
    """The clip that the results are about."""

    name: str
    duration: float
    """Seconds."""
    sample_rate: int
    """Hz."""
    channels: int
    content_hash: str
    track: int
    """Number of the audio track that was read from the file."""
    channel: int | None
    """Number of the one channel that was read; None for all."""
    file: str
    """Name of the entry that holds it; '' where the bundle has results alone."""


@dataclass(frozen=True)
class BundledModel:
    """A model that made a result."""

    title: str
    key: str
    """In the catalogue."""
    source: str
    """Repository of the hub, packages, or folder of the app's own repository."""
    version: str
    """Version of the package or of the app's own file; '' where the hub's newest commit is used."""
    licence: str
    licence_url: str


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself."""

    format: str
    format_version: int
    app_version: str
    made: str
    """Date and time in UTC, ISO 8601."""
    clip: BundledClip
    models: tuple[BundledModel, ...]
    parts: tuple[str, ...]
    """Entries from which the app brings results back."""


@dataclass(frozen=True)
class _Head:
    """The fields of every version."""

    format: str
    format_version: int


_HEAD, _MANIFEST = TypeAdapter(_Head), TypeAdapter(Manifest)


def write_manifest(manifest: Manifest) -> bytes:
    """Return the content of the entry `MANIFEST`."""
    return _MANIFEST.dump_json(manifest, indent=1)


def read_manifest(content: bytes) -> Manifest:
    """Return the manifest.

    Raises:
        NewerBundle: it has a later format version.
        BundleRefused: it is none, or damaged.
    """
    try:
        head = _HEAD.validate_json(content, strict=True)
        if head.format != FORMAT or head.format_version < 1:
            raise BundleRefused("it is no bundle of this app")
        if head.format_version > FORMAT_VERSION:
            raise NewerBundle
        return _MANIFEST.validate_json(content, strict=True)
    except ValidationError:
        raise BundleRefused("what it says about itself is damaged") from None
