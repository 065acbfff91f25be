"""Evidence for captions: each claim that a caption makes is held against what was measured in the clip.

A claim is contradicted only by a measurement that is sure of something else. Where the measurement is missing or unsure, or tells
less exactly than the caption, the claim is 'not measured'; a claim with a hedge may be supported by less.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pipelines.description.claims.extraction import Claim, ClaimKind, find_claims
from pipelines.description.findings import STRONG_ALTERNATIVE, ClipFindings, Span
from pipelines.music.chord_recognition import Chord
from pipelines.music.decisions import MIN_POSSIBLE, MIN_PROBABLE
from pipelines.music.notation import (
    RELATIVE_MAJOR,
    ChordSymbol,
    chord_of,
    chords_of_degrees,
    measured_chord,
    pitch_class,
    tonic_of,
    written,
)
from pipelines.wording.grammar import listed, with_article
from pipelines.wording.music_vocabulary import (
    TEMPO_WORDS,
    TermKind,
    narrower,
    terms_by_name,
)
from pipelines.wording.times import clock_time

__all__ = ["CheckedClaim", "Claim", "ClaimKind", "Verdict", "check_claims", "find_claims"]

Verdict = Literal["supported", "contradicted", "not measured"]

TEMPO_TOLERANCE = 0.04
OCTAVES = ((0.5, "half"), (2.0, "twice"))
CHORD_GAP_SECONDS = 2.5
"""Between two chords that still follow each other."""
SHOWN_CHORDS = 6


@dataclass(frozen=True)
class CheckedClaim:
    """A claim, what the measurements say to it, and where that is to be heard."""

    claim: Claim
    verdict: Verdict
    reason: str
    """One sentence for people."""
    start: float | None = None
    """Seconds, of the place to play; None where there is no such place."""
    end: float | None = None


@dataclass(frozen=True)
class _Finding:
    """What was measured, before it is asked whether the caption denies it."""

    verdict: Verdict
    reason: str
    span: Span | None = None


def check_claims(text: str, findings: ClipFindings) -> tuple[CheckedClaim, ...]:
    """All claims of a caption with their verdicts, in the order of its words."""
    return tuple(check_claim(claim, findings) for claim in find_claims(text))


def check_claim(claim: Claim, findings: ClipFindings) -> CheckedClaim:
    """One claim against the findings; a claim that is denied is supported by what contradicts it."""
    found = _CHECKS[claim.kind](claim, findings)
    verdict = found.verdict
    if claim.is_negated and verdict != "not measured":
        verdict = "contradicted" if verdict == "supported" else "supported"
    start, end = found.span or (None, None)
    return CheckedClaim(claim, verdict, found.reason, start, end)


def _unsure(claim: Claim, confidence: float) -> bool:
    """Whether a measurement is too unsure to support or contradict the claim."""
    return confidence < (MIN_POSSIBLE if claim.is_hedged else MIN_PROBABLE)


# ---- tempo


def _check_tempo(claim: Claim, findings: ClipFindings) -> _Finding:
    tempo = findings.tempo
    if tempo is None:
        return _Finding("not measured", "No tempo was found in this clip.")
    measured = f"{tempo.bpm:.0f} BPM"
    if _unsure(claim, tempo.confidence):
        return _Finding("not measured", f"The tempo is too unsure to tell; {measured} is the best guess.", findings.first_bars)
    slowest, fastest = _claimed_tempi(claim.value)
    fitting = [bpm for bpm in findings.tempi if slowest <= bpm <= fastest]
    if fitting and fitting[0] == tempo.bpm:
        return _Finding("supported", f"The measured tempo is {measured}.", findings.first_bars)
    if fitting:
        reason = f"{fitting[0]:.0f} BPM is nearly as good a reading of the pulse as {measured}."
        return _Finding("supported", reason, findings.first_bars)
    relation = next((word for factor, word in OCTAVES if slowest <= factor * tempo.bpm <= fastest), None)
    if relation is not None and "BPM" in claim.value:
        return _Finding("contradicted", f"That is {relation} the measured tempo of {measured}.", findings.first_bars)
    return _Finding("contradicted", f"The measured tempo is {measured}.", findings.first_bars)


def _claimed_tempi(value: str) -> tuple[float, float]:
    """The slowest and the fastest tempo in BPM that fit a claim."""
    if value.endswith("BPM"):
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", value)]
        return min(numbers) * (1 - TEMPO_TOLERANCE), max(numbers) * (1 + TEMPO_TOLERANCE)
    word = next(one for one in TEMPO_WORDS if value in re.sub("-", " ", one.word).split("|"))
    return word.slowest, word.fastest


# ---- key


def _check_key(claim: Claim, findings: ClipFindings) -> _Finding:
    key = findings.key
    if key is None:
        return _Finding("not measured", "No key was found in this clip.")
    span = _tonic_span(findings)
    if _unsure(claim, key.confidence):
        return _Finding("not measured", f"The key is too unsure to tell; {key.name} is the best guess.", span)
    tonic, mode = _claimed_key(claim.value)
    if mode not in (None, "major", "minor"):
        return _Finding("not measured", f"Only major and minor are told apart; {key.name} was found.", span)
    measured = pitch_class(key.tonic)
    if tonic in (None, measured) and mode in (None, key.mode):
        return _Finding("supported", f"The measured key is {key.name}.", span)
    return _Finding("contradicted", f"The measured key is {key.name}{_relation(tonic, mode, measured, key.mode)}.", span)


def _claimed_key(value: str) -> tuple[int | None, str | None]:
    """Pitch class and mode; None for what is left open."""
    first, _, mode = value.partition(" ")
    if first in ("major", "minor"):
        return None, first
    return tonic_of(first[0], first[1:]), mode or None


def _relation(tonic: int | None, mode: str | None, measured: int, measured_mode: str) -> str:
    if tonic is None or mode is None:
        return ""
    relative = (measured + RELATIVE_MAJOR) % 12 if measured_mode == "minor" else (measured - RELATIVE_MAJOR) % 12
    if mode != measured_mode and tonic == relative:
        return ", the relative key with the same notes"
    if mode != measured_mode and tonic == measured:
        return ", on the same tonic"
    return ""


def _tonic_span(findings: ClipFindings) -> Span | None:
    """The first chord on the tonic, where the key is easiest to hear."""
    key, chords = findings.key, findings.chords
    if key is None or not chords:
        return None
    home = next((chord for chord in chords if measured_chord(chord.name).root == pitch_class(key.tonic)), chords[0])
    return home.start, home.end


# ---- metre

SAME_PULSE = {frozenset({"6/8", "12/8"}), frozenset({"2/2", "2/4"}), frozenset({"2/2", "4/4"}), frozenset({"3/4", "3/8"})}
"""Metres that are told apart by how they are written, not by how they sound."""


def _check_metre(claim: Claim, findings: ClipFindings) -> _Finding:
    beats = findings.beats
    if beats is None:
        return _Finding("not measured", "No metre was found in this clip.")
    if _unsure(claim, beats.confidence):
        return _Finding("not measured", f"The metre is too unsure to tell; {beats.metre} is the best guess.", findings.first_bars)
    if claim.value == beats.metre:
        return _Finding("supported", f"The measured metre is {beats.metre}.", findings.first_bars)
    if frozenset({claim.value, beats.metre}) in SAME_PULSE:
        reason = f"{beats.metre} was found, which is not told apart from {claim.value}."
        return _Finding("not measured", reason, findings.first_bars)
    close = next((other for other in beats.alternatives if other.metre == claim.value), None)
    if close is not None and close.confidence >= STRONG_ALTERNATIVE * beats.confidence:
        reason = f"{close.metre} is nearly as likely as {beats.metre}, so it stays open."
        return _Finding("not measured", reason, findings.first_bars)
    return _Finding("contradicted", f"The measured metre is {beats.metre}.", findings.first_bars)


# ---- chords


def _check_chords(claim: Claim, findings: ClipFindings) -> _Finding:
    chords = findings.chords
    if not chords:
        return _Finding("not measured", "No chords were found in this clip.")
    wanted = _claimed_chords(claim.value, findings)
    if wanted is None:
        return _Finding("not measured", "Degrees cannot be held against chords as long as the key is not known.")
    missing = [i for i, chord in enumerate(wanted) if not any(_is(chord, one) for one in chords)]
    if any(_is_open(wanted[i], chords) for i in missing):
        return _Finding("not measured", "Only major, minor and seventh chords are told apart; the plain chord was found.")
    if missing:
        found = listed(list(dict.fromkeys(written(chord.name) for chord in chords))[:SHOWN_CHORDS])
        return _Finding("contradicted", f"Not all of that was found; the chords are {found}.", (chords[0].start, chords[0].end))
    if "–" not in claim.value:
        first = [next(one for one in chords if _is(chord, one)) for chord in wanted]
        return _Finding("supported", f"First heard at {clock_time(first[0].start)}.", (first[0].start, first[0].end))
    run = next(_runs(wanted, chords), None)
    if run is None:
        return _Finding("contradicted", "These chords were found, but not one after the other in this order.")
    return _Finding(
        "supported", f"In this order from {clock_time(run[0].start)} to {clock_time(run[-1].end)}.", (run[0].start, run[-1].end)
    )


def _claimed_chords(value: str, findings: ClipFindings) -> tuple[ChordSymbol, ...] | None:
    """The chords of a claim; None for degrees without a key."""
    names = re.split("–|, ", value)
    chords = [chord_of(name) for name in names]
    if all(chords):
        return tuple(chord for chord in chords if chord is not None)
    if findings.key is None or findings.key.confidence < MIN_PROBABLE:
        return None
    return chords_of_degrees(value, pitch_class(findings.key.tonic), findings.key.mode)


def _is(wanted: ChordSymbol, chord: Chord) -> bool:
    """Whether a measured chord is the wanted one; a plain major chord may have a seventh."""
    measured = measured_chord(chord.name)
    same = wanted.quality == measured.quality or (wanted.quality == "maj" and measured.quality == "7")
    return wanted.root == measured.root and same


def _is_open(wanted: ChordSymbol, chords: tuple[Chord, ...]) -> bool:
    """Whether the chord has notes that are not measured, above a triad that was found."""
    if wanted.quality not in ("other", "dim"):
        return False
    symbols = [measured_chord(chord.name) for chord in chords]
    return wanted.triad == "none" or any(one.root == wanted.root and one.triad == wanted.triad for one in symbols)


def _runs(wanted: tuple[ChordSymbol, ...], chords: tuple[Chord, ...]) -> Iterator[tuple[Chord, ...]]:
    """Where the wanted chords follow each other."""
    for first in range(len(chords) - len(wanted) + 1):
        run = chords[first : first + len(wanted)]
        is_close = all(after.start - before.end <= CHORD_GAP_SECONDS for before, after in pairwise(run))
        if is_close and all(_is(chord, one) for chord, one in zip(wanted, run, strict=True)):
            yield run


# ---- instruments and genres


def _check_instrument(claim: Claim, findings: ClipFindings) -> _Finding:
    return _check_term(claim, "instrument", findings)


def _check_genre(claim: Claim, findings: ClipFindings) -> _Finding:
    return _check_term(claim, "genre", findings)


def _check_term(claim: Claim, kind: TermKind, findings: ClipFindings) -> _Finding:
    presence, name = findings.presence(kind, claim.value), claim.value
    if not _unsure(claim, presence.confidence):
        where = f", most clearly at {clock_time(presence.span[0])}" if presence.span and kind == "instrument" else ""
        is_plural = kind == "instrument" and name.endswith("s")
        sureness = f"{'are' if is_plural else 'is'} heard" if presence.confidence >= MIN_PROBABLE else "may be heard"
        return _Finding("supported", f"{_named(kind, name)} {sureness}{where}.", presence.span)
    broader = _broader_presence(kind, name, findings)
    is_known = any(findings.was_listened_for(kind, term.name) for term in narrower(kind, name))
    if is_known and presence.is_absent and not (broader is not None and broader.is_exact):
        return _Finding("contradicted", _absence(kind, name, findings))
    if broader is not None and broader.is_present:
        reason = f"{_named(kind, broader.name)} is heard, but whether {_indefinite(kind, name)} was not measured."
        return _Finding("not measured", reason, broader.span)
    if broader is not None and not is_known:
        return _Finding("contradicted", _absence(kind, broader.name, findings))
    if not is_known:
        return _Finding("not measured", f"No measurement of this clip knows {_indefinite(kind, name)}.")
    return _Finding("not measured", f"Whether {_indefinite(kind, name)} is heard stayed open.", presence.span)


@dataclass(frozen=True)
class _Broader:
    """A term that says less exactly what a caption says, and that was decided."""

    name: str
    is_present: bool
    is_exact: bool
    """Whether the term itself was found, not only another kind of it: a guitar, not an electric guitar."""
    span: Span | None


def _broader_presence(kind: TermKind, name: str, findings: ClipFindings) -> _Broader | None:
    """The nearest broader term that is surely there or surely not."""
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
        return "No music was heard in this clip."
    instead = listed([one.name for one in findings.named(kind)[:3]])
    found = f"; what was found: {instead}" if instead else ""
    was = "were" if kind == "instrument" and name.endswith("s") else "was"
    return f"{_named(kind, name)} {was} listened for and not found{found}."


def _named(kind: TermKind, name: str) -> str:
    text = name if kind == "instrument" else f"the genre {name}"
    return text[:1].upper() + text[1:]


def _indefinite(kind: TermKind, name: str) -> str:
    return f"the genre {name}" if kind == "genre" else name if name.endswith("s") else with_article(name)


# ---- vocals


def _check_vocals(claim: Claim, findings: ClipFindings) -> _Finding:
    span = findings.vocal_spans[0] if findings.vocal_spans else None
    if findings.is_sung is None:
        why = "Whether somebody sings stayed open." if findings.singing is not None else "Nobody listened for vocals yet."
        return _Finding("not measured", why)
    if not findings.is_sung:
        return _Finding("contradicted", "No vocals were heard.")
    if claim.value == "singing":
        where = f" from {clock_time(span[0])} to {clock_time(span[1])}" if span else ""
        return _Finding("supported", f"Vocals are heard{where}.", span)
    voices = {tag.name.lower() for tag in findings.singers}
    if claim.value in voices:
        return _Finding(
            "supported", f"The vocals sound like {'rap' if claim.value == 'rap' else with_article(claim.value)}.", span
        )
    other = {"female voice": "male voice", "male voice": "female voice"}.get(claim.value)
    if other in voices:
        return _Finding("contradicted", f"The vocals sound like {with_article(str(other))}.", span)
    return _Finding("not measured", "There are vocals, but what kind of voice it is stayed open.", span)


_CHECKS: dict[ClaimKind, Callable[[Claim, ClipFindings], _Finding]] = {
    "tempo": _check_tempo,
    "key": _check_key,
    "metre": _check_metre,
    "chords": _check_chords,
    "instrument": _check_instrument,
    "genre": _check_genre,
    "vocals": _check_vocals,
}
