"""Answers about instruments, vocals, speech, sounds and loudness, from the measurements."""

from __future__ import annotations

import re

from pipelines.clip.chunking import Span
from pipelines.description.claims.checking import check_claim
from pipelines.description.claims.extraction import find_claims
from pipelines.description.findings import ClipFindings, Detection
from pipelines.description.template_caption import write_caption
from pipelines.music.decisions import MIN_NAMED_SOUND_SCORE, level, spread
from pipelines.music.harmony.notation import written
from pipelines.questions.answer import MAX_SPANS, NEEDS_MODEL, Answer, known_spans, missing, rated, unknown
from pipelines.questions.music_answers import beat_answer, chord_answer, section_answer
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.wording.certainty import MIN_POSSIBLE, MIN_PROBABLE, hedge
from pipelines.wording.grammar import listed, sentence, with_article
from pipelines.wording.sound_phrases import sound_phrase
from pipelines.wording.times import clock_time, length

MAX_NAMES = 5
GENERAL_SOUNDS = frozenset({"music", "song", "speech", "singing", "voice", "instrument"})
NO_SPEECH = "There is no speech in this clip."


def named_instrument(words: str, findings: ClipFindings) -> Detection | None:
    """Return the instrument that the question names, with whatever confidence it was detected."""
    claims = [claim for claim in find_claims(words) if claim.kind == "instrument"]
    if not claims:
        return None
    presence = findings.presence("instrument", claims[0].value)
    return Detection(claims[0].value, presence.confidence, presence.span, presence.is_calibrated)


def instrument_answer(words: str, findings: ClipFindings) -> Answer | None:
    """Answer whether the clip has the instrument that the question names; None if it names none."""
    claim = next((claim for claim in find_claims(words) if claim.kind == "instrument"), None)
    if claim is None:
        return None
    checked = check_claim(claim, findings)
    return Answer(checked.reason, (), checked.verdict != "not measured")


def _when_sound(words: str, findings: ClipFindings) -> Answer | None:
    """Answer when a sound that the question names is clearest; None if it names none that was found."""
    for tag in findings.top_sounds:
        is_named = set(re.findall(r"[a-z]{3,}", tag.name.lower())) & set(words.split()) - GENERAL_SOUNDS
        presence = findings.sound_presence((tag.name,))
        if is_named and tag.score >= MIN_POSSIBLE and presence is not None and presence.span is not None:
            start, end = (clock_time(seconds) for seconds in presence.span)
            return Answer(f"The sound ({sound_phrase(tag.name)}) is clearest from {start} to {end}.", (presence.span,))
    return None


