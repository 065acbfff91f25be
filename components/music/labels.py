"""The words of the tab Music & sound, in one place for a translation."""

from __future__ import annotations

from typing import Literal

from pipelines.wording.certainty import MIN_CERTAIN, sure

ClaimMark = Literal["confirmed", "uncertain", "contradicted", "not measured"]

CLAIM_MARKS: dict[ClaimMark, str] = {"confirmed": "✓", "uncertain": "○", "contradicted": "✗", "not measured": "?"}
CLAIM_MEANINGS: dict[ClaimMark, str] = {
    "confirmed": f"A second measurement agrees, or the measurement is at least {sure(MIN_CERTAIN)}.",
    "uncertain": "One measurement says so, and it is not sure.",
    "contradicted": "The measurement says something else.",
    "not measured": "This was not measured.",
}
