"""What an answer to a hostile request may be: a right answer, or one clear sentence, in time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

DEADLINE_SECONDS = 120.0
"""For each call, its wait for other calls included; a call over it is a fault."""
SENTENCE = re.compile(r"[A-Z“‘'\"0-9(].*[.!?”]", re.DOTALL)
MAX_SENTENCE_CHARACTERS = 1500
LEAKS = re.compile(r"Traceback|Unexpected error|File \"|object at 0x|\bErrno\b|site-packages|Error\(|NoneType")
"""What no sentence says: a traceback, the number of an unknown fault, names of Python."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    """Of HTTP; 0 where the connection broke."""
    kind: str
    """'complete', 'error', 'refused' (an HTTP answer instead of an event id) or 'broken'."""
    content: str
    """JSON of the last event, or the body."""
    seconds: float


def fault_of(answer: Answer, folders: tuple[str, ...] = ()) -> str:
    """Return what is wrong with an answer, '' if it is right; no sentence may name one of `folders`."""
    if answer.seconds > DEADLINE_SECONDS:
        return f"after {answer.seconds:.0f} s"
    if answer.kind == "broken" or answer.status >= 500:
        return f"{answer.kind} {answer.status}: {answer.content[:300]}"
    try:
        document = json.loads(answer.content, parse_constant=_no_number)
    except ValueError as error:
        return f"no JSON ({error}): {answer.content[:300]}"
    if answer.kind == "complete":
        return "" if isinstance(document, list) else f"no result: {answer.content[:300]}"
    sentence = _sentence_of(document)
    # The web framework's own words for a body that is no JSON have no full stop.
    return fault_of_sentence(f"{sentence}." if answer.kind == "refused" else sentence, folders)


def _sentence_of(document: Any) -> str:
    """Return the words for the caller; those of FastAPI's own checks name the field and what it takes."""
    if not isinstance(document, dict):
        return ""
    detail = document.get("error") or document.get("detail")
    if isinstance(detail, list):
        return ". ".join(str(one["msg"]) for one in detail)
    return detail if isinstance(detail, str) else ""


def fault_of_sentence(text: str, folders: tuple[str, ...]) -> str:
    """Return why a text is no clear sentence, or '' if it is one."""
    if not SENTENCE.fullmatch(text) or len(text) > MAX_SENTENCE_CHARACTERS:
        return f"no sentence: {text[:300]!r}"
    if leak := LEAKS.search(text):
        return f"says {leak.group()!r}: {text[:300]}"
    named = next((folder for folder in folders if folder in text), None)
    return f"names {named}: {text[:300]}" if named else ""


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
