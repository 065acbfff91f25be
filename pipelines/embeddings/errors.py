"""Errors of embeddings. Each text is one sentence that says what happened and what to do."""

from __future__ import annotations

from models.errors import AudioscopeError, ModelError


class NothingWritten(ModelError):
    """A model that writes what is said was given a clip in which nobody speaks."""

    def __init__(self, title: str) -> None:
        super().__init__(f"Nobody speaks in this clip, so {title} writes nothing to look into: choose another encoder.")


class BrokenEmbedding(AudioscopeError):
    """An encoder gave values that are no numbers."""

    def __init__(self) -> None:
        super().__init__("These embeddings hold values that are no numbers: choose another layer, or the model in float32.")


class EmptyEmbedding(AudioscopeError):
    """An encoder of what is said met a clip in which nobody speaks."""

    def __init__(self) -> None:
        super().__init__("This encoder found nothing in the clip that it could encode: choose another one.")
