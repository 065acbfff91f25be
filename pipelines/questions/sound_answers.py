"""Answers about who plays, sings and speaks, what is said, what is heard and how loud it is, from what was measured."""

from __future__ import annotations

import re

from pipelines.description.claims.checking import check_claim
from pipelines.description.claims.extraction import find_claims
from pipelines.description.findings import ClipFindings, Detection
from pipelines.description.spans import Span
from pipelines.description.template_caption import write_caption
from pipelines.music.decisions import MIN_POSSIBLE, MIN_PROBABLE, hedge, level, spread
from pipelines.music.notation import written
from pipelines.questions.answer import (
    MAX_SPANS,
    NEEDS_MORE,
    Answer,
    known_spans,
    missing,
    unknown,
)
from pipelines.questions.music_answers import beat_answer, chord_answer, section_answer
from pipelines.questions.parsing import time_in
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.wording.grammar import counted, listed, sentence, with_article
from pipelines.wording.sound_phrases import sound_phrase
from pipelines.wording.times import clock_time, length

MAX_NAMES = 5
GENERAL_SOUNDS = frozenset({"music", "song", "speech", "singing", "voice", "instrument"})
NEAR_SECONDS = 1.0
"""Around a time that somebody asks for: what is said there."""


def named_instrument(words: str, findings: ClipFindings) -> Detection | None:
    """The instrument that the question names, however surely it is heard."""
    claims = [claim for claim in find_claims(words) if claim.kind == "instrument"]
    if not claims:
        return None
    presence = findings.presence("instrument", claims[0].value)
    return Detection(claims[0].value, presence.confidence, presence.span)


def instrument_answer(words: str, findings: ClipFindings) -> Answer | None:
    """Whether the instrument that the question names is heard."""
    claim = next((claim for claim in find_claims(words) if claim.kind == "instrument"), None)
    if claim is None:
        return None
    checked = check_claim(claim, findings)
    return Answer(checked.reason, (), checked.verdict != "not measured")


def _when_sound(words: str, findings: ClipFindings) -> Answer | None:
    """When a sound that the question names, such as a bird, is at its clearest."""
    for tag in findings.top_sounds:
        is_named = set(re.findall(r"[a-z]{3,}", tag.name.lower())) & set(words.split()) - GENERAL_SOUNDS
        presence = findings.sound_presence((tag.name,))
        if is_named and tag.score >= MIN_POSSIBLE and presence is not None and presence.span is not None:
            start, end = (clock_time(seconds) for seconds in presence.span)
            return Answer(sentence(f"{sound_phrase(tag.name).noun} is clearest from {start} to {end}"), (presence.span,))
    return None


def when_answer(words: str, findings: ClipFindings) -> Answer:
    """When something begins or ends."""
    if (sound := _when_sound(words, findings)) is not None:
        return sound
    if re.search(r"\b(?:downbeats?|beats?|bars?|measures?)\b", words):
        return beat_answer(words, findings)
    instrument = named_instrument(words, findings)
    if instrument is not None:
        if instrument.confidence < MIN_POSSIBLE or instrument.span is None:
            return unknown(f"{sentence(f'no {instrument.name} was found in this clip')}")
        start, end = (clock_time(seconds) for seconds in instrument.span)
        text = sentence(f"{instrument.name}: clearest from {start} to {end}; when exactly it begins was not measured")
        return Answer(text, known_spans(instrument.span))
    if re.search(r"\b(?:part|section|chorus|verse|bridge)\b", words):
        return section_answer(words, findings)
    if re.search(r"\bchord", words):
        return chord_answer(words, findings)
    if re.search(r"\b(?:vocals?|sing\w*|voices?)\b", words):
        return _when_spans("vocals", findings.vocal_spans, findings.is_sung, words)
    if re.search(r"\b(?:speech|speak\w*|talk\w*|spoken|says?|words?)\b", words):
        return _when_spans("speech", findings.speech_spans, findings.is_spoken, words)
    if re.search(r"\b(?:music|song)\b", words):
        return _when_spans("music", findings.music_spans, findings.is_music, words)
    return unknown(NEEDS_MORE)


