"""Check what a caption claims of key and chords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from pipelines.clip.chunking import Span
from pipelines.description.claims.claim import Claim, Measurement, is_too_unsure
from pipelines.description.findings import ClipFindings
from pipelines.music.harmony.notation import (
    RELATIVE_MAJOR,
    ChordSymbol,
    chord_of,
    chords_of_degrees,
    measured_chord,
    pitch_class,
    tonic_of,
    written,
)
from pipelines.music.harmony.types import Chord
from pipelines.wording.certainty import MIN_PROBABLE, sure
from pipelines.wording.grammar import listed
from pipelines.wording.times import clock_time

CHORD_GAP_SECONDS = 2.5
"""Gap between two chords that still follow each other."""
MAX_NAMED_CHORDS = 6
"""Chords that a reason names."""


def check_key(claim: Claim, findings: ClipFindings) -> Measurement:
    """Check a key, a tonic or a mode."""
    key = findings.key
    if key is None:
        return Measurement("not measured", "No key was found in this clip.")
    span = _tonic_span(findings)
    measured_key = f"{key.name} ({sure(key.confidence)})"
    if is_too_unsure(claim, key.confidence):
        return Measurement("not measured", f"The key is too unsure; the best guess is {measured_key}.", span)
    tonic, mode = _claimed_key(claim.value)
    if mode not in (None, "major", "minor"):
        return Measurement("not measured", f"Only major and minor are distinguished; the measured key is {measured_key}.", span)
    measured = pitch_class(key.tonic)
    if tonic in (None, measured) and mode in (None, key.mode):
        return Measurement("supported", f"The measured key is {measured_key}.", span, key.confidence)
    return Measurement("contradicted", f"The measured key is {measured_key}{_relation(tonic, mode, measured, key.mode)}.", span)


def _claimed_key(value: str) -> tuple[int | None, str | None]:
    """Return pitch class and mode; None for what the claim leaves open."""
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
    """Return the times of the first chord on the tonic, where the key is easiest to hear."""
    key, chords = findings.key, findings.chords
    if key is None or not chords:
        return None
    home = next((chord for chord in chords if measured_chord(chord.name).root == pitch_class(key.tonic)), chords[0])
    return home.start, home.end


def check_chords(claim: Claim, findings: ClipFindings) -> Measurement:
    """Check chords, or with a dash between them their order."""
    chords = findings.chords
    if not chords:
        return Measurement("not measured", "No chords were found in this clip.")
    wanted = _claimed_chords(claim.value, findings)
    if wanted is None:
        return Measurement("not measured", "Degrees cannot be checked without a key.")
    missing = [i for i, chord in enumerate(wanted) if not any(_is(chord, one) for one in chords)]
    if any(_is_open(wanted[i], chords) for i in missing):
        return Measurement(
            "not measured", "Only major, minor and dominant seventh chords are distinguished; the plain triad was found."
        )
    if missing:
        found = listed(list(dict.fromkeys(written(chord.name) for chord in chords))[:MAX_NAMED_CHORDS])
        return Measurement(
            "contradicted", f"Not all of that was found; the chords are {found}.", (chords[0].start, chords[0].end)
        )
    if "–" not in claim.value:
        first = [next(one for one in chords if _is(chord, one)) for chord in wanted]
        found = f"First found at {clock_time(first[0].start)}"
        return _supported(found, (first[0].start, first[0].end), tuple(first))
    run = next(_runs(wanted, chords), None)
    if run is None:
        return Measurement("contradicted", "These chords were found, but not in this order.")
    span = (run[0].start, run[-1].end)
    return _supported(f"Found in this order from {clock_time(span[0])} to {clock_time(span[1])}", span, run)


def _supported(found: str, span: Span, chords: tuple[Chord, ...]) -> Measurement:
    """Return the verdict on chords that were found, with the confidence of the least certain."""
    confidence = min(chord.confidence for chord in chords)
    return Measurement("supported", f"{found} ({sure(confidence)}).", span, confidence)


def _claimed_chords(value: str, findings: ClipFindings) -> tuple[ChordSymbol, ...] | None:
    """Return the chords of a claim; None for degrees without a key."""
    names = re.split("–|, ", value)
    chords = [chord_of(name) for name in names]
    if all(chords):
        return tuple(chord for chord in chords if chord is not None)
    if findings.key is None or findings.key.confidence < MIN_PROBABLE:
        return None
    return chords_of_degrees(value, pitch_class(findings.key.tonic), findings.key.mode)


def _is(wanted: ChordSymbol, chord: Chord) -> bool:
    """Return whether a measured chord is the wanted one; a plain major chord may have a seventh."""
    measured = measured_chord(chord.name)
    same = wanted.quality == measured.quality or (wanted.quality == "maj" and measured.quality == "7")
    return wanted.root == measured.root and same


def _is_open(wanted: ChordSymbol, chords: tuple[Chord, ...]) -> bool:
    """Return whether the chord has notes that are not measured, above a triad that was found."""
    if wanted.quality not in ("other", "dim"):
        return False
    symbols = [measured_chord(chord.name) for chord in chords]
    return wanted.triad == "none" or any(one.root == wanted.root and one.triad == wanted.triad for one in symbols)


def _runs(wanted: tuple[ChordSymbol, ...], chords: tuple[Chord, ...]) -> Iterator[tuple[Chord, ...]]:
    """Yield each run in which the wanted chords follow each other."""
    for first in range(len(chords) - len(wanted) + 1):
        run = chords[first : first + len(wanted)]
        is_close = all(after.start - before.end <= CHORD_GAP_SECONDS for before, after in pairwise(run))
        if is_close and all(_is(chord, one) for chord, one in zip(wanted, run, strict=True)):
            yield run
