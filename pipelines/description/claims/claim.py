"""A claim of a caption, what was measured of it, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.clip.chunking import Span
from pipelines.jobs.result import Result
from pipelines.wording.certainty import MIN_POSSIBLE, MIN_PROBABLE

ClaimKind = Literal["tempo", "key", "metre", "chords", "instrument", "genre", "vocals"]
Verdict = Literal["supported", "contradicted", "not measured"]


@dataclass(frozen=True)
class Claim(Result):
    """Something that a caption says and that can be measured."""

    kind: ClaimKind
    value: str
    """What is claimed, in one form for all ways to say it: '120 BPM', 'A minor', '3/4', 'Am–F–C–G', 'acoustic guitar', 'jazz'."""
    start_char: int
    """Index of its first character in the caption."""
    end_char: int
    """Index after its last character."""
    is_negated: bool = False
    """Whether the caption negates it."""
    is_hedged: bool = False
    """Whether the caption says it with a hedge such as 'probably'."""


@dataclass(frozen=True)
class CheckedClaim(Result):
    """A claim with its verdict, the reason, and the place in the clip."""

    claim: Claim
    verdict: Verdict
    reason: str
    """One sentence for people."""
    confidence: float | None = None
    """Calibrated confidence, 0 to 1, of the measurement that supports the claim; None without one."""
    is_confirmed: bool = False
    """Whether a second, independent measurement agrees, or the confidence is at least `MIN_CERTAIN`."""
    start: float | None = None
    """Seconds; None where no place shows it."""
    end: float | None = None


@dataclass(frozen=True)
class Measurement(Result):
    """The verdict on the positive form of a claim, before its negation is taken into account."""

    verdict: Verdict
    reason: str
    span: Span | None = None
    confidence: float | None = None
    """Calibrated confidence that the positive form is true or, of a contradiction, that it is not; None where there is none."""


def is_too_unsure(claim: Claim, confidence: float) -> bool:
    """Return whether a measurement is too unsure to support or contradict the claim."""
    return confidence < (MIN_POSSIBLE if claim.is_hedged else MIN_PROBABLE)
