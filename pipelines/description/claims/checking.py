"""Check the claims of a caption against what was measured in the clip.

Only a measurement that is sure of something else contradicts a claim. Where the measurement is missing, unsure or less exact than
the caption, the claim is 'not measured'. A claim with a hedge is supported by a lower confidence.

A claim is confirmed by a second opinion only. A caption that a model wrote from the sound is one opinion and the measurement that
agrees the second. A caption written from the measurements repeats them: its claims are confirmed by a high confidence alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.clip.chunking import Span
from pipelines.description.claims.claim import CheckedClaim, Claim, ClaimKind, Measurement, is_too_unsure
from pipelines.description.claims.extraction import find_claims
from pipelines.description.claims.harmony_checks import check_chords, check_key
from pipelines.description.findings import MIN_ALTERNATIVE_RATIO, ClipFindings
from pipelines.wording.certainty import MIN_CERTAIN, MIN_PROBABLE, sure
from pipelines.wording.grammar import listed, with_article
from pipelines.wording.music_vocabulary import TEMPO_WORDS, TermKind, narrower, terms_by_name
from pipelines.wording.times import clock_time

TEMPO_TOLERANCE = 0.04
"""Relative deviation from a claimed tempo that still fits it."""
OCTAVES = ((0.5, "half"), (2.0, "twice"))
SAME_PULSE = {frozenset({"6/8", "12/8"}), frozenset({"2/2", "2/4"}), frozenset({"2/2", "4/4"}), frozenset({"3/4", "3/8"})}
"""Pairs of metres that differ in notation only, not in sound."""


def check_claims(text: str, findings: ClipFindings, is_independent: bool = False) -> tuple[CheckedClaim, ...]:
    """Return all claims of a caption with their verdicts, in the order of its words.

    Args:
        text: the caption.
        findings: the measurements.
        is_independent: whether the caption was written from the sound, not from `findings`.
    """
    return tuple(check_claim(claim, findings, is_independent) for claim in find_claims(text))


def check_claim(claim: Claim, findings: ClipFindings, is_independent: bool = False) -> CheckedClaim:
    """Check one claim; a negated claim is supported by what contradicts its positive form."""
    found = _CHECKS[claim.kind](claim, findings)
    verdict = found.verdict
    if claim.is_negated and verdict != "not measured":
        verdict = "contradicted" if verdict == "supported" else "supported"
    start, end = found.span or (None, None)
    if verdict != "supported":
        return CheckedClaim(claim, verdict, found.reason, start=start, end=end)
    is_second = is_independent and (found.confidence is None or found.confidence >= MIN_PROBABLE)
    is_certain = found.confidence is not None and found.confidence >= MIN_CERTAIN
    return CheckedClaim(claim, verdict, found.reason, found.confidence, is_second or is_certain, start, end)


def _check_tempo(claim: Claim, findings: ClipFindings) -> Measurement:
    tempo = findings.tempo
    if tempo is None:
        return Measurement("not measured", "No tempo was found in this clip.")
    measured = f"{tempo.bpm:.0f} BPM ({sure(tempo.confidence)})"
    if is_too_unsure(claim, tempo.confidence):
        return Measurement("not measured", f"The tempo is too unsure; the best guess is {measured}.", findings.first_bars)
    slowest, fastest = _claimed_tempi(claim.value)
    fitting = [bpm for bpm in findings.tempi if slowest <= bpm <= fastest]
    if fitting and fitting[0] == tempo.bpm:
        return Measurement("supported", f"The measured tempo is {measured}.", findings.first_bars, tempo.confidence)
    if fitting:
        reason = f"The measured tempo is {measured}, but {fitting[0]:.0f} BPM fits nearly as well."
        close = max(other.confidence for other in tempo.alternatives if other.bpm == fitting[0])
        return Measurement("supported", reason, findings.first_bars, close)
    relation = next((word for factor, word in OCTAVES if slowest <= factor * tempo.bpm <= fastest), None)
    if relation is not None and "BPM" in claim.value:
        return Measurement("contradicted", f"That is {relation} the measured tempo of {measured}.", findings.first_bars)
    return Measurement("contradicted", f"The measured tempo is {measured}.", findings.first_bars)


def _claimed_tempi(value: str) -> tuple[float, float]:
    """Return the minimum and maximum tempo in BPM that fit a claim."""
    if value.endswith("BPM"):
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", value)]
        return min(numbers) * (1 - TEMPO_TOLERANCE), max(numbers) * (1 + TEMPO_TOLERANCE)
    word = next(one for one in TEMPO_WORDS if value in re.sub("-", " ", one.word).split("|"))
    return word.slowest, word.fastest


def _check_metre(claim: Claim, findings: ClipFindings) -> Measurement:
    beats = findings.beats
    if beats is None:
        return Measurement("not measured", "No metre was found in this clip.")
    measured = f"{beats.metre} ({sure(beats.confidence)})"
    if is_too_unsure(claim, beats.confidence):
        return Measurement("not measured", f"The metre is too unsure; the best guess is {measured}.", findings.first_bars)
    if claim.value == beats.metre:
        return Measurement("supported", f"The measured metre is {measured}.", findings.first_bars, beats.confidence)
    if frozenset({claim.value, beats.metre}) in SAME_PULSE:
        reason = f"The measured metre is {measured}, which sounds the same as {claim.value}."
        return Measurement("not measured", reason, findings.first_bars)
    close = next((other for other in beats.alternatives if other.metre == claim.value), None)
    if close is not None and close.confidence >= MIN_ALTERNATIVE_RATIO * beats.confidence:
        reason = f"The measured metre is {measured}, but {close.metre} fits nearly as well."
        return Measurement("not measured", reason, findings.first_bars)
    return Measurement("contradicted", f"The measured metre is {measured}.", findings.first_bars)


def _check_instrument(claim: Claim, findings: ClipFindings) -> Measurement:
    return _check_term(claim, "instrument", findings)


def _check_genre(claim: Claim, findings: ClipFindings) -> Measurement:
    return _check_term(claim, "genre", findings)


def _check_term(claim: Claim, kind: TermKind, findings: ClipFindings) -> Measurement:
    presence, name = findings.presence(kind, claim.value), claim.value
    if not is_too_unsure(claim, presence.confidence):
        where = f", most clearly at {clock_time(presence.span[0])}" if presence.span and kind == "instrument" else ""
        is_plural = kind == "instrument" and name.endswith("s")
        confidence = presence.confidence if presence.is_calibrated else None
        doubt = f" ({sure(confidence)})" if confidence is not None else ", a guess"
        verb = f"{'were' if is_plural else 'was'} found{doubt}"
        return Measurement("supported", f"{_named(kind, name)} {verb}{where}.", presence.span, confidence)
    broader = _broader_presence(kind, name, findings)
    is_known = any(findings.is_detectable(kind, term.name) for term in narrower(kind, name))
    if is_known and presence.is_absent and not (broader is not None and broader.is_exact):
        return Measurement("contradicted", _absence(kind, name, findings))
    if broader is not None and broader.is_present:
        reason = f"{_named(kind, broader.name)} was found; whether it is {_indefinite(kind, name)} is not measured."
        return Measurement("not measured", reason, broader.span)
    if broader is not None and not is_known:
        return Measurement("contradicted", _absence(kind, broader.name, findings))
    if not is_known:
        return Measurement("not measured", f"No model that ran on this clip detects {_indefinite(kind, name)}.")
    return Measurement("not measured", f"It is not clear whether the clip has {_indefinite(kind, name)}.", presence.span)


@dataclass(frozen=True)
class _Broader:
    """A broader term than the one claimed, whose presence was decided."""

    name: str
    is_present: bool
    is_exact: bool
    """Whether the term itself was found, not only another kind of it: a guitar, not an electric guitar."""
    span: Span | None


def _broader_presence(kind: TermKind, name: str, findings: ClipFindings) -> _Broader | None:
    """Return the nearest broader term that is surely present or surely absent."""
    broader = terms_by_name()[kind, name].broader
    while broader:
        presence = findings.presence(kind, broader)
        if presence.confidence >= MIN_PROBABLE or presence.is_absent:
            is_exact = findings.presence(kind, broader, with_kinds=False).confidence >= MIN_PROBABLE
            return _Broader(broader, presence.confidence >= MIN_PROBABLE, is_exact, presence.span)
        broader = terms_by_name()[kind, broader].broader
    return None


def _absence(kind: TermKind, name: str, findings: ClipFindings) -> str:
    if findings.is_music is False:
        return "No music was found in this clip."
    instead = listed([one.name for one in findings.detections(kind)[:3]])
    found = f"; found instead: {instead}" if instead else ""
    was = "were" if kind == "instrument" and name.endswith("s") else "was"
    return f"{_named(kind, name)} {was} not found{found}."


def _named(kind: TermKind, name: str) -> str:
    text = name if kind == "instrument" else f"the genre {name}"
    return text[:1].upper() + text[1:]


def _indefinite(kind: TermKind, name: str) -> str:
    return f"the genre {name}" if kind == "genre" else name if name.endswith("s") else with_article(name)


def _check_vocals(claim: Claim, findings: ClipFindings) -> Measurement:
    span = findings.vocal_spans[0] if findings.vocal_spans else None
    probability = findings.vocals_probability
    if probability is None:
        return Measurement("not measured", "Vocals have not been measured yet.")
    if findings.has_vocals is None:
        return Measurement("not measured", "It is not clear whether there are vocals.")
    if not findings.has_vocals:
        return Measurement("contradicted", f"No vocals were found ({sure(1 - probability)}).", None, 1 - probability)
    if claim.value == "singing":
        where = f" from {clock_time(span[0])} to {clock_time(span[1])}" if span else ""
        return Measurement("supported", f"There are vocals{where} ({sure(probability)}).", span, probability)
    return Measurement("not measured", "There are vocals; the kind of voice is only a guess.", span)


_CHECKS: dict[ClaimKind, Callable[[Claim, ClipFindings], Measurement]] = {
    "tempo": _check_tempo,
    "key": check_key,
    "metre": _check_metre,
    "chords": check_chords,
    "instrument": _check_instrument,
    "genre": _check_genre,
    "vocals": _check_vocals,
}
