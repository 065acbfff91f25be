"""Answers about rhythm, harmony, form and style, from what was measured."""

from __future__ import annotations

import re

from pipelines.description.findings import ClipFindings
from pipelines.music.chord_recognition import NO_CHORD_NAME, Chord
from pipelines.music.decisions import MIN_CERTAIN, MIN_POSSIBLE, hedge
from pipelines.music.notation import written
from pipelines.questions.answer import (
    Answer,
    known_spans,
    missing,
    unknown,
)
from pipelines.questions.parsing import time_in, which_one
from pipelines.wording.grammar import counted, listed, sentence
from pipelines.wording.times import clock_time

MAX_NAMES = 5
MEASURED_BETTER = ("Slow", "Fast", "Quiet", "Soft", "Loud")
"""Moods that are tempo and loudness."""


def tempo_answer(words: str, findings: ClipFindings) -> Answer:
    """How fast it is."""
    tempo = findings.tempo
    if tempo is None:
        return missing("tempo", findings.facts is not None)
    text = f"The tempo is {hedge(tempo.confidence)}{round(tempo.bpm)} BPM."
    if len(findings.tempi) > 1:
        text += f" {round(findings.tempi[1])} BPM would fit nearly as well."
    return Answer(text, known_spans(findings.first_bars))


def metre_answer(words: str, findings: ClipFindings) -> Answer:
    """How many beats a bar has."""
    beats = findings.beats
    if beats is None:
        return missing("metre", findings.facts is not None)
    return Answer(f"The metre is {hedge(beats.confidence)}{beats.metre}.", known_spans(findings.first_bars))


def beat_answer(words: str, findings: ClipFindings) -> Answer:
    """How many beats and bars there are."""
    beats = findings.beats
    if beats is None:
        return missing("beat", findings.facts is not None)
    text = f"There are {hedge(beats.confidence)}{len(beats.times)} beats in {counted(len(beats.downbeats), 'bar')}."
    return Answer(text, known_spans((beats.times[0], beats.times[-1]) if beats.times else None))


def key_answer(words: str, findings: ClipFindings) -> Answer:
    """In which key it is."""
    key = findings.key
    if key is None:
        return missing("key", findings.facts is not None)
    others = [f"{other.name}" for other in key.alternatives if key.confidence < MIN_CERTAIN and other.confidence >= MIN_POSSIBLE]
    also = f" It could also be {listed(others, 'or')}." if others else ""
    return Answer(f"The key is {hedge(key.confidence)}{key.name}.{also}", known_spans(findings.first_bars))


def chord_answer(words: str, findings: ClipFindings) -> Answer:
    """Which chords there are: all, the nth, or the one at a time."""
    chords = findings.facts.chords if findings.facts else ()
    if not any(chord.name != NO_CHORD_NAME for chord in chords):
        return missing("chord", findings.facts is not None)
    time = time_in(words, findings.duration)
    position = which_one(words)
    if time is not None:
        return _chord_at(time, chords, findings)
    sure = findings.chords
    if not sure:
        return unknown("The chords of this clip are too unsure to tell.")
    if position is not None and re.search(r"\bchord\b", words):
        if position >= len(sure):
            return Answer(f"There are only {len(sure)} chord changes in this clip.")
        chord = sure[position]
        return Answer(
            f"It is {written(chord.name)}, from {clock_time(chord.start)} to {clock_time(chord.end)}.",
            ((chord.start, chord.end),),
        )
    if re.search(r"\bhow many\b", words):
        text = f"{counted(len({chord.name for chord in sure}), 'different chord')}, which change {counted(len(sure) - 1, 'time')}"
        return Answer(sentence(text), known_spans((sure[0].start, sure[-1].end)))
    names = list(dict.fromkeys(chord.name for chord in sure))
    firsts = [next(chord for chord in sure if chord.name == name) for name in names]
    text = f"The chords are {listed([written(name) for name in names])}, in the order in which they first come."
    return Answer(
        text if len(names) > 1 else f"The only chord is {written(names[0])}.", known_spans(*((c.start, c.end) for c in firsts))
    )


def _chord_at(time: float, chords: tuple[Chord, ...], findings: ClipFindings) -> Answer:
    if time > findings.duration:
        return Answer(f"The clip ends at {clock_time(findings.duration)}.")
    chord = next((one for one in chords if one.start <= time < one.end), chords[-1])
    span = known_spans((chord.start, chord.end))
    if chord.confidence < MIN_POSSIBLE:
        return Answer(f"The chord at {clock_time(time)} is too unsure to tell.", span, False)
    name = "no chord" if chord.name == NO_CHORD_NAME else written(chord.name)
    return Answer(f"At {clock_time(time)} there is {hedge(chord.confidence)}{name}.", span)


def section_answer(words: str, findings: ClipFindings) -> Answer:
    """Of which parts it is made."""
    sections = findings.facts.sections if findings.facts else ()
    if not sections:
        return missing("section", findings.facts is not None)
    position, time = which_one(words), time_in(words, findings.duration)
    if position is None and time is not None and time <= findings.duration:
        position = next((i for i, one in enumerate(sections) if time < one.end), len(sections) - 1)
    if position is not None and position >= len(sections):
        return Answer(f"The clip has no more than {counted(len(sections), 'part')}.")
    if position is not None:
        one = sections[position]
        text = f"That is part {one.label}, from {clock_time(one.start)} to {clock_time(one.end)}."
        return Answer(text, known_spans((one.start, one.end)))
    if len(sections) == 1:
        return Answer("It is one part; nothing divides it.", known_spans((sections[0].start, sections[0].end)))
    starts = listed([f"{one.label} from {clock_time(one.start)}" for one in sections])
    verse = " Which of them is a verse or a chorus was not measured." if re.search(r"\b(?:verse|chorus|bridge)\b", words) else ""
    text = f"{counted(len(sections), 'part').capitalize()}: {starts}; equal letters sound alike.{verse}"
    return Answer(text, known_spans(*((one.start, one.end) for one in sections)))


def genre_answer(words: str, findings: ClipFindings) -> Answer:
    """What kind of music it is."""
    return _tags("genre", [(one.name, one.confidence) for one in findings.named("genre")], findings)


def mood_answer(words: str, findings: ClipFindings) -> Answer:
    """What it feels like."""
    return _tags(
        "mood", [(tag.name.lower(), tag.confidence) for tag in findings.tags("mood") if tag.name not in MEASURED_BETTER], findings
    )


def _tags(what: str, names: list[tuple[str, float]], findings: ClipFindings) -> Answer:
    if findings.is_music is False:
        return Answer(f"This clip is no music, so it has no {what}.")
    names = [(name, confidence) for name, confidence in names if confidence >= MIN_POSSIBLE][:MAX_NAMES]
    if not names:
        return missing(what, findings.music is not None)
    told = [f"{hedge(confidence)}{name}" for name, confidence in names]
    return Answer(
        f"The {what} is {told[0]}." if len(told) == 1 else f"The {what} is {told[0]}; what also fits: {listed(told[1:])}."
    )
