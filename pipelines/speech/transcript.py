"""Words and lines of a transcript, and the options of their decoding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate, pairwise, zip_longest
from typing import Any, Literal

from models.output_limits import OutputLimits
from models.specs.model_spec import AUTO
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import Result
from pipelines.speech.languages import LanguageProbability, LanguageShare
from pipelines.speech.voice_activity import SPEECH_THRESHOLD
from pipelines.wording.writing_systems import LANGUAGES_WITHOUT_SPACES, is_one_word, join_texts

SpeechTask = Literal["transcribe", "translate"]
PromptField = Literal["initial_prompt", "hotwords"]
NO_SPEAKERS = "off"
SPEAKER_CHOICES = (NO_SPEAKERS, AUTO, *(str(count) for count in range(2, 11)))
"""Whether speakers are distinguished, and how many there are."""
CORRECTED_PROBABILITY = 1.0
"""Probability of a word that a person wrote."""
MIN_WORD_SECONDS = 0.01
"""A word that is shorter has no time of its own: Whisper's word times are multiples of 0.02 s."""
MAX_ESTIMATED_SECONDS = 0.2
"""Length of a word without time of its own, where silence follows: roughly one syllable."""


@dataclass(frozen=True)
class DecodingOptions:
    """What to decode and how."""

    language: str | None = None
    """ISO code that the model knows; None detects it."""
    allowed_languages: tuple[str, ...] = ()
    """ISO codes of the languages that may be detected; empty for all."""
    task: SpeechTask = "transcribe"
    beam_size: int = 5
    word_timestamps: bool = True
    vad_filter: bool = True
    """Whether only speech regions are decoded."""
    initial_prompt: str = ""
    """Text in the style and with the spellings that are wanted."""
    hotwords: str = ""
    """Names and terms to expect."""
    vad_threshold: float = SPEECH_THRESHOLD
    """Probability from which the voice activity detection finds speech."""
    fallback_searches: bool = True
    """Whether other searches are tried for an unsure or repetitive window."""


@dataclass(frozen=True)
class Word(Result):
    """A word of a line, with its punctuation."""

    start: float
    """Seconds."""
    end: float
    """Seconds, later than `start`."""
    text: str
    """Without the space before it; in languages that have none between words, with it, so that the words spell the line."""
    probability: float
    """Mean of its tokens, 0 to 1."""


