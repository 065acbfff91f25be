"""Sentences of a music caption about its chords."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

from pipelines.description import music_phrases as phrases
from pipelines.description.caption_sentence import CaptionSentence, choose
from pipelines.description.findings import ClipFindings
from pipelines.description.player_sentences import EDGE_SECONDS
from pipelines.music.harmony.notation import pitch_class, written
from pipelines.music.harmony.types import Chord, Key
from pipelines.wording.grammar import listed, number_word

MIN_LOOP_PASSES = ((4, 2), (3, 3), (2, 4))
"""(Number of chords, minimum number of passes) from which a progression counts as a loop, longest first."""
MAX_LOOP_GAP_SECONDS = 1.0
"""Maximum gap between two chords of a loop."""
MAX_MAIN_CHORDS = 4
MIN_MAIN_CHORD_FRACTION = 0.12
"""Fraction of the time with chords from which a chord is a main chord."""
MIN_ONE_CHORD_FRACTION = 0.85
"""The same from which a chord is the only one."""
MIN_PACED_CHORDS = 4
"""Number of chords from which the rate of their changes is given."""


def main_chords(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    """Return the loop that the chords repeat, or else the chords that last longest."""
    chords = findings.chords
    total = sum(chord.end - chord.start for chord in chords)
    if not chords or not total:
        return []
    confidence = _confidence(chords)
    loop = _loop(chords, findings.key)
    if loop:
        names, span = [written(chord.name) for chord in loop], (loop[0].start, loop[-1].end)
        if len(names) == 2:
            return [choose(rng, phrases.TWO_CHORDS, span, confidence, chords=listed(names))]
        return [choose(rng, phrases.LOOPS, span, confidence, chords="–".join(names))]
    seconds = {name: sum(one.end - one.start for one in chords if one.name == name) for name in {one.name for one in chords}}
    by_length = sorted(seconds, key=lambda name: (-seconds[name], name))
    main = [name for name in by_length[:MAX_MAIN_CHORDS] if seconds[name] >= MIN_MAIN_CHORD_FRACTION * total]
    first = next(chord for chord in chords if chord.name == by_length[0])
    span = (first.start, first.end)
    if seconds[first.name] >= MIN_ONE_CHORD_FRACTION * total:
        return [choose(rng, phrases.ONE_CHORD, span, confidence, chord=written(first.name))]
    if len(main) < 2:
        return []
    return [choose(rng, phrases.CHORD_SETS, span, confidence, chords=listed([written(name) for name in main]))]


def chord_ends(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    """Return the first and the last chord, where they stand at the ends of the clip."""
    chords = findings.chords
    if len(chords) < 2 or chords[0].start > EDGE_SECONDS or chords[-1].end < findings.duration - EDGE_SECONDS:
        return []
    first, last = written(chords[0].name), written(chords[-1].name)
    templates = phrases.SAME_ENDS if first == last else phrases.BOTH_ENDS
    confidence = min(chords[0].confidence, chords[-1].confidence)
    return [choose(rng, templates, (chords[0].start, chords[0].end), confidence, first=first, last=last)]


def chord_pace(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    """Return the median duration of a chord, from one second on."""
    chords = findings.chords
    if len(chords) < MIN_PACED_CHORDS:
        return []
    lengths = sorted(chord.end - chord.start for chord in chords)
    median = round(lengths[len(lengths) // 2])
    if median < 1:
        return []
    pace = "second" if median == 1 else f"{number_word(median)} seconds"
    return [choose(rng, phrases.CHANGES, (chords[0].start, chords[2].end), _confidence(chords), pace=pace)]


def _confidence(chords: tuple[Chord, ...]) -> float:
    return sum(chord.confidence for chord in chords) / len(chords)


def _loop(chords: tuple[Chord, ...], key: Key | None) -> tuple[Chord, ...]:
    """Return the first pass of the longest repeated progression, from the tonic on if it is as frequent from there."""
    for size, min_passes in MIN_LOOP_PASSES:
        runs = [chords[i : i + size] for i in range(len(chords) - size + 1)]
        close = [run for run in runs if all(after.start - before.end <= MAX_LOOP_GAP_SECONDS for before, after in pairwise(run))]
        counts = Counter(tuple(chord.name for chord in run) for run in close)
        frequent = [names for names, times in counts.items() if times >= max(min_passes, max(counts.values()) - 1)]
        if frequent:
            tonic = pitch_class(key.tonic) if key is not None else None
            from_tonic = [names for names in frequent if pitch_class(names[0].partition(":")[0]) == tonic]
            chosen = (from_tonic or frequent)[0]
            period = next(step for step in range(2, size + 1) if chosen[: size - step] == chosen[step:])
            return next(run for run in close if tuple(chord.name for chord in run) == chosen)[:period]
    return ()
