"""Answers to questions about a clip from its measurements; other questions need an audio language model."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from pipelines.clip.chunking import Span
from pipelines.description.claims.checking import check_claim
from pipelines.description.claims.extraction import find_claims
from pipelines.description.findings import ClipFindings
from pipelines.questions.answer import MEASURED, NEEDS_MODEL, Answer, known_spans, unknown
from pipelines.questions.music_answers import (
    beat_answer,
    chord_answer,
    genre_answer,
    key_answer,
    metre_answer,
    mood_answer,
    section_answer,
    tempo_answer,
)
from pipelines.questions.part_findings import findings_of_part
from pipelines.questions.part_parsing import Part, split_part
from pipelines.questions.question_parsing import plain_words
from pipelines.questions.sound_answers import (
    duration_answer,
    instrument_answer,
    instruments_answer,
    language_answer,
    loudness_answer,
    named_instrument,
    said_answer,
    sounds_answer,
    speaking_answer,
    speech_or_music_answer,
    vocals_answer,
    when_answer,
)
from pipelines.wording.certainty import hedge
from pipelines.wording.grammar import sentence
from pipelines.wording.times import clock_time

MAX_QUESTION_CHARS = 500
MOMENT_SECONDS = 1.0
"""What is played of a moment."""


def answer_question(question: str, findings: ClipFindings) -> Answer:
    """Return the answer to a question in English."""
    if len(question) > MAX_QUESTION_CHARS:
        return unknown(f"This question is too long. Please ask in at most {MAX_QUESTION_CHARS} characters.")
    words = plain_words(question)
    if not re.search(r"\w", words):
        return unknown(f"Ask a question, for example about {MEASURED}.")
    if BEYOND.search(words):
        return unknown(NEEDS_MODEL)
    part, rest = split_part(words, findings.duration)
    if part is None:
        return _answered(words, findings)
    if part.start > findings.duration:
        return Answer(f"The clip ends at {clock_time(findings.duration)}.")
    answer = _answered("what happens" if OPEN.fullmatch(rest) else rest, findings_of_part(findings, part))
    return replace(answer, text=_placed(answer.text, part), spans=_shown(part, findings.duration, answer.spans))


def _answered(words: str, findings: ClipFindings) -> Answer:
    """Return the answer to plain words, about all that `findings` hold."""
    if YES_OR_NO.match(words) and (answer := _claim_answer(words, findings)) is not None:
        return answer
    for pattern, answer_topic in TOPICS:
        if pattern.search(words):
            return answer_topic(words, findings)
    if named_instrument(words, findings) is not None and (answer := instrument_answer(words, findings)) is not None:
        return answer
    return unknown(NEEDS_MODEL)


def _placed(text: str, part: Part) -> str:
    """Return an answer that says for which part it holds."""
    verdict, rest = re.match(r"((?:(?:probably|perhaps) )?(?:yes|no)\. )?(.*)", text, re.IGNORECASE).groups("")  # type: ignore[union-attr]
    if rest.startswith((part.name, "This question")):
        return text
    separator = ": " if rest.startswith("“") else ", "
    return f"{verdict}{part.name}{separator}{rest[:1].lower()}{rest[1:]}".replace(" in this clip", "")


def _shown(part: Part, duration: float, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the places of an answer that can be played; without any, the part."""
    if audible := tuple(span for span in spans if span[1] > span[0]):
        return audible
    return ((part.start, part.end if part.end > part.start else min(duration, part.start + MOMENT_SECONDS)),)


def _claim_answer(words: str, findings: ClipFindings) -> Answer | None:
    """Check the claim in 'is it in A minor?' or 'are there drums?'; None without a claim."""
    if COMPARISON.search(words) or WHEN.search(words):
        return None
    claims = find_claims(KEY_LETTER.sub(lambda match: match[0].upper(), words))
    if not claims:
        return None
    checked = check_claim(claims[-1], findings)
    span = known_spans((checked.start, checked.end) if checked.start is not None and checked.end is not None else None)
    if checked.verdict == "not measured":
        return Answer(checked.reason, span, False)
    doubt = hedge(checked.confidence) if checked.confidence is not None else ""
    return Answer(sentence(f"{doubt}{'yes' if checked.verdict == 'supported' else 'no'}") + f" {checked.reason}", span)


