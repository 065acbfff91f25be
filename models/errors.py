"""Base of all errors that a person may see, and the errors of models. Each text is one sentence: what happened, what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator

FULL, NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT), (errno.EROFS, errno.EACCES)
"""Numbers of the system's errors of a disk without room, and of one that may not be written."""


class AudioscopeError(Exception):
    """Base of all errors whose text is written for the person in front of the page."""


class DiskFull(AudioscopeError):
    """A file cannot be written for want of room."""

    def __init__(self) -> None:
        super().__init__("The disk of the server is full: try again later, or tell whoever runs it.")


class DiskNotWritable(AudioscopeError):
    """A file cannot be written whatever its size."""

    def __init__(self) -> None:
        super().__init__("The server cannot write to its folders: tell whoever runs it.")


def disk_error(error: BaseException) -> AudioscopeError | None:
    """Return the error to show where a full or write-protected disk is behind `error`, None otherwise."""
    numbers = {cause.errno for cause in _with_causes(error) if isinstance(cause, OSError)}
    if numbers.intersection(FULL):
        return DiskFull()
    return DiskNotWritable() if numbers.intersection(NOT_WRITABLE) else None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


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


class UnsuitableModel(ModelError):
    """The model that was named cannot do what is asked of it."""

    def __init__(self, title: str, action: str) -> None:
        super().__init__(f"{title} cannot {action}: choose another model.")


class NoModelFits(ModelError):
    """The catalogue has nothing that is available and fits the memory."""

    def __init__(self, why: str, lack: str) -> None:
        """Say why.

        Args:
            why: each model that was passed over, with the reason; '' if there is none.
            lack: what the most suitable model lacked, as the end of the sentence 'No model …'.
        """
        super().__init__(f"No model for this is available here ({why})." if why else "No model for this is available here.")
        self.lack = lack


class DamagedWeights(ModelError):
    """A weight file's SHA-256 is not the one that the catalogue records."""

    def __init__(self, title: str, file: str) -> None:
        super().__init__(f"The weights of {title} are damaged ({file} has another checksum): install them again.")


class ModelLoadFailed(ModelError):
    """The library could not build the model from its files."""

    def __init__(self, title: str, why: str) -> None:
        super().__init__(f"{title} could not be loaded ({why[:200]}): try again or choose another model.")


class OutOfMemory(ModelError):
    """There is not enough memory, even after everything idle was evicted."""

    def __init__(self, needed_bytes: int, free_bytes: int, device: str) -> None:
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes
        super().__init__(
            f"Not enough memory on {device}: {as_size(needed_bytes)} needed, {as_size(free_bytes)} free. "
            "Choose a smaller model or a shorter clip."
        )


class QueueFull(ModelError):
    """Too many jobs are waiting for a model."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"Too many jobs are waiting already ({waiting}): please try again in a minute.")


class WaitedTooLong(ModelError):
    """The deadline passed before the model was free."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The model was busy for more than {seconds:.0f} s: please try again.")


class JobStopped(AudioscopeError):
    """The person stopped the job before it had anything to show."""

    def __init__(self) -> None:
        super().__init__("Stopped.")


def as_size(size_bytes: int) -> str:
    """Return a byte count for people, in decimal units: 145_217_532 -> '145 MB'."""
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    if size_bytes >= 1e6:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{max(0, size_bytes) / 1e3:.0f} kB"
