"""Errors of work in another process, in a form that can be pickled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.errors import AudioscopeError


@dataclass(frozen=True)
class Failure:
    """An error of work in another process."""

    kind: type[Exception]
    arguments: tuple[Any, ...]
    attributes: dict[str, Any]

    @staticmethod
    def of(error: Exception, place: str) -> Failure:
        """Return a sentence for people as it is; of another error, whose arguments may be anything, its text and the place."""
        if isinstance(error, AudioscopeError):
            return Failure(type(error), error.args, vars(error))
        return Failure(RuntimeError, (f"{type(error).__name__} {place}: {error}",), {})

    def error(self) -> Exception:
        """Return an error with the same text, whatever its class wants to be built from."""
        error = self.kind.__new__(self.kind)
        error.args = self.arguments
        vars(error).update(self.attributes)
        return error