def when_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer when a sound, an instrument, a section, vocals, speech or music begins or ends."""
    if (sound := _when_sound(words, findings)) is not None:
        return sound
    if re.search(r"\b(?:downbeats?|beats?|bars?|measures?)\b", words):
        return beat_answer(words, findings)
    instrument = named_instrument(words, findings)
    if instrument is not None:
        if instrument.confidence < MIN_POSSIBLE or instrument.span is None:
            return unknown(f"No {instrument.name} was found in this clip.")
        start, end = (clock_time(seconds) for seconds in instrument.span)
        text = sentence(f"{instrument.name}: clearest from {start} to {end}. The exact beginning is not measured.")
        return Answer(text, known_spans(instrument.span))
    if re.search(r"\b(?:part|section|chorus|verse|bridge)\b", words):
        return section_answer(words, findings)
    if re.search(r"\bchord", words):
        return chord_answer(words, findings)
    if re.search(r"\b(?:vocals?|sing\w*|voices?)\b", words):
        return _when_spans("vocals", findings.vocal_spans, findings.has_vocals, words)
    if re.search(r"\b(?:speech|speak\w*|talk\w*|spoken|says?|words?)\b", words):
        return _when_spans("speech", findings.speech_spans, findings.has_speech, words)
    if re.search(r"\b(?:music|song)\b", words):
        return _when_spans("music", findings.music_spans, findings.is_music, words)
    return unknown(NEEDS_MODEL)


def _when_spans(what: str, spans: tuple[Span, ...], is_there: bool | None, words: str) -> Answer:
    if is_there is None:
        return unknown(f"It is not clear whether there {'are' if what == 'vocals' else 'is'} {what} in this clip.")
    if not is_there:
        return Answer(f"There {'are' if what == 'vocals' else 'is'} no {what} in this clip.")
    if not spans:
        return unknown(f"There {'are' if what == 'vocals' else 'is'} {what} in this clip, but the times are not known.")
    ending = "" if what == "vocals" else "s"
    if re.search(r"\b(?:end|ends|stop|stops|finish|finishes)\b", words):
        return Answer(sentence(f"{what} end{ending} at {clock_time(spans[-1][1])}"), known_spans(spans[-1]))
    return Answer(sentence(f"{what}: {_times(spans)}"), spans[:MAX_SPANS])


def _times(spans: tuple[Span, ...]) -> str:
    """Return 'from 0:10 to 0:40, and two more times'."""
    more = {1: "", 2: ", and once more after that"}.get(len(spans), f", and {len(spans) - 1} more times after that")
    return f"from {clock_time(spans[0][0])} to {clock_time(spans[0][1])}{more}"


def instruments_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer which instruments play."""
    found = findings.detections("instrument")[:MAX_NAMES]
    if not found:
        was_measured = findings.music is not None or findings.sounds is not None
        return unknown("No instrument was found in this clip." if was_measured else "Instruments have not been measured yet.")
    names = listed([rated(one.name, one.confidence, one.is_calibrated) for one in found])
    are = "instruments are" if len(found) > 1 else "instrument is"
    return Answer(f"The {are} {names}.", known_spans(*(one.span for one in found)))


def vocals_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer whether there are vocals, and when."""
    probability = findings.vocals_probability
    if probability is None:
        return unknown("Vocals have not been measured yet.")
    if findings.has_vocals is None:
        return unknown("It is not clear whether there are vocals.")
    if not findings.has_vocals:
        return Answer(f"There are {rated('no vocals', 1 - probability)}.")
    kinds = [with_article(tag.name.lower()) for tag in findings.voices if tag.name.endswith("voice")]
    kind = f" Perhaps it is {listed(kinds, 'or')}." if kinds else ""
    spans = findings.vocal_spans
    return Answer(f"There are {rated('vocals', probability)}{', ' + _times(spans) if spans else ''}.{kind}", spans[:MAX_SPANS])


def language_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer which language is spoken."""
    speech = findings.speech
    if speech is None:
        return unknown("The language has not been detected yet: transcribe the clip first.")
    if not speech.segments:
        return _no_words(findings)
    name = WHISPER_LANGUAGES.get(speech.language, speech.language)
    if speech.language_probability < MIN_POSSIBLE or not name:
        return unknown("The language is too unsure.")
    return Answer(f"The language is {rated(name, speech.language_probability)}.", findings.speech_spans[:MAX_SPANS])


def _no_words(findings: ClipFindings) -> Answer:
    """Answer for a transcript without lines: there may be speech that was not understood."""
    return Answer(NO_SPEECH) if findings.has_speech is False else unknown("No words were understood in this clip.")


def said_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer what is said, in all or around a time."""
    speech = findings.speech
    if speech is None:
        if findings.has_speech is False:
            return Answer(NO_SPEECH)
        return unknown("The speech has not been transcribed yet: transcribe the clip first.")
    if not speech.segments:
        return _no_words(findings)
    if re.search(r"\bhow many words\b", words):
        return Answer(f"The transcript has {len(speech.text.split())} words.", findings.speech_spans[:MAX_SPANS])
    segments = speech.segments[:MAX_SPANS]
    text = " ".join(segment.text.strip() for segment in segments)
    more = " …" if len(segments) < len(speech.segments) else ""
    return Answer(f"“{text}{more}”", tuple((segment.start, segment.end) for segment in segments))


def speaking_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer whether there is speech, and when."""
    if findings.has_speech is None:
        return unknown("It is not clear whether there is speech in this clip.")
    if not findings.has_speech:
        return Answer(NO_SPEECH)
    spans = findings.speech_spans
    times = f" {_times(spans)}" if spans else " in this clip"
    return Answer(f"There is {hedge(findings.speech_confidence)}speech{times}.", spans[:MAX_SPANS])


