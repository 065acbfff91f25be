"""The scale of certainty: each number and each word that says how sure a finding is comes from here.

A confidence is a calibrated probability, 0 to 1: the fraction of such findings that are right. Scores and similarities that are
not calibrated get no percentage; they are called a guess.

    confidence        word         number
    0.8 and more                   '85 % sure'
    0.5 to 0.8        probably     '62 % sure'
    0.25 to 0.5       perhaps      '39 % sure'
    below 0.25        not said
"""

from __future__ import annotations

from pipelines.wording.grammar import share

MIN_POSSIBLE, MIN_PROBABLE, MIN_CERTAIN = 0.25, 0.5, 0.8
"""Confidence, 0 to 1, from which a finding is said with 'perhaps', with 'probably', and without a hedge. Chosen:
a finding without a hedge is wrong once in five times at most; 0.5 is likelier than not; below 0.25 it counts as not measured."""
MAX_SHOWN = 0.99
"""Highest confidence that is shown, since no measurement here is certain."""


def hedge(confidence: float) -> str:
    """Return the word that goes before a finding of this confidence, with a blank: 'perhaps ', 'probably ' or ''."""
    return "" if confidence >= MIN_CERTAIN else "probably " if confidence >= MIN_PROBABLE else "perhaps "


def percent(confidence: float) -> str:
    """Return a confidence as a number: '78 %', at most '99 %'."""
    return share(min(MAX_SHOWN, confidence))


def sure(confidence: float) -> str:
    """Return a confidence as people read it beside a finding: '78 % sure'."""
    return f"{percent(confidence)} sure"
