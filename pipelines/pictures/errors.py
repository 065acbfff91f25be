"""Errors of pictures. Each text is one sentence that says what happened and what to do."""

from __future__ import annotations

from models.errors import AudioscopeError, ModelError
from pipelines.clip.errors import ClipError
from pipelines.wording.times import measured_time


class TextWidthMismatch(ModelError):
    """An aligner speaks to another text space than the picture model's."""

    def __init__(self, aligner: str, aligner_width: int, picture_model: str, picture_width: int) -> None:
        super().__init__(
            f"{aligner} makes prompts {aligner_width} numbers wide, but {picture_model} takes {picture_width}: "
            "choose another of the two, or let the app choose."
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


class PictureFileRefused(AudioscopeError):
    """No settings can be restored from this file."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This file cannot bring back how a picture was made ({why}): give a PNG that was saved here.")


class TooShortForStoryboard(ClipError):
    """There is not enough time for two pictures."""

    def __init__(self, seconds: float, least_seconds: float) -> None:
        super().__init__(
            f"This clip lasts {measured_time(seconds)}, too short for a storyboard, "
            f"which needs {measured_time(least_seconds)} or more: "
            "ask for one picture instead."
        )