def _when_spans(what: str, spans: tuple[Span, ...], is_there: bool | None, words: str) -> Answer:
    if is_there is None:
        return unknown(f"Whether there is {what} in this clip stayed open.")
    if not is_there:
        return Answer(f"There {'are' if what == 'vocals' else 'is'} no {what} in this clip.")
    if not spans:
        return unknown(f"There is {what} in this clip, but when was not measured.")
    if re.search(r"\b(?:end|ends|stop|stops|finish|finishes)\b", words):
        return Answer(sentence(f"{what} last heard until {clock_time(spans[-1][1])}"), known_spans(spans[-1]))
    more = f", and {counted(len(spans) - 1, 'more time')} after that" if len(spans) > 1 else ""
    return Answer(
        sentence(f"{what} first heard from {clock_time(spans[0][0])} to {clock_time(spans[0][1])}{more}"), spans[:MAX_SPANS]
    )


def instruments_answer(words: str, findings: ClipFindings) -> Answer:
    """Who plays."""
    heard = findings.named("instrument")[:MAX_NAMES]
    if not heard:
        sought = findings.music is not None or findings.sounds is not None
        return unknown("No instrument was found in this clip." if sought else "Nobody listened for instruments in this clip yet.")
    sure = [one.name for one in heard if one.confidence >= MIN_PROBABLE]
    maybe = [one.name for one in heard if one.confidence < MIN_PROBABLE]
    parts = [listed(sure)] * bool(sure) + [f"perhaps {listed(maybe)}"] * bool(maybe)
    names = " and ".join(parts)
    text = f"The instruments found are {names}." if len(heard) > 1 else f"One instrument was found: {names}."
    return Answer(text, known_spans(*(one.span for one in heard)))


def vocals_answer(words: str, findings: ClipFindings) -> Answer:
    """Whether somebody sings, and where."""
    if findings.is_sung is None:
        sought = findings.singing is not None
        return unknown("Whether somebody sings stayed open." if sought else "Nobody listened for vocals in this clip yet.")
    if not findings.is_sung:
        return Answer("Nobody sings in this clip.")
    voices = [with_article(tag.name.lower()) for tag in findings.singers if tag.name.endswith("voice")]
    spans = findings.vocal_spans
    where = f", first from {clock_time(spans[0][0])} to {clock_time(spans[0][1])}" if spans else ""
    surely = hedge(findings.singing or 0)
    voice = f"; it sounds like {listed(voices, 'or')}" if voices else ""
    return Answer(f"Somebody {surely}sings{where}{voice}.", spans[:MAX_SPANS])


def language_answer(words: str, findings: ClipFindings) -> Answer:
    """Which language is spoken."""
    speech = findings.speech
    if speech is None:
        return unknown("The language of this clip was not measured yet.")
    if not speech.segments:
        return Answer("Nobody speaks in this clip, so there is no language.")
    name = WHISPER_LANGUAGES.get(speech.language, speech.language)
    if speech.language_probability < MIN_POSSIBLE or not name:
        return unknown("The language is too unsure to tell.")
    return Answer(f"The language is {hedge(speech.language_probability)}{name}.", findings.speech_spans[:MAX_SPANS])


def said_answer(words: str, findings: ClipFindings) -> Answer:
    """What is said: all, or around a time."""
    speech = findings.speech
    if speech is None:
        if findings.is_spoken is False:
            return Answer("Nobody speaks in this clip.")
        return unknown("What is said in this clip was not transcribed yet.")
    if not speech.segments:
        return Answer("Nobody speaks in this clip.")
    time = time_in(words, findings.duration)
    if time is not None and time > findings.duration:
        return Answer(f"The clip ends at {clock_time(findings.duration)}.")
    if re.search(r"\bhow many words\b", words):
        return Answer(f"The transcript has {len(speech.text.split())} words.", findings.speech_spans[:MAX_SPANS])
    if time is None:
        segments = speech.segments[:MAX_SPANS]
        text = " ".join(segment.text.strip() for segment in segments)
        more = " …" if len(segments) < len(speech.segments) else ""
        return Answer(f"What is said: “{text}{more}”", tuple((segment.start, segment.end) for segment in segments))
    near = [one for one in speech.segments if one.start - NEAR_SECONDS <= time <= one.end + NEAR_SECONDS]
    if not near:
        return Answer(f"Nobody speaks at {clock_time(time)}.")
    return Answer(f"Around {clock_time(time)}: “{near[0].text.strip()}”", known_spans((near[0].start, near[0].end)))


