"""Answers about rhythm, harmony, form and style, from the measurements."""

from __future__ import annotations

import re

from pipelines.description.findings import ClipFindings
from pipelines.music.harmony.notation import written
from pipelines.music.harmony.types import NO_CHORD_NAME, Chord
from pipelines.questions.answer import Answer, known_spans, missing, rated, unknown
from pipelines.questions.question_parsing import which_one
from pipelines.wording.certainty import MIN_CERTAIN, MIN_POSSIBLE
from pipelines.wording.grammar import counted, listed, sentence
from pipelines.wording.times import clock_time

MAX_NAMES = 5
MEASURED_BETTER = ("Slow", "Fast", "Quiet", "Soft", "Loud")
"""Mood tags that are left out, since tempo and loudness are measured."""


def tempo_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer how fast the music is."""
    tempo = findings.tempo
    if tempo is None:
        return missing("tempo", findings.facts is not None)
    text = f"The tempo is {rated(f'{round(tempo.bpm)} BPM', tempo.confidence)}."
    if len(findings.tempi) > 1:
        text += f" It could also be {round(findings.tempi[1])} BPM."
    return Answer(text, known_spans(findings.first_bars))


def metre_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer how many beats a bar has."""
    beats = findings.beats
    if beats is None:
        return missing("metre", findings.facts is not None)
    return Answer(f"The metre is {rated(beats.metre, beats.confidence)}.", known_spans(findings.first_bars))


def beat_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer how many beats and bars there are."""
    beats = findings.beats
    if beats is None:
        return missing("beat", findings.facts is not None)
    found = f"{len(beats.times)} beats in {counted(len(beats.downbeats), 'bar')}"
    return Answer(
        f"There are {rated(found, beats.confidence)}.", known_spans((beats.times[0], beats.times[-1]) if beats.times else None)
    )


def key_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer in which key the music is."""
    key = findings.key
    if key is None:
        return missing("key", findings.facts is not None)
    others = [other.name for other in key.alternatives if key.confidence < MIN_CERTAIN and other.confidence >= MIN_POSSIBLE]
    also = f" It could also be {listed(others, 'or')}." if others else ""
    return Answer(f"The key is {rated(key.name, key.confidence)}.{also}", known_spans(findings.first_bars))


def chord_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer which chords there are: all of them, the nth, or the one at a time."""
    chords = findings.facts.chords if findings.facts else ()
    if not any(chord.name != NO_CHORD_NAME for chord in chords):
        return missing("chord", findings.facts is not None)
    position = which_one(words)
    if findings.part is not None and findings.part[0] == findings.part[1]:
        return _chord_at(findings.part[0], chords[0])
    sure = findings.chords
    if not sure:
        return unknown("The chords of this clip are too unsure.")
    if position is not None and re.search(r"\bchord\b", words):
        if position >= len(sure):
            return Answer(f"There are only {len(sure)} chord changes in this clip.")
        chord = sure[position]
        return Answer(
            f"It is {rated(written(chord.name), chord.confidence)}, from {clock_time(chord.start)} to {clock_time(chord.end)}.",
            ((chord.start, chord.end),),
        )
    if re.search(r"\bhow many\b", words):
        kinds = counted(len({chord.name for chord in sure}), "different chord")
        return Answer(sentence(f"{kinds} with {counted(len(sure) - 1, 'change')}"), known_spans((sure[0].start, sure[-1].end)))
    names = list(dict.fromkeys(chord.name for chord in sure))
    firsts = [next(chord for chord in sure if chord.name == name) for name in names]
    text = f"The chords are {listed([written(name) for name in names])}, in order of first appearance."
    return Answer(
        text if len(names) > 1 else f"The only chord is {written(names[0])}.", known_spans(*((c.start, c.end) for c in firsts))
    )


def _chord_at(time: float, chord: Chord) -> Answer:
    span = known_spans((chord.start, chord.end))
    if chord.confidence < MIN_POSSIBLE:
        return Answer(f"The chord at {clock_time(time)} is too unsure.", span, False)
    name = "no chord" if chord.name == NO_CHORD_NAME else f"the chord {written(chord.name)}"
    return Answer(f"At {clock_time(time)} there is {rated(name, chord.confidence)}.", span)


def section_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer which sections the music has: all of them, the nth, or the one at a time."""
    sections = findings.facts.sections if findings.facts else ()
    if not sections:
        return missing("section", findings.facts is not None)
    position = which_one(words)
    if position is None and findings.part is not None and len(sections) == 1:
        position = 0
    if position is not None and position >= len(sections):
        return Answer(f"The clip has only {counted(len(sections), 'section')}.")
    if position is not None:
        one = sections[position]
        text = f"That is section {one.label}, from {clock_time(one.start)} to {clock_time(one.end)}."
        return Answer(text, known_spans((one.start, one.end)))
    if len(sections) == 1:
        return Answer("The clip has only one section.", known_spans((sections[0].start, sections[0].end)))
    starts = listed([f"{one.label} from {clock_time(one.start)}" for one in sections])
    verse = " Verse and chorus are not distinguished." if re.search(r"\b(?:verse|chorus|bridge)\b", words) else ""
    text = f"There are {counted(len(sections), 'section')}: {starts}. Sections with the same letter sound alike.{verse}"
    return Answer(text, known_spans(*((one.start, one.end) for one in sections)))


def genre_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer what kind of music it is."""
    return _tags("genre", [rated(one.name, one.confidence) for one in findings.detections("genre")], findings)


def mood_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer what mood the music has: a guess, since the confidences of moods are not calibrated."""
    moods = [tag for tag in findings.tags("mood") if tag.name not in MEASURED_BETTER]
    return _tags("mood", [f"perhaps {tag.name.lower()}" for tag in moods], findings)


def _tags(what: str, names: list[str], findings: ClipFindings) -> Answer:
    if findings.is_music is False:
        return Answer(f"This clip is not music, so it has no {what}.")
    if not names:
        return missing(what, findings.music is not None)
    first, *others = names[:MAX_NAMES]
    also = f" Other {what}s that fit: {listed(others)}." if others else ""
    return Answer(f"The {what} is {first}.{also}")
