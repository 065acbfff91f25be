"""Errors of bundles. Each text is one sentence that says what is wrong and what to do."""

from __future__ import annotations

from models.errors import AudioscopeError


class BundleError(AudioscopeError):
    """A bundle cannot be written or opened."""


class BundleRefused(BundleError):
    """The file is no bundle, or not as it was written."""

    def __init__(self, why: str) -> None:
        """Say why, in words that quote nothing of the file."""
        super().__init__(f"This bundle cannot be opened, because {why}: please export it again.")


class NewerBundle(BundleError):
    """A later version of the app wrote the bundle."""

    def __init__(self) -> None:
        super().__init__("This bundle was made by a newer version of Audioscope: please update the app, then open it again.")


class BundleWithoutClip(BundleError):
    """The bundle holds results alone, and their clip is not kept here."""

    def __init__(self) -> None:
        super().__init__("This bundle holds results without their clip: please open the recording first, then the bundle.")


class NothingToBundle(BundleError):
    """There is a clip without any result."""

    def __init__(self) -> None:
        super().__init__("There is nothing to export yet: press Describe, Transcribe, Draw or Show first.")