def speaking_answer(words: str, findings: ClipFindings) -> Answer:
    """Whether somebody speaks, and where."""
    if findings.is_spoken is None:
        return unknown("Whether somebody speaks stayed open.")
    if not findings.is_spoken:
        return Answer("Nobody speaks in this clip.")
    spans = findings.speech_spans
    where = f", first from {clock_time(spans[0][0])} to {clock_time(spans[0][1])}" if spans else ""
    return Answer(f"Somebody speaks{where}.", spans[:MAX_SPANS])


def speech_or_music_answer(words: str, findings: ClipFindings) -> Answer:
    """Whether it is music, speech, both or neither."""
    if findings.is_music is None and findings.is_spoken is None:
        return unknown("Whether this is speech or music was not measured yet.")
    found = ["music"] * bool(findings.is_music) + ["speech"] * bool(findings.is_spoken)
    if found:
        return Answer(f"This is {' and '.join(found)}.", (*findings.music_spans, *findings.speech_spans)[:MAX_SPANS])
    if findings.is_music is None or findings.is_spoken is None:
        return unknown(f"It is no {'music' if findings.is_music is False else 'speech'}; the rest stayed open.")
    return Answer(sentence(f"this is neither speech nor music{_sound_names(findings, '; what is heard is ')}"))


def sounds_answer(words: str, findings: ClipFindings) -> Answer:
    """What is heard: all, or at a time."""
    if not any((findings.facts, findings.music, findings.sounds, findings.speech)):
        return unknown("Nothing was measured in this clip yet.")
    time = time_in(words, findings.duration)
    if time is not None:
        return _moment(time, findings)
    caption = write_caption(findings, "")
    return Answer(caption.text, known_spans(*((one.start, one.end) for one in caption.sentences)))


def _moment(time: float, findings: ClipFindings) -> Answer:
    """What is known of one time."""
    if time > findings.duration:
        return Answer(f"The clip ends at {clock_time(findings.duration)}.")
    sections = findings.facts.sections if findings.facts else ()
    told = [f"part {one.label} of the piece" for one in sections if len(sections) > 1 and one.start <= time < one.end]
    told += [f"the chord {written(one.name)}" for one in findings.chords if one.start <= time < one.end]
    told += ["singing"] * any(start <= time < end for start, end in findings.vocal_spans)
    told += ["speech"] * any(start <= time < end for start, end in findings.speech_spans)
    if not told:
        return unknown(f"Nothing that is tied to a time was found at {clock_time(time)}.")
    return Answer(f"At {clock_time(time)} there is {listed(told)}.", ((time, min(findings.duration, time + NEAR_SECONDS)),))


def _sound_names(findings: ClipFindings, before: str) -> str:
    nouns = [sound_phrase(tag.name).noun for tag in findings.top_sounds if tag.score >= MIN_PROBABLE]
    return before + listed(nouns) if nouns else ""


def loudness_answer(words: str, findings: ClipFindings) -> Answer:
    """How loud it is."""
    loudness = findings.facts.loudness if findings.facts else None
    if loudness is None:
        return missing("loudness", False)
    if loudness.integrated_lufs is None:
        return Answer("The clip is too quiet or too short for its loudness to be told.")
    lufs = loudness.integrated_lufs
    word = {"loud": "loud", "medium": "of medium loudness", "quiet": "quiet"}[level(lufs)]
    text = f"It is {word}: {lufs:.1f} LUFS, with a true peak of {loudness.true_peak_dbfs:.1f} dBFS."
    if loudness.range_lu is not None:
        word = {"wide": "wide", "moderate": "moderate", "even": "narrow"}[spread(loudness.range_lu)]
        text += f" The loudness range is {word}: {loudness.range_lu:.1f} LU."
    return Answer(text)


def duration_answer(words: str, findings: ClipFindings) -> Answer:
    """How long the clip, or the speech in it, is."""
    if re.search(r"\b(?:speech|speak\w*|talk\w*)\b", words) and findings.is_spoken:
        seconds = sum(end - start for start, end in findings.speech_spans)
        return Answer(f"Somebody speaks for {length(seconds)}.", findings.speech_spans[:MAX_SPANS])
    return Answer(f"The clip lasts {length(findings.duration)}.", ((0.0, findings.duration),))
