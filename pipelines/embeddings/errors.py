"""Errors of embeddings. Each text is one sentence that says what happened and what to do."""

from __future__ import annotations

from models.errors import AudioscopeError, ModelError
from pipelines.wording.times import measured_time


class NoTokens(ModelError):
    """An encoder whose frames are tokens was given a clip without speech."""

    def __init__(self, title: str) -> None:
        super().__init__(f"There is no speech in this clip, so {title} has no tokens: choose another encoder.")


class BrokenEmbedding(AudioscopeError):
    """An embedding has NaN, infinite or very large values."""

    def __init__(self) -> None:
        super().__init__("This embedding has values that are too large or not finite: choose another layer, or use float32.")


class AudioTooLong(AudioscopeError):
    """The frames of the audio would take more memory than an embedding may have."""

    def __init__(self, duration: float, title: str, max_duration: float) -> None:
        super().__init__(
            f"{title} takes at most {measured_time(max_duration)} of audio on one map and got {measured_time(duration)}: cut "
            "the audio, or choose an encoder with fewer frames per second, such as YAMNet."
        )


class EmptyEmbedding(AudioscopeError):
    """An embedding has no frames."""

    def __init__(self) -> None:
        super().__init__("This encoder found nothing in the clip that it could encode: choose another one.")
