"""Errors of pictures. Each text is one sentence that says what happened and what to do."""

from __future__ import annotations

from models.errors import AudioscopeError, ModelError
from pipelines.clip.errors import ClipError
from pipelines.wording.times import measured_time


class TextWidthMismatch(ModelError):
    """The embeds of an aligner and those of a picture model have different widths."""

    def __init__(self, aligner: str, aligner_width: int, picture_model: str, picture_width: int) -> None:
        super().__init__(
            f"{aligner} makes prompts {aligner_width} numbers wide, but {picture_model} takes {picture_width}: "
            "choose another of the two, or let the app choose."
        )


class PictureOverflow(ModelError):
    """A picture model gave NaN or infinite values."""

    def __init__(self) -> None:
        super().__init__(
            "This picture is empty, because the model's values overflowed: lower the guidance scale or take another scheduler."
        )


class InvalidInitImage(AudioscopeError):
    """The initial image cannot be used."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This initial image cannot be used ({why}): please give another one.")


class InvalidPictureFile(AudioscopeError):
    """No settings can be restored from this file."""

    def __init__(self, why: str) -> None:
        tools = "AUTOMATIC1111, ComfyUI or InvokeAI"
        super().__init__(f"No settings can be restored from this file ({why}): give a PNG that was exported here, or by {tools}.")


class TooShortForStoryboard(ClipError):
    """The clip is too short for two pictures."""

    def __init__(self, seconds: float, min_seconds: float) -> None:
        super().__init__(
            f"This clip lasts {measured_time(seconds)}, too short for a storyboard, "
            f"which needs {measured_time(min_seconds)} or more: "
            "ask for one picture instead."
        )