def speech_or_music_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer whether the clip is music, speech, both or neither."""
    if findings.is_music is None and findings.has_speech is None:
        return unknown("Speech and music have not been measured yet.")
    found = ["music"] * bool(findings.is_music) + ["speech"] * bool(findings.has_speech)
    if found:
        return Answer(f"This is {' and '.join(found)}.", (*findings.music_spans, *findings.speech_spans)[:MAX_SPANS])
    if findings.is_music is None or findings.has_speech is None:
        return unknown(f"This is not {'music' if findings.is_music is False else 'speech'}; the rest is not clear.")
    sounds = [
        rated(sound_phrase(tag.name), tag.score, is_calibrated=False) for tag in findings.top_sounds if tag.score >= MIN_PROBABLE
    ]
    return Answer(f"This is neither speech nor music.{f' Sounds: {listed(sounds)}.' if sounds else ''}")


def sounds_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer which sounds there are, in all or at a time."""
    if not any((findings.facts, findings.music, findings.sounds, findings.speech)):
        return unknown("Nothing has been measured in this clip yet.")
    if findings.part is not None:
        return _in_part(findings.part, findings)
    caption = write_caption(findings, "")
    return Answer(caption.text, known_spans(*((one.start, one.end) for one in caption.sentences)))


def _in_part(part: Span, findings: ClipFindings) -> Answer:
    """Answer what was found in a part of the clip."""
    sections = findings.facts.sections if findings.facts else ()
    found = [f"section {one.label}" for one in sections]
    chords = list(dict.fromkeys(written(one.name) for one in findings.chords))[:MAX_NAMES]
    found += [f"the chord{'s' * (len(chords) > 1)} {listed(chords)}"] * bool(chords)
    found += [rated(one.name, one.confidence, False) for one in findings.detections("instrument")[:MAX_NAMES]]
    found += ["vocals"] * bool(findings.vocal_spans)
    found += ["speech"] * bool(findings.speech_spans)
    if not found and findings.top_sounds and findings.top_sounds[0].score >= MIN_NAMED_SOUND_SCORE:
        best = findings.top_sounds[0]
        found = [rated(sound_phrase(best.name), best.score, is_calibrated=False)]
    if not found:
        return unknown("Nothing was found in this clip.")
    return Answer(f"There is {listed(found)}.", (part,))


def loudness_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer how loud the clip is."""
    if findings.part is not None:
        return unknown("The loudness is measured for the whole clip alone.")
    loudness = findings.facts.loudness if findings.facts else None
    if loudness is None:
        return missing("loudness", False)
    if loudness.integrated_lufs is None:
        return Answer("The clip is too quiet or too short to measure its loudness.")
    lufs = loudness.integrated_lufs
    word = {"loud": "loud", "medium": "of medium loudness", "quiet": "quiet"}[level(lufs)]
    text = f"It is {word}: {lufs:.1f} LUFS, with a true peak of {loudness.true_peak_dbfs:.1f} dBFS."
    if loudness.range_lu is not None:
        word = {"wide": "wide", "moderate": "moderate", "even": "narrow"}[spread(loudness.range_lu)]
        text += f" The loudness range is {word}: {loudness.range_lu:.1f} LU."
    return Answer(text)


def duration_answer(words: str, findings: ClipFindings) -> Answer:
    """Answer how long the clip, or the speech in it, lasts."""
    if re.search(r"\b(?:speech|speak\w*|talk\w*)\b", words) and findings.has_speech:
        seconds = sum(end - start for start, end in findings.speech_spans)
        return Answer(f"The speech lasts {length(seconds)}.", findings.speech_spans[:MAX_SPANS])
    return Answer(f"The clip lasts {length(findings.duration)}.", ((0.0, findings.duration),))
