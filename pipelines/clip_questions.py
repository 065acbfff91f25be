"""Questions about a clip, answered from what was measured; all others get a plain 'this needs a larger model'."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.caption_claims import check_claim, find_claims
from pipelines.caption_writing import write_caption
from pipelines.chord_recognition import NO_CHORD_NAME, Chord
from pipelines.chord_symbols import written
from pipelines.clip_findings import CERTAIN, PERHAPS, SURE, ClipFindings, Heard, Span
from pipelines.english_grammar import clock, counted, length, listed, sentence, with_article
from pipelines.question_reading import plain_words, time_in, which_one
from pipelines.sound_phrases import sound_phrase
from pipelines.whisper_languages import WHISPER_LANGUAGES

LONGEST_QUESTION = 500
"""Characters."""
MOST_SPANS = 12
MOST_NAMES = 5
MEASURED_BETTER = ("Slow", "Fast", "Quiet", "Soft", "Loud")
"""Moods that are tempo and loudness."""
GENERAL_SOUNDS = frozenset({"music", "song", "speech", "singing", "voice", "instrument"})
NEAR_SECONDS = 1.0
"""Around a time that somebody asks for: what is said there."""
QUIET_LUFS, LOUD_LUFS = -24.0, -12.0
WIDE_LU, EVEN_LU = 10.0, 4.0
MEASURED = "tempo, metre, key, chords, sections, instruments, genre, mood, vocals, speech and loudness"


@dataclass(frozen=True)
class Answer:
    """What can be said to a question."""

    text: str
    """One or two sentences for people."""
    spans: tuple[Span, ...] = ()
    """(start, end) in seconds of the places that the answer is about."""
    from_facts: bool = True
    """Whether it rests on measurements of this clip; False also where there are none."""


def answer_question(question: str, findings: ClipFindings) -> Answer:
    """The answer to a question in English."""
    if len(question) > LONGEST_QUESTION:
        return _unknown(f"This question is too long: please ask in at most {LONGEST_QUESTION} characters.")
    words = plain_words(question)
    if not re.search(r"\w", words):
        return _unknown(f"Ask about what was measured in this clip: {MEASURED}.")
    if BEYOND.search(words):
        return _unknown(f"This needs a larger model: measured in this clip are only {MEASURED}.")
    if YES_OR_NO.match(words) and (answer := _verdict(words, findings)) is not None:
        return answer
    for pattern, answer_topic in TOPICS:
        if pattern.search(words):
            return answer_topic(words, findings)
    if _named(words, findings) is not None and (answer := _about_instrument(words, findings)) is not None:
        return answer
    return _unknown(f"This needs a larger model: measured in this clip are only {MEASURED}.")


def _unknown(text: str) -> Answer:
    return Answer(text, (), False)


def _missing(what: str, was_sought: bool) -> Answer:
    """For what is not known."""
    text = f"No {what} was found in this clip." if was_sought else f"The {what} of this clip was not measured yet."
    return Answer(text, (), was_sought)


def _sureness(confidence: float) -> str:
    """To put before what is not certain."""
    return "" if confidence >= CERTAIN else "probably " if confidence >= SURE else "perhaps "


def _spans(*spans: Span | None) -> tuple[Span, ...]:
    return tuple(span for span in spans if span is not None)[:MOST_SPANS]


# ---- yes or no


def _verdict(words: str, findings: ClipFindings) -> Answer | None:
    """For 'is it in A minor?' or 'are there drums?': the claim in the question is checked; None if there is none."""
    if COMPARISON.search(words) or WHEN.search(words):
        return None
    claims = find_claims(KEY_LETTER.sub(lambda match: match[0].upper(), words))
    if not claims:
        return None
    checked = check_claim(claims[-1], findings)
    span = _spans((checked.start, checked.end) if checked.start is not None and checked.end is not None else None)
    if checked.verdict == "not measured":
        return Answer(checked.reason, span, False)
    return Answer(f"{'Yes' if checked.verdict == 'supported' else 'No'}. {checked.reason}", span)


# ---- rhythm


def _tempo(words: str, findings: ClipFindings) -> Answer:
    tempo = findings.tempo
    if tempo is None:
        return _missing("tempo", findings.facts is not None)
    text = f"The tempo is {_sureness(tempo.confidence)}{round(tempo.bpm)} BPM."
    if len(findings.tempi) > 1:
        text += f" {round(findings.tempi[1])} BPM would fit nearly as well."
    return Answer(text, _spans(findings.first_bars))


def _metre(words: str, findings: ClipFindings) -> Answer:
    beats = findings.beats
    if beats is None:
        return _missing("metre", findings.facts is not None)
    return Answer(f"The metre is {_sureness(beats.confidence)}{beats.metre}.", _spans(findings.first_bars))


def _beat_count(words: str, findings: ClipFindings) -> Answer:
    beats = findings.beats
    if beats is None:
        return _missing("beat", findings.facts is not None)
    text = f"There are {len(beats.times)} beats in {counted(len(beats.downbeats), 'bar')}{_doubt(beats.confidence)}."
    return Answer(text, _spans((beats.times[0], beats.times[-1]) if beats.times else None))


def _doubt(confidence: float) -> str:
    """To put behind what is not certain."""
    return "" if confidence >= CERTAIN else ", probably" if confidence >= SURE else ", though that is unsure"


# ---- harmony


def _key(words: str, findings: ClipFindings) -> Answer:
    key = findings.key
    if key is None:
        return _missing("key", findings.facts is not None)
    others = [f"{other.name}" for other in key.alternatives if key.confidence < CERTAIN and other.confidence >= PERHAPS]
    also = f" It could also be {listed(others, 'or')}." if others else ""
    return Answer(f"The key is {_sureness(key.confidence)}{key.name}.{also}", _spans(findings.first_bars))


def _chord_answer(words: str, findings: ClipFindings) -> Answer:
    chords = findings.facts.chords if findings.facts else ()
    if not any(chord.name != NO_CHORD_NAME for chord in chords):
        return _missing("chord", findings.facts is not None)
    time = time_in(words, findings.duration)
    position = which_one(words)
    if time is not None:
        return _chord_at(time, chords, findings)
    sure = findings.chords
    if not sure:
        return _unknown("The chords of this clip are too unsure to tell.")
    if position is not None and re.search(r"\bchord\b", words):
        if position >= len(sure):
            return Answer(f"There are only {len(sure)} chord changes in this clip.")
        chord = sure[position]
        return Answer(
            f"It is {written(chord.name)}, from {clock(chord.start)} to {clock(chord.end)}.", ((chord.start, chord.end),)
        )
    if re.search(r"\bhow many\b", words):
        text = f"{counted(len({chord.name for chord in sure}), 'different chord')}, which change {counted(len(sure) - 1, 'time')}"
        return Answer(sentence(text), _spans((sure[0].start, sure[-1].end)))
    names = list(dict.fromkeys(chord.name for chord in sure))
    firsts = [next(chord for chord in sure if chord.name == name) for name in names]
    text = f"The chords are {listed([written(name) for name in names])}, in the order in which they first come."
    return Answer(
        text if len(names) > 1 else f"The only chord is {written(names[0])}.", _spans(*((c.start, c.end) for c in firsts))
    )


def _chord_at(time: float, chords: tuple[Chord, ...], findings: ClipFindings) -> Answer:
    if time > findings.duration:
        return Answer(f"The clip ends at {clock(findings.duration)}.")
    chord = next((one for one in chords if one.start <= time < one.end), chords[-1])
    span = _spans((chord.start, chord.end))
    if chord.confidence < PERHAPS:
        return Answer(f"The chord at {clock(time)} is too unsure to tell.", span, False)
    name = "no chord" if chord.name == NO_CHORD_NAME else written(chord.name)
    return Answer(f"At {clock(time)} there is {_sureness(chord.confidence)}{name}.", span)


# ---- form


def _sections(words: str, findings: ClipFindings) -> Answer:
    sections = findings.facts.sections if findings.facts else ()
    if not sections:
        return _missing("section", findings.facts is not None)
    position, time = which_one(words), time_in(words, findings.duration)
    if position is None and time is not None and time <= findings.duration:
        position = next((i for i, one in enumerate(sections) if time < one.end), len(sections) - 1)
    if position is not None and position >= len(sections):
        return Answer(f"The clip has no more than {counted(len(sections), 'part')}.")
    if position is not None:
        one = sections[position]
        text = f"That is part {one.label}, from {clock(one.start)} to {clock(one.end)}."
        return Answer(text, _spans((one.start, one.end)))
    if len(sections) == 1:
        return Answer("It is one part; nothing divides it.", _spans((sections[0].start, sections[0].end)))
    starts = listed([f"{one.label} from {clock(one.start)}" for one in sections])
    verse = " Which of them is a verse or a chorus was not measured." if re.search(r"\b(?:verse|chorus|bridge)\b", words) else ""
    text = f"{counted(len(sections), 'part').capitalize()}: {starts}; equal letters sound alike.{verse}"
    return Answer(text, _spans(*((one.start, one.end) for one in sections)))


# ---- who plays and sings, and when


def _named(words: str, findings: ClipFindings) -> Heard | None:
    """The instrument that the question names, however surely it is heard."""
    claims = [claim for claim in find_claims(words) if claim.kind == "instrument"]
    if not claims:
        return None
    presence = findings.presence("instrument", claims[0].value)
    return Heard(claims[0].value, presence.confidence, presence.span)


def _about_instrument(words: str, findings: ClipFindings) -> Answer | None:
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
        if is_named and tag.score >= PERHAPS and presence is not None and presence.span is not None:
            start, end = (clock(seconds) for seconds in presence.span)
            return Answer(sentence(f"{sound_phrase(tag.name).noun} is clearest from {start} to {end}"), (presence.span,))
    return None


def _when_answer(words: str, findings: ClipFindings) -> Answer:
    """When something begins or ends."""
    if (sound := _when_sound(words, findings)) is not None:
        return sound
    if re.search(r"\b(?:downbeats?|beats?|bars?|measures?)\b", words):
        return _beat_count(words, findings)
    instrument = _named(words, findings)
    if instrument is not None:
        if instrument.confidence < PERHAPS or instrument.span is None:
            return _unknown(f"{sentence(f'no {instrument.name} was found in this clip')}")
        start, end = (clock(seconds) for seconds in instrument.span)
        text = sentence(f"{instrument.name}: clearest from {start} to {end}; when exactly it begins was not measured")
        return Answer(text, _spans(instrument.span))
    if re.search(r"\b(?:part|section|chorus|verse|bridge)\b", words):
        return _sections(words, findings)
    if re.search(r"\bchord", words):
        return _chord_answer(words, findings)
    if re.search(r"\b(?:vocals?|sing\w*|voices?)\b", words):
        return _when_spans("vocals", findings.vocal_spans, findings.is_sung, words)
    if re.search(r"\b(?:speech|speak\w*|talk\w*|spoken|says?|words?)\b", words):
        return _when_spans("speech", findings.speech_spans, findings.is_spoken, words)
    if re.search(r"\b(?:music|song)\b", words):
        return _when_spans("music", findings.music_spans, findings.is_music, words)
    return _unknown(f"This needs a larger model: measured in this clip are only {MEASURED}.")


def _when_spans(what: str, spans: tuple[Span, ...], is_there: bool | None, words: str) -> Answer:
    if is_there is None:
        return _unknown(f"Whether there is {what} in this clip stayed open.")
    if not is_there:
        return Answer(f"There {'are' if what == 'vocals' else 'is'} no {what} in this clip.")
    if not spans:
        return _unknown(f"There is {what} in this clip, but when was not measured.")
    if re.search(r"\b(?:end|ends|stop|stops|finish|finishes)\b", words):
        return Answer(sentence(f"{what} last heard until {clock(spans[-1][1])}"), _spans(spans[-1]))
    more = f", and {counted(len(spans) - 1, 'more time')} after that" if len(spans) > 1 else ""
    return Answer(sentence(f"{what} first heard from {clock(spans[0][0])} to {clock(spans[0][1])}{more}"), spans[:MOST_SPANS])


def _instruments(words: str, findings: ClipFindings) -> Answer:
    heard = findings.named("instrument")[:MOST_NAMES]
    if not heard:
        sought = findings.music is not None or findings.sounds is not None
        return _unknown(
            "No instrument was found in this clip." if sought else "Nobody listened for instruments in this clip yet."
        )
    sure = [one.name for one in heard if one.confidence >= SURE]
    maybe = [one.name for one in heard if one.confidence < SURE]
    parts = [listed(sure)] * bool(sure) + [f"perhaps {listed(maybe)}"] * bool(maybe)
    names = " and ".join(parts)
    text = f"The instruments found are {names}." if len(heard) > 1 else f"One instrument was found: {names}."
    return Answer(text, _spans(*(one.span for one in heard)))


def _vocals(words: str, findings: ClipFindings) -> Answer:
    if findings.is_sung is None:
        sought = findings.singing is not None
        return _unknown("Whether somebody sings stayed open." if sought else "Nobody listened for vocals in this clip yet.")
    if not findings.is_sung:
        return Answer("Nobody sings in this clip.")
    voices = [with_article(tag.name.lower()) for tag in findings.singers if tag.name.endswith("voice")]
    spans = findings.vocal_spans
    where = f", first from {clock(spans[0][0])} to {clock(spans[0][1])}" if spans else ""
    surely = "" if (findings.singing or 0) >= CERTAIN else "probably "
    voice = f"; it sounds like {listed(voices, 'or')}" if voices else ""
    return Answer(f"Somebody {surely}sings{where}{voice}.", spans[:MOST_SPANS])


# ---- style


def _genre(words: str, findings: ClipFindings) -> Answer:
    return _tags("genre", [(one.name, one.confidence) for one in findings.named("genre")], findings)


def _mood(words: str, findings: ClipFindings) -> Answer:
    return _tags(
        "mood", [(tag.name.lower(), tag.confidence) for tag in findings.tags("mood") if tag.name not in MEASURED_BETTER], findings
    )


def _tags(what: str, names: list[tuple[str, float]], findings: ClipFindings) -> Answer:
    if findings.is_music is False:
        return Answer(f"This clip is no music, so it has no {what}.")
    names = [(name, confidence) for name, confidence in names if confidence >= PERHAPS][:MOST_NAMES]
    if not names:
        return _missing(what, findings.music is not None)
    told = [f"{_sureness(confidence)}{name}" for name, confidence in names]
    return Answer(
        f"The {what} is {told[0]}." if len(told) == 1 else f"The {what} is {told[0]}; what also fits: {listed(told[1:])}."
    )


# ---- speech


def _language(words: str, findings: ClipFindings) -> Answer:
    speech = findings.speech
    if speech is None:
        return _unknown("The language of this clip was not measured yet.")
    if not speech.segments:
        return Answer("Nobody speaks in this clip, so there is no language.")
    name = WHISPER_LANGUAGES.get(speech.language, speech.language)
    if speech.language_probability < PERHAPS or not name:
        return _unknown("The language is too unsure to tell.")
    return Answer(f"The language is {_sureness(speech.language_probability)}{name}.", findings.speech_spans[:MOST_SPANS])


def _said(words: str, findings: ClipFindings) -> Answer:
    speech = findings.speech
    if speech is None:
        if findings.is_spoken is False:
            return Answer("Nobody speaks in this clip.")
        return _unknown("What is said in this clip was not transcribed yet.")
    if not speech.segments:
        return Answer("Nobody speaks in this clip.")
    time = time_in(words, findings.duration)
    if time is not None and time > findings.duration:
        return Answer(f"The clip ends at {clock(findings.duration)}.")
    if re.search(r"\bhow many words\b", words):
        return Answer(f"The transcript has {len(speech.text.split())} words.", findings.speech_spans[:MOST_SPANS])
    if time is None:
        segments = speech.segments[:MOST_SPANS]
        text = " ".join(segment.text.strip() for segment in segments)
        more = " …" if len(segments) < len(speech.segments) else ""
        return Answer(f"What is said: “{text}{more}”", tuple((segment.start, segment.end) for segment in segments))
    near = [one for one in speech.segments if one.start - NEAR_SECONDS <= time <= one.end + NEAR_SECONDS]
    if not near:
        return Answer(f"Nobody speaks at {clock(time)}.")
    return Answer(f"Around {clock(time)}: “{near[0].text.strip()}”", _spans((near[0].start, near[0].end)))


def _speaking(words: str, findings: ClipFindings) -> Answer:
    if findings.is_spoken is None:
        return _unknown("Whether somebody speaks stayed open.")
    if not findings.is_spoken:
        return Answer("Nobody speaks in this clip.")
    spans = findings.speech_spans
    where = f", first from {clock(spans[0][0])} to {clock(spans[0][1])}" if spans else ""
    return Answer(f"Somebody speaks{where}.", spans[:MOST_SPANS])


def _speech_or_music(words: str, findings: ClipFindings) -> Answer:
    if findings.is_music is None and findings.is_spoken is None:
        return _unknown("Whether this is speech or music was not measured yet.")
    found = ["music"] * bool(findings.is_music) + ["speech"] * bool(findings.is_spoken)
    if found:
        return Answer(f"This is {' and '.join(found)}.", (*findings.music_spans, *findings.speech_spans)[:MOST_SPANS])
    if findings.is_music is None or findings.is_spoken is None:
        return _unknown(f"It is no {'music' if findings.is_music is False else 'speech'}; the rest stayed open.")
    return Answer(sentence(f"this is neither speech nor music{_sound_names(findings, '; what is heard is ')}"))


# ---- sound


def _sounds(words: str, findings: ClipFindings) -> Answer:
    if not any((findings.facts, findings.music, findings.sounds, findings.speech)):
        return _unknown("Nothing was measured in this clip yet.")
    time = time_in(words, findings.duration)
    if time is not None:
        return _moment(time, findings)
    caption = write_caption(findings, "")
    return Answer(caption.text, _spans(*((one.start, one.end) for one in caption.sentences)))


def _moment(time: float, findings: ClipFindings) -> Answer:
    """What is known of one time."""
    if time > findings.duration:
        return Answer(f"The clip ends at {clock(findings.duration)}.")
    sections = findings.facts.sections if findings.facts else ()
    told = [f"part {one.label} of the piece" for one in sections if len(sections) > 1 and one.start <= time < one.end]
    told += [f"the chord {written(one.name)}" for one in findings.chords if one.start <= time < one.end]
    told += ["singing"] * any(start <= time < end for start, end in findings.vocal_spans)
    told += ["speech"] * any(start <= time < end for start, end in findings.speech_spans)
    if not told:
        return _unknown(f"Nothing that is tied to a time was found at {clock(time)}.")
    return Answer(f"At {clock(time)} there is {listed(told)}.", ((time, min(findings.duration, time + NEAR_SECONDS)),))


def _sound_names(findings: ClipFindings, before: str) -> str:
    nouns = [sound_phrase(tag.name).noun for tag in findings.top_sounds if tag.score >= SURE]
    return before + listed(nouns) if nouns else ""


def _loudness(words: str, findings: ClipFindings) -> Answer:
    loudness = findings.facts.loudness if findings.facts else None
    if loudness is None:
        return _missing("loudness", False)
    if loudness.integrated_lufs is None:
        return Answer("The clip is too quiet or too short for its loudness to be told.")
    lufs = loudness.integrated_lufs
    word = "loud" if lufs >= LOUD_LUFS else "quiet" if lufs <= QUIET_LUFS else "of medium loudness"
    text = f"It is {word}: {lufs:.1f} LUFS, with a peak of {loudness.true_peak_dbfs:.1f} dB of full scale."
    if loudness.range_lu is not None:
        spread = "wide" if loudness.range_lu >= WIDE_LU else "narrow" if loudness.range_lu <= EVEN_LU else "moderate"
        text += f" Its loudness range of {loudness.range_lu:.1f} LU is {spread}."
    return Answer(text)


def _duration(words: str, findings: ClipFindings) -> Answer:
    if re.search(r"\b(?:speech|speak\w*|talk\w*)\b", words) and findings.is_spoken:
        seconds = sum(end - start for start, end in findings.speech_spans)
        return Answer(f"Somebody speaks for {length(seconds)}.", findings.speech_spans[:MOST_SPANS])
    return Answer(f"The clip lasts {length(findings.duration)}.", ((0.0, findings.duration),))


BEYOND = re.compile(
    r"\b(?:why|who (?:wrote|composed|made|recorded|performs|performed|produced|is the (?:artist|singer|composer|band))|"
    r"composers?|artists?|title|album|what(?: is|'s)? (?:the )?name of|which (?:song|band|movie|film)|what (?:song|band) is|"
    r"year|decade|lyrics|mean|meaning|recommend|similar|remind\w*|should|write|rewrite|compose|translate|summari[sz]e|rhyme|"
    r"story|paint|draw|improve|opinion|you (?:like|think|feel|know)|favou?rite|best|worst|good|bad|beautiful|compare|"
    r"how (?:do|can|could|would|should) (?:i|you|we|one)|weather|president|capital of|password|system prompt|code|joke|"
    r"next|brand|sing(?:s|ing)? about|say it in|expensive|tuned|microphone|where was)\b"
)
"""What no measurement answers, even if the question mentions one."""
SPEECH_OR_MUSIC = (
    r"\b(?:speech or (?:is it |it is )?music|music or (?:is it )?speech|"
    r"(?:is|are) (?:it|this|that|there|these) (?:any )?(?:music|a song)\b(?! in))"
)
BEAT_COUNT = r"\bhow many (?:beats?|bars?|measures?|downbeats?)\b(?! per minute| a minute| per bar| in a bar| are in a bar)"
WHAT_IS_HEARD = (
    r"^(?:describe|what (?:is|'s) (?:this|it|that|in (?:this|the|it))|what (?:can|do) (?:i|you|we|one) hear|"
    r"what (?:sounds?|animal|noise|happens|is heard|are))\b"
)
YES_OR_NO = re.compile(
    r"^(?:so |and |but |hey |please )?(?:is|are|was|were|does|do|did|has|have|can|could|any|isn't|aren't|doesn't)\b"
)
KEY_LETTER = re.compile(
    r"\b[a-g](?=(?:#|b|♯|♭| sharp| flat)? (?:major|minor)\b)|(?<=key of )[a-g]\b|\b[a-g](?=(?:#|b)?(?:m|7)\b)"
)
COMPARISON = re.compile(r"\b(?:or|than|over|under|above|below|between)\b")
WHEN = re.compile(r"\b(?:when|where (?:does|do|is|are)|what time|at what|how soon|since when|until when)\b")

Topic = Callable[[str, ClipFindings], Answer]
TOPICS: tuple[tuple[re.Pattern[str], Topic], ...] = tuple(
    (re.compile(pattern), topic)
    for pattern, topic in (
        (SPEECH_OR_MUSIC, _speech_or_music),
        (BEAT_COUNT, _beat_count),
        (r"\b(?:time signature|met(?:re|er)|signature|beats? (?:per|in a|are in a) (?:bar|measure)|waltz|\d/\d)\b", _metre),
        (r"\b(?:tempo|bpm|how (?:fast|slow)|speed|beats? (?:per|a) minute|pace|(?:fast|slow) or (?:fast|slow))\b", _tempo),
        (WHEN.pattern, _when_answer),
        (r"\b(?:chords?|progressions?|harmon(?:y|ies))\b", _chord_answer),
        (r"\b(?:key|tonality|tonic|major or minor|minor or major|scale)\b", _key),
        (r"\b(?:language|languages)\b", _language),
        (r"\bhow (?:long|many (?:seconds|minutes))\b|\b(?:duration|length)\b", _duration),
        (r"\b(?:says?|said|saying|words?|transcripts?|spoken about|talk(?:s|ing)? about)\b", _said),
        (r"\b(?:sections?|structure\w*|form|parts?|chorus|verses?|bridge)\b", _sections),
        (r"\b(?:genre|style|(?:kind|type|sort) of (?:music|song|piece))\b", _genre),
        (r"\b(?:mood|emotions?|atmosphere|feeling|happy|sad|feel like)\b", _mood),
        (r"\b(?:sings?|singing|singers?|vocals?|instrumental|raps?|rapping)\b", _vocals),
        (r"\b(?:speech|speaks?|speaking|speakers?|talks?|talking)\b", _speaking),
        (r"\b(?:instruments?|who plays|what(?: is|'s)? (?:plays|playing|played)|played (?:by|on)|which plays)\b", _instruments),
        (r"\b(?:loud\w*|quiet\w*|volume|lufs|peak|dynamics?)\b", _loudness),
        (WHAT_IS_HEARD, _sounds),
        (r"\b(?:voices?)\b", _vocals),
    )
)  # fmt: skip
"""In the order in which they are tried."""