OPEN = re.compile(r"(?:(?:and |so )?what(?: is|'s| was| does)?(?: there| going on| happening)?)?")
"""What is left of a question that names nothing but a time."""
BEYOND = re.compile(
    r"\b(?:why|who (?:wrote|composed|made|recorded|performs|performed|produced|is the (?:artist|singer|composer|band))|"
    r"composers?|artists?|title|album|what(?: is|'s)? (?:the )?name of|which (?:song|band|movie|film)|what (?:song|band) is|"
    r"year|decade|lyrics|mean|meaning|recommend|similar|remind\w*|should|write|rewrite|compose|translate|summari[sz]e|rhyme|"
    r"story|paint|draw|improve|opinion|you (?:like|think|feel|know)|favou?rite|best|worst|good|bad|beautiful|compare|"
    r"how (?:do|can|could|would|should) (?:i|you|we|one)|weather|president|capital of|password|system prompt|code|joke|"
    r"next|brand|sing(?:s|ing)? about|say it in|expensive|tuned|microphone|where was)\b"
)
"""Words of questions that no measurement answers, even if they mention one."""
SPEECH_OR_MUSIC = (
    r"\b(?:speech or (?:is it |it is )?music|music or (?:is it )?speech|"
    r"(?:is|are) (?:it|this|that|there|these) (?:any )?(?:music|a song)\b(?! in))"
)
BEAT_COUNT = r"\bhow many (?:beats?|bars?|measures?|downbeats?)\b(?! per minute| a minute| per bar| in a bar| are in a bar)"
WHO_PLAYS = r"\b(?:instruments?|who plays|what(?: is|'s)? (?:plays|playing|played)|played (?:by|on)|which plays)\b"
WHICH_SOUNDS = (
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
        (SPEECH_OR_MUSIC, speech_or_music_answer),
        (BEAT_COUNT, beat_answer),
        (r"\b(?:time signature|met(?:re|er)|signature|beats? (?:per|in a|are in a) (?:bar|measure)|waltz|\d/\d)\b", metre_answer),
        (r"\b(?:tempo|bpm|how (?:fast|slow)|speed|beats? (?:per|a) minute|pace|(?:fast|slow) or (?:fast|slow))\b", tempo_answer),
        (WHEN.pattern, when_answer),
        (r"\b(?:chords?|progressions?|harmon(?:y|ies))\b", chord_answer),
        (r"\b(?:key|tonality|tonic|major or minor|minor or major|scale)\b", key_answer),
        (r"\b(?:language|languages)\b", language_answer),
        (r"\bhow (?:long|many (?:seconds|minutes))\b|\b(?:duration|length)\b", duration_answer),
        (r"\b(?:says?|said|saying|words?|transcripts?|spoken about|talk(?:s|ing)? about)\b", said_answer),
        (r"\b(?:sections?|structure\w*|form|parts?|chorus|verses?|bridge)\b", section_answer),
        (r"\b(?:genre|style|(?:kind|type|sort) of (?:music|song|piece))\b", genre_answer),
        (r"\b(?:mood|emotions?|atmosphere|feeling|happy|sad|feel like)\b", mood_answer),
        (r"\b(?:sings?|singing|singers?|vocals?|instrumental|raps?|rapping)\b", vocals_answer),
        (r"\b(?:speech|speaks?|speaking|speakers?|talks?|talking)\b", speaking_answer),
        (WHO_PLAYS, instruments_answer),
        (r"\b(?:loud\w*|quiet\w*|volume|lufs|peak|dynamics?)\b", loudness_answer),
        (WHICH_SOUNDS, sounds_answer),
        (r"\b(?:voices?)\b", vocals_answer),
    )
)  # fmt: skip
"""Patterns and their answers, in the order in which they are tried."""
