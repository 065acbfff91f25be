"""What the data check finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]
"""An error makes a training or its figures wrong; a warning is something to look at."""
MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One trap, with all places where it lies."""

    rule: str
    """Short name, such as 'silent clip'."""
    severity: Severity
    advice: str
    """One sentence: why it matters, and what to do."""
    places: tuple[str, ...]
    """What it was found in: a clip, a source, a label."""

    def __str__(self) -> str:
        more = len(self.places) - MAX_EXAMPLES
        shown = "; ".join(self.places[:MAX_EXAMPLES]) + (f"; and {more} more" if more > 0 else "")
        return f"{self.severity.upper()}: {self.rule} ({len(self.places)}): {shown}. {self.advice}"


def finding(rule: str, severity: Severity, advice: str, places: Iterable[str]) -> Iterator[Finding]:
    """Yield the finding if there is a place for it; equal places count once."""
    if unique := tuple(dict.fromkeys(places)):
        yield Finding(rule, severity, advice, unique)
