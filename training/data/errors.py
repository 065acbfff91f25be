"""What can be wrong with training data. Each text is one sentence: where it is, what it is, what to do."""

from __future__ import annotations

from pathlib import Path

from models.errors import AudioscopeError


class TrainingDataError(AudioscopeError):
    """The data cannot be used as they are."""


class InvalidRow(TrainingDataError):
    """A row of a file has no triple in it."""

    def __init__(self, file: Path, row: int, what: str) -> None:
        super().__init__(f"Row {row} of {file.name} cannot be used: {what}.")


class UnusableClip(TrainingDataError):
    """The audio of a clip cannot be read."""

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"{file} cannot be used: {what}.")