@dataclass(frozen=True)
class Segment(Result):
    """A line of a transcript."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    """ISO code of the text."""
    log_probability: float = 0.0
    """Mean per token of all that was written for the same window."""
    no_speech_probability: float = 0.0
    """Probability, by the model, that the window holds no speech."""
    speech_language: str = ""
    """ISO code of the speech, which is not that of the text where it is translated."""
    language_probability: float = 1.0
    """Probability that the speech is in this language."""
    is_guess: bool = False
    """Whether the language, and so the text, is only a guess."""
    side: str = ""
    """Side of the clip that it was read from, 'left' or 'right'; '' for all of the clip."""
    is_edited: bool = False
    """Whether a person wrote a part of the text, or put the line together."""
    speaker: str = ""
    """Name of the speaker; '' where speakers were not distinguished."""

    @property
    def voice(self) -> str:
        """The speaker, or else the side of the clip, as 'Left'; '' for neither."""
        return self.speaker or self.side.capitalize()


def shifted(segment: Segment, seconds: float) -> Segment:
    """Return the same words, `seconds` later."""
    words = tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in segment.words)
    return replace(segment, start=segment.start + seconds, end=segment.end + seconds, words=words)


def whole_words(pieces: Iterable[Word]) -> list[Word]:
    """Join pieces that are one word: "l" + "'avion", "Dis" + "-moi", "vole" + " ?".

    Args:
        pieces: as the model's tokenizer gives them, with the space before each; so are the words.
    """
    words: list[Word] = []
    for piece in pieces:
        text, bare = piece.text, piece.text.strip()
        if words and (not bare or is_one_word(words[-1].text.strip(), bare, text[0].isspace())):
            words[-1] = _joined(words[-1], piece)
        elif bare:
            words.append(piece)
    return words


def line_of_words(words: Sequence[Word], language: str) -> Segment:
    """Make a line of words that hold the space before them, each with a length.

    Args:
        words: at least one.
        language: ISO code, which says whether the words keep their spaces.
    """
    text = "".join(word.text for word in words).strip()
    if language in LANGUAGES_WITHOUT_SPACES:
        texts = [words[0].text.lstrip(), *(word.text for word in words[1:])]
        texts[-1] = texts[-1].rstrip()
    else:
        texts = [word.text.strip() for word in words]
    timed = with_lengths([replace(word, text=text) for word, text in zip(words, texts, strict=True)])
    return Segment(timed[0].start, timed[-1].end, text, tuple(timed), language)


def _joined(word: Word, piece: Word) -> Word:
    """Append a piece to a word; its probability counts by its letters."""
    weights = len(word.text), len(piece.text)
    probability = (word.probability * weights[0] + piece.probability * weights[1]) / sum(weights)
    return Word(word.start, max(word.end, piece.end), word.text + piece.text, probability)


def with_lengths(words: Sequence[Word]) -> list[Word]:
    """Give a length to each word without one: the silence after it, or its part of the time of its neighbour."""
    timed: list[Word] = []
    group: list[Word] = []
    for word, after in zip_longest(words, words[1:]):
        if word.end - word.start < MIN_WORD_SECONDS and after and after.start - word.start >= MIN_WORD_SECONDS:
            word = replace(word, end=min(after.start, word.start + MAX_ESTIMATED_SECONDS))
        group.append(word)
        if word.end - group[0].start >= MIN_WORD_SECONDS * len(group):
            timed += _shared(group, group[0].start, word.end)
            group = []
    if group and timed:
        before = timed.pop()
        return timed + _shared([before, *group], before.start, max(before.end, group[-1].end))
    if group:
        start = max(0.0, group[0].start - MAX_ESTIMATED_SECONDS)
        return _shared(group, start, max(group[-1].end, start + MIN_WORD_SECONDS * len(group)))
    return timed


def _shared(words: list[Word], start: float, end: float) -> list[Word]:
    """Place words one after the other between two times, each as long as its letters; a single word is left as it is."""
    if len(words) == 1 and words[0].end - words[0].start >= MIN_WORD_SECONDS:
        return words
    letters = [0, *accumulate(len(word.text) for word in words)]
    bounds = [start + (end - start) * (count / letters[-1]) for count in letters]
    return [replace(word, start=first, end=last) for word, (first, last) in zip(words, pairwise(bounds), strict=True)]


def in_sequence(segments: Iterable[Segment]) -> list[Segment]:
    """Separate lines that overlap in time, at the middle of the overlap; a line that repeats the one it overlaps is left out."""
    lines: list[Segment] = []
    for segment in segments:
        if lines and segment.start < lines[-1].end:
            before = lines[-1]
            if segment.text == before.text:
                continue
            middle = (segment.start + min(segment.end, before.end)) / 2
            lines[-1] = held_between(before, before.start, middle)
            segment = held_between(segment, middle, max(segment.end, middle + MIN_WORD_SECONDS))
        lines.append(segment)
    return lines


def held_between(segment: Segment, start: float, end: float) -> Segment:
    """Return a line whose times, and those of its words, lie between `start` and `end` in seconds; each keeps a length."""

    def held(time: float) -> float:
        return min(max(time, start), end)

    words = tuple(with_lengths([replace(word, start=held(word.start), end=held(word.end)) for word in segment.words]))
    (whole,) = with_lengths([Word(held(segment.start), held(segment.end), segment.text, 0.0)])
    return replace(segment, start=whole.start, end=whole.end, words=words)


def with_text(segment: Segment, text: str) -> Segment:
    """Return `segment` with a corrected text.

    Words that are still there keep their times; new ones share the time of those they replace. It is no guess any more.
    """
    if not segment.words:
        return replace(segment, text=text, is_guess=False)
    old = [word.text for word in segment.words]
    new = re.findall(r"\s*\S+", text) if segment.language in LANGUAGES_WITHOUT_SPACES else text.split()
    words: list[Word] = []
    for kind, first, last, new_first, new_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            words += segment.words[first:last]
        elif new_first < new_last:
            start = segment.words[first - 1].end if first else segment.start
            end = segment.words[last].start if last < len(old) else segment.end
            written = [Word(start, start, word, CORRECTED_PROBABILITY) for word in new[new_first:new_last]]
            words += _shared(written, start, max(start, end))
    return replace(segment, text=text, words=tuple(with_lengths(words)), is_guess=False)


def language_shares(segments: Iterable[Segment]) -> tuple[LanguageShare, ...]:
    """Return the languages of a transcript's lines, the most spoken one first."""
    lines: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.speech_language:
            lines.setdefault(segment.speech_language, []).append(segment)
    durations = {code: [line.end - line.start for line in spoken] for code, spoken in lines.items()}
    total = sum(sum(each) for each in durations.values())
    shares = [
        LanguageShare(
            code,
            sum(durations[code]) / total,
            sum(line.language_probability * duration for line, duration in zip(spoken, durations[code], strict=True))
            / sum(durations[code]),
            all(line.is_guess for line in spoken),
        )
        for code, spoken in lines.items()
    ]
    return tuple(sorted(shares, key=lambda share: -share.share))


