"""What ZeroGPU refuses and why, as sentences.

The package `spaces` raises `gradio.Error` with a title and a message that are written for developers; see its `zero/client.py`.
"""

from __future__ import annotations

import re
from datetime import timedelta

from models.errors import AudioscopeError

QUOTA = re.compile(r"\((?P<requested>\d+)s requested vs\. (?P<left>-?\d+)s left\)")
WAIT = re.compile(r"Try again in (?:(?P<days>-?\d+) days?, )?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)")
NO_FREE_GPU = "No GPU was available"
"""Has the title of a used quota where the visitor is not signed in."""


class GpuRefused(AudioscopeError):
    """ZeroGPU did not give a GPU for a call, or took it back."""

    longest_seconds: float | None = None
    """Length of a call that would not be refused for the same reason; None where a shorter one would not help."""


class GpuQuotaUsedUp(GpuRefused):
    """The visitor's GPU time of the day does not reach for the call."""

    def __init__(self, requested: int, left: int, wait: timedelta | None) -> None:
        self.longest_seconds = left
        again = f"try again in {as_wait(wait)}" if wait is not None else "try again tomorrow"
        super().__init__(
            f"Your GPU time of today does not reach for this: {requested} s are needed, {max(0, left)} s are left. "
            f"Choose a shorter clip, or {again}."
        )


class GpuRunsUsedUp(GpuRefused):
    """The visitor's number of calls, or the GPU time of visitors who are not signed in, is used up."""

    def __init__(self) -> None:
        super().__init__("The GPU time for this visit is used up: sign in to Hugging Face, or try again tomorrow.")


class GpuCallTooLong(GpuRefused):
    """The call asks for more GPU time than the visitor may have at once."""

    def __init__(self, requested: int) -> None:
        self.longest_seconds = requested / 2
        super().__init__(
            f"This needs {requested} s of GPU time at once, which is more than you may have: "
            "choose a shorter clip, a smaller model or fewer steps, or sign in to Hugging Face."
        )


class NoGpuFree(GpuRefused):
    """All GPUs are in use."""

    def __init__(self) -> None:
        super().__init__("No GPU became free within a minute: please try again.")


class TooManyGpuCalls(GpuRefused):
    """The visitor's running jobs hold all of the GPU time that is left."""

    def __init__(self) -> None:
        super().__init__("Your other jobs hold all of your GPU time: try again when one of them has ended.")


class GpuVisitExpired(GpuRefused):
    """The token that says who the visitor is has expired."""

    def __init__(self) -> None:
        super().__init__("This page was open for too long to be given a GPU: reload it.")


class GpuTakenBack(GpuRefused):
    """The time that was asked for is over, and the work is not done."""

    def __init__(self) -> None:
        super().__init__(
            "The GPU was taken back before this was done: choose a shorter clip, a smaller model or fewer steps, and try again."
        )


def refusal_of(error: Exception) -> GpuRefused | None:
    """Return what an error of the package `spaces` means; None for one that is no refusal."""
    title, message = str(getattr(error, "title", "")), str(error).strip("'\"")
    if not title.startswith("ZeroGPU"):
        return None
    if NO_FREE_GPU in message:
        return NoGpuFree()
    match title.removeprefix("ZeroGPU "):
        case "quota exceeded":
            quota = QUOTA.search(message)
            return GpuQuotaUsedUp(int(quota["requested"]), int(quota["left"]), _wait(message)) if quota else GpuRunsUsedUp()
        case "illegal duration":
            return GpuCallTooLong(int(re.findall(r"\((\d+)s\)", message)[0]))
        case "pending credits exceeded":
            return TooManyGpuCalls()
        case "client error":
            return GpuVisitExpired() if "token" in message else None
        case "worker error":
            return GpuTakenBack() if "aborted" in message else None
    return None


def as_wait(wait: timedelta) -> str:
    """Return a time to wait for people, rounded up to minutes: '1 h 24 min'."""
    minutes = -(-int(wait.total_seconds()) // 60)
    hours, minutes = divmod(max(1, minutes), 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes else [])])


def _wait(message: str) -> timedelta | None:
    found = WAIT.search(message)
    if found is None:
        return None
    return timedelta(**{unit: int(value or 0) for unit, value in found.groupdict().items()})
