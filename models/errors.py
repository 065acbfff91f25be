"""Every error a person may see. Its text is one sentence that says what happened and what to do."""

from __future__ import annotations


class AudioscopeError(Exception):
    """Base of all errors whose text is written for the person in front of the page."""


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
    """There is sound in the clip, but not where a model is to listen."""

    def __init__(self, start: float, end: float) -> None:
        super().__init__(f"There is no sound from {_as_time(start)} to {_as_time(end)}: choose another part of the clip.")


class NotAudio(ClipError):
    """Nothing in the file can be decoded as sound."""

    def __init__(self, claimed: str = "") -> None:
        named = f"although its name ends in {claimed}" if claimed else "that could be found"
        super().__init__(f"This file holds no sound {named}: please give a recording such as WAV, MP3, FLAC, OGG or M4A.")


class TruncatedClip(ClipError):
    """The file promises more sound than it holds, or stops in the middle of its structure."""

    def __init__(self, claimed_seconds: float | None = None, held_seconds: float | None = None) -> None:
        if claimed_seconds is None or held_seconds is None:
            reason = "its end or its index is missing"
        else:
            reason = f"it promises {_as_time(claimed_seconds)} but holds {_as_time(held_seconds)}"
        super().__init__(f"This file is damaged or was cut off ({reason}): please export or download it again.")


class ClipTooLong(ClipError):
    """The clip lasts longer than the limit."""

    def __init__(self, limit_seconds: float) -> None:
        super().__init__(f"This clip is longer than the limit of {_as_time(limit_seconds)}: please cut it into parts.")


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


class InvalidOption(AudioscopeError):
    """An option has a value that the pipeline does not take."""

    def __init__(self, name: str, value: object, accepted: str) -> None:
        super().__init__(f"The option {name} cannot be {str(value)[:80]!r}: it takes {accepted}.")


class ModelError(AudioscopeError):
    """A model cannot be used."""


class UnknownModel(ModelError):
    """The choice is not in the catalogue."""

    def __init__(self, choice: object, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no model called {str(choice)[:80]!r} for this: choose one of {', '.join(known)}.")


class ModelUnavailable(ModelError):
    """The weights are neither here nor within reach."""

    def __init__(self, title: str, why: str) -> None:
        super().__init__(f"{title} is not available ({why}): choose another model.")


class NoModelFits(ModelError):
    """The catalogue has nothing that is available and fits the memory."""

    def __init__(self, why: str) -> None:
        super().__init__(f"No model for this is available here ({why}).")


class DamagedWeights(ModelError):
    """A weight file's SHA-256 is not the one that the catalogue records."""

    def __init__(self, title: str, file: str) -> None:
        super().__init__(f"The weights of {title} are damaged ({file} has another checksum): install them again.")


class ModelLoadFailed(ModelError):
    """The library could not build the model from its files."""

    def __init__(self, title: str, why: str) -> None:
        super().__init__(f"{title} could not be loaded ({why[:200]}): try again or choose another model.")


class TextWidthMismatch(ModelError):
    """An aligner speaks to another text space than the picture model's."""

    def __init__(self, aligner: str, aligner_width: int, picture_model: str, picture_width: int) -> None:
        super().__init__(
            f"{aligner} makes prompts {aligner_width} numbers wide, but {picture_model} takes {picture_width}: "
            "choose another of the two, or let the app choose."
        )


class NothingWritten(ModelError):
    """A model that writes what is said was given a clip in which nobody speaks."""

    def __init__(self, title: str) -> None:
        super().__init__(f"Nobody speaks in this clip, so {title} writes nothing to look into: choose another encoder.")


class OutOfMemory(ModelError):
    """There is not enough memory, even after everything idle was evicted."""

    def __init__(self, needed_bytes: int, free_bytes: int, device: str) -> None:
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes
        super().__init__(
            f"Not enough memory on {device}: {as_size(needed_bytes)} needed, {as_size(free_bytes)} free. "
            "Choose a smaller model or a shorter clip."
        )


class PictureOverflow(ModelError):
    """A picture model gave values that are no numbers."""

    def __init__(self) -> None:
        super().__init__(
            "This picture came out empty, because the model ran out of numbers: lower the guidance or take another scheduler."
        )


class BrokenStartPicture(AudioscopeError):
    """The picture to start from cannot be used."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This start picture cannot be used ({why}): please give another one.")


class QueueFull(ModelError):
    """Too many jobs are waiting for a model."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"Too many jobs are waiting already ({waiting}): please try again in a minute.")


class WaitedTooLong(ModelError):
    """The deadline passed before the model was free."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The model was busy for more than {seconds:.0f} s: please try again.")


class PictureFileRefused(AudioscopeError):
    """No settings can be restored from this file."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This file cannot bring back how a picture was made ({why}): give a PNG that was saved here.")


class TooShortForStoryboard(ClipError):
    """There is not enough time for two pictures."""

    def __init__(self, seconds: float, least_seconds: float) -> None:
        super().__init__(
            f"This clip lasts {_as_time(seconds)}, too short for a storyboard, which needs {_as_time(least_seconds)} or more: "
            "ask for one picture instead."
        )


class BrokenEmbedding(AudioscopeError):
    """An encoder gave values that are no numbers."""

    def __init__(self) -> None:
        super().__init__("These embeddings hold values that are no numbers: choose another layer, or the model in float32.")


class EmptyEmbedding(AudioscopeError):
    """An encoder of what is said met a clip in which nobody speaks."""

    def __init__(self) -> None:
        super().__init__("This encoder found nothing in the clip that it could encode: choose another one.")


class JobStopped(AudioscopeError):
    """The person stopped the job before it had anything to show."""

    def __init__(self) -> None:
        super().__init__("Stopped.")


def as_size(size_bytes: int) -> str:
    """A byte count for people, in decimal units: 145_217_532 -> '145 MB'."""
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    if size_bytes >= 1e6:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{max(0, size_bytes) / 1e3:.0f} kB"


def _as_time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