@dataclass(frozen=True)
class NonSpeechSegment(Result):
    """A segment without speech."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    sound: str
    """Name of what it sounds like, in lower case; '' if nothing stands out."""


@dataclass(frozen=True)
class ShortenedField(Result):
    """A prompt field of which only a part was used."""

    field: PromptField
    used: str
    """The end of an initial prompt; the beginning of hotwords."""
    characters: int
    """Length of the whole field."""


@dataclass(frozen=True)
class TranscriptionOptions(DecodingOptions):
    """What the person can choose: the model, and how it decodes."""

    model: str = AUTO
    separate_sides: bool = True
    """Whether a clip with a recording on each side is read side by side; else the mix is read."""
    speakers: str = NO_SPEAKERS
    """One of `SPEAKER_CHOICES`."""
    speaker_model: str = AUTO
    """Encoder of voices."""

    def without_speakers(self) -> TranscriptionOptions:
        """Return the options of the words alone."""
        return replace(self, speakers=NO_SPEAKERS, speaker_model=AUTO)


@dataclass(frozen=True, kw_only=True)
class Transcription(ModelUse):
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Seconds of the clip."""
    language: str = ""
    """ISO code of the main language."""
    language_probability: float = 0.0
    alternatives: tuple[LanguageProbability, ...] = ()
    """Other languages that it could be."""
    languages: tuple[LanguageShare, ...] = ()
    """All that are spoken, the most spoken one first."""
    segments: tuple[Segment, ...] = ()
    non_speech: tuple[NonSpeechSegment, ...] = ()
    """Long segments without speech; filled when the job is done."""
    shortened: tuple[ShortenedField, ...] = ()
    """Prompt fields that were too long."""
    position: float = 0.0
    """Seconds of the clip up to which it is decoded."""
    state: Literal["loading", "decoding", "dictating", "done", "stopped"] = "loading"
    limit: str = ""
    """Sentence for people where the text ends before the clip, as it has as many words as it may; '' otherwise."""

    def with_segments(self, segments: tuple[Segment, ...]) -> Transcription:
        """Return a copy with other lines and their languages, of which the most spoken one becomes the main language."""
        languages = language_shares(segments)
        now = replace(self, segments=segments, languages=languages)
        if not languages or languages[0].code == self.language:
            return now
        others = tuple(other for other in self.alternatives if other.code != languages[0].code)
        return replace(now, language=languages[0].code, language_probability=languages[0].probability, alternatives=others)

    def within(self, outputs: OutputLimits) -> Transcription:
        """Return a copy whose `limit` says whether it has as many words as it may."""
        words = sum(len(segment.words) or len(segment.text.split()) for segment in self.segments)
        return replace(self, limit=outputs.end_of_words(words))

    def end_of(self, side: str) -> float:
        """Return the end in seconds of the last line of a side; 0 where it has none."""
        return max((line.end for line in self.segments if line.side == side), default=0.0)

    @property
    def speech_spans(self) -> tuple[tuple[float, float], ...]:
        """Start and end of each line in seconds; lines of two sides that overlap are one span."""
        spans: list[tuple[float, float]] = []
        for segment in self.segments:
            if spans and segment.start < spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], segment.end)
            else:
                spans.append((segment.start, segment.end))
        return tuple(spans)

    @property
    def text(self) -> str:
        """The whole text in one line, with a space between segments where their script has spaces."""
        return join_texts(segment.text for segment in self.segments)

    def to_dict(self) -> dict[str, Any]:
        """Return the text and the fields."""
        return {"text": self.text, **super().to_dict()}
