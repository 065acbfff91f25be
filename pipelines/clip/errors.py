"""Errors of the clip. Each text is one sentence that says what happened and what to do."""

from __future__ import annotations

from models.errors import AudioscopeError, as_size
from pipelines.wording.times import measured_time


class ClipError(AudioscopeError):
    """The clip that was given cannot be used."""


class NoClip(ClipError):
    """A job was asked for before there was a clip."""

    def __init__(self) -> None:
        super().__init__("There is no clip yet: upload one, record one or pick an example.")


class ClipExpired(ClipError):
    """The clip's files were removed because of their age."""

    def __init__(self) -> None:
        super().__init__("This clip is no longer kept here: please load it again.")


class EmptyClip(ClipError):
    """The file has no bytes, or no samples."""

    def __init__(self) -> None:
        super().__init__("This file is empty: there is no sound in it.")


class SilentClip(ClipError):
    """Every sample is (nearly) zero."""

    def __init__(self) -> None:
        super().__init__("This clip is silent from start to end: check the microphone or the export and try again.")


class SilentPart(ClipError):
    """There is sound in the clip, but not in the part that a model is to process."""

    def __init__(self, start: float, end: float) -> None:
        super().__init__(
            f"There is no sound from {measured_time(start)} to {measured_time(end)}: choose another part of the clip."
        )


class NotAudio(ClipError):
    """Nothing in the file can be decoded as sound."""

    def __init__(self, claimed: str = "") -> None:
        named = f", although its name ends in {claimed}" if claimed else ""
        super().__init__(f"Nothing in this file can be read as sound{named}: please give it as WAV, MP3, FLAC, OGG or M4A.")


class UnreadableClip(ClipError):
    """The file is a recording, but nothing of it can be decoded."""

    def __init__(self) -> None:
        super().__init__(
            "This file is damaged or was cut off (its end or its index is missing): please export or download it again."
        )


class ClipTooLong(ClipError):
    """The clip lasts longer than the limit."""

    def __init__(self, limit_seconds: float) -> None:
        super().__init__(f"This clip is longer than the limit of {measured_time(limit_seconds)}: please cut it into parts.")


class ClipTooLarge(ClipError):
    """The file has more bytes than the limit."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"This file has {as_size(size_bytes)}, more than the limit of {as_size(limit_bytes)}: "
            "please compress it (MP3, Opus) or cut it into parts."
        )


class TooManyChannels(ClipError):
    """The clip has more channels than the limit."""

    def __init__(self, channels: int, limit: int) -> None:
        super().__init__(f"This clip has {channels} channels, more than the limit of {limit}: please mix it down first.")


class ClipPathRefused(ClipError):
    """The path does not lie where uploads and examples lie."""

    def __init__(self) -> None:
        super().__init__("This file was not uploaded here: please upload it instead of naming a path.")
