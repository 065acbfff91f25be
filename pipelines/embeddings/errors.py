"""Errors of embeddings. Each text is one sentence that says what happened and what to do."""

from __future__ import annotations

from models.errors import AudioscopeError, ModelError


class NoTokens(ModelError):
    """An encoder whose frames are tokens was given a clip without speech."""

    def __init__(self, title: str) -> None:
        super().__init__(f"There is no speech in this clip, so {title} has no tokens: choose another encoder.")


class BrokenEmbedding(AudioscopeError):
    """An embedding has NaN or infinite values."""

    def __init__(self) -> None:
        super().__init__("This embedding has values that are not finite: choose another layer, or the model in float32.")


class EmptyEmbedding(AudioscopeError):
    """An embedding has no frames."""

    def __init__(self) -> None:
        super().__init__("This encoder found nothing in the clip that it could encode: choose another one.")
