"""The offline captions of what is no music: speech, sounds, and next to nothing."""

from __future__ import annotations

import random
import re

from pipelines.description.clauses import (
    CaptionSentence,
    Clause,
    as_sentences,
    choose,
)
from pipelines.description.findings import ClipFindings
from pipelines.description.spans import Span
from pipelines.music.decisions import MAX_NEAR_SILENT_LUFS, MIN_CERTAIN, MIN_POSSIBLE, MIN_PROBABLE, Level, level
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.tagging.audioset import (
    ANIMAL,
    ANIMAL_FAMILIES,
    MUSIC,
    SPEECH,
    Tag,
    class_tree,
)
from pipelines.wording.grammar import listed, sentence
from pipelines.wording.sound_phrases import ABOUT_THE_SOUND, sound_phrase
from pipelines.wording.times import clock_time, length

MAX_SOUNDS = 3
BROAD_NAMES = frozenset({ANIMAL, *ANIMAL_FAMILIES})
WORTH_TELLING = 0.4
"""Of the first sound's score, from which a second one is told."""
QUOTED_WORDS = 9
LONG_SECONDS = 8.0
"""A clip from which it is worth telling when something is at its clearest."""
SPEAKERS = {
    "Male speech, man speaking": "a man",
    "Female speech, woman speaking": "a woman",
    "Child speech, kid speaking": "a child",
}

PLAIN = ("{clause}", "{clause}", "this is {noun}", "you hear {noun}", "what is heard is {noun}")
LIKELY = (
    "by the sound of it, {clause}",
    "this is probably {noun}",
    "it sounds like {noun}",
    "what is heard is most likely {noun}",
)
UNSURE = ("this may be {noun}", "perhaps this is {noun}", "it could be {noun}, though the sound leaves room for doubt")
BESIDES = ("{noun} can be made out as well", "beside it, {noun} can be heard", "it shares the clip with {noun}")
PERHAPS_BESIDES = ("in the background there may be {noun}", "there is perhaps {noun} in it too", "there may be {noun} beside it")
NOTHING = (
    "nothing in this clip has a clear name", "there is sound, but none that could be named with any confidence",
    "what is heard fits none of the known sounds clearly",
)  # fmt: skip
NEAR_SILENCE = ("the clip is all but silent", "next to nothing is heard", "this is very nearly silence")
LENGTHS = (
    "the clip lasts {length}",
    "it is over after {length}",
    "all of it happens within {length}",
    "it runs for {length}",
)
NO_SPEECH = ("nobody speaks", "there is no speech", "no words are spoken")
NO_SPEECH_NO_MUSIC = ("there is neither speech nor music", "nobody speaks, and no music plays")
CLEAREST = ("it is at its clearest around {time}", "it comes out most clearly at {time}")
LEVELS: dict[Level, tuple[str, ...]] = {
    "loud": ("the level is high", "the recording is loud"),
    "medium": (),
    "quiet": ("the level is low", "the recording is quiet"),
}
SPEAKS = ("{who} speaks{language} {time}", "{who} is speaking{language} {time}", "{who} can be heard speaking{language} {time}")
SPEECH_OF = ("this is {length} of speech{language}", "{length} of speech{language}")
QUOTES = ("it begins with “{words}”", "the first words are “{words}”", "its opening words: “{words}”")
WHOLE_QUOTES = ("the words are “{words}”", "all that is said is “{words}”")
WORD_COUNTS = ("the transcript runs to {count}", "the transcript has {count}", "{count} were made out in all")
NO_MUSIC = ("no music is heard", "there is no music behind it", "no music plays")


def speech_sentences(findings: ClipFindings, dice: random.Random, most: int = 3) -> list[CaptionSentence]:
    """Who speaks, in which language, for how long, and how it begins."""
    opening = _who_speaks(findings, dice)
    clauses = _words(findings, dice)
    if findings.is_music is False and not findings.music_spans:
        clauses.append(Clause(dice.choice(NO_MUSIC), (0.0, findings.duration)))
    others = [tag for tag in _telling(findings) if tag.name not in _speech_classes() and tag.score >= MIN_POSSIBLE]
    if others:
        span = _place(findings, others[0])
        clauses.append(Clause(_beside(others[0], dice), span))
    if not clauses:
        clauses.append(Clause(choose(dice, LENGTHS, length=length(findings.duration)), (0.0, findings.duration)))
    return [opening, *as_sentences(dice, clauses, most - 1)]


def sound_sentences(findings: ClipFindings, dice: random.Random) -> list[CaptionSentence]:
    """What sounds are heard, and that nobody speaks."""
    loudness = findings.facts.loudness if findings.facts else None
    if loudness is not None and (loudness.integrated_lufs is None or loudness.integrated_lufs <= MAX_NEAR_SILENT_LUFS):
        ending = [Clause(choose(dice, LENGTHS, length=length(findings.duration)), (0.0, findings.duration))]
        whole = (0.0, findings.duration)
        return as_sentences(dice, [Clause(dice.choice(NEAR_SILENCE), whole)], 1) + as_sentences(dice, ending, 1)
    sounds = _telling(findings)
    clauses = _sounds(findings, sounds, dice)
    rest = [
        *_absence(findings, sounds, dice),
        Clause(choose(dice, LENGTHS, length=length(findings.duration)), (0.0, findings.duration)),
    ]
    dice.shuffle(rest)
    extras = [*_moment(findings, sounds, dice), *_loud_or_quiet(findings, dice)]
    if len(clauses) == 1 and extras and sounds and sounds[0].score >= MIN_POSSIBLE:
        clauses.append(dice.choice(extras))
    return as_sentences(dice, clauses, 1) + as_sentences(dice, rest, 1 if dice.random() < 0.6 else 2)


def _telling(findings: ClipFindings) -> list[Tag]:
    """The sounds worth a word, surest first."""
    tags = [tag for tag in findings.top_sounds if tag.name not in ABOUT_THE_SOUND and _may_be_told(findings, tag)]
    if any(_is_kind_of_animal(tag) and tag.score >= MIN_POSSIBLE for tag in tags):
        tags = [tag for tag in tags if tag.name not in BROAD_NAMES]
    return [tag for tag in tags if tag.score >= WORTH_TELLING * tags[0].score][:MAX_SOUNDS] if tags else []


def _is_kind_of_animal(tag: Tag) -> bool:
    tree = class_tree()
    return tag.name in tree.names and tag.name not in BROAD_NAMES and tree.index(tag.name) in tree.below(ANIMAL)


def _may_be_told(findings: ClipFindings, tag: Tag) -> bool:
    """Voices and music are told only if the other measurements agree."""
    tree = class_tree()
    if tag.name not in tree.names:
        return tag.name in SPEAKERS
    position = tree.index(tag.name)
    if position in tree.below("Singing") or tag.name in ("Song", "Vocal music", "A capella", "Opera"):
        return findings.is_sung is True
    if position in tree.below(SPEECH):
        return findings.is_spoken is True
    if position in tree.below(MUSIC) and position not in tree.below("Musical instrument"):
        return tag.name == MUSIC and findings.is_music is True
    return True


def _place(findings: ClipFindings, tag: Tag) -> Span:
    presence = findings.sound_presence((tag.name,))
    return presence.span if presence is not None and presence.span is not None else (0.0, findings.duration)


def _sounds(findings: ClipFindings, sounds: list[Tag], dice: random.Random) -> list[Clause]:
    """The first sound, and a second beside it."""
    if not sounds or sounds[0].score < MIN_POSSIBLE / 2:
        return [Clause(dice.choice(NOTHING), (0.0, findings.duration))]
    first, *others = sounds
    phrase = sound_phrase(first.name)
    ways = PLAIN if first.score >= MIN_PROBABLE else LIKELY if first.score >= MIN_POSSIBLE else UNSURE
    clauses = [Clause(choose(dice, ways, clause=phrase.clause, noun=phrase.noun), _place(findings, first))]
    told = [tag for tag in others if tag.score >= MIN_POSSIBLE and sound_phrase(tag.name).noun != phrase.noun]
    if first.score >= MIN_PROBABLE and told and told[0].score >= MIN_PROBABLE and dice.random() < 0.6:
        text = f"{phrase.clause} over {listed([sound_phrase(tag.name).noun for tag in told if tag.score >= MIN_PROBABLE])}"
        return [Clause(text, clauses[0].span)]
    if told:
        clauses.append(Clause(_beside(told[0], dice), _place(findings, told[0])))
    return clauses


def _beside(tag: Tag, dice: random.Random) -> str:
    return choose(dice, BESIDES if tag.score >= MIN_PROBABLE else PERHAPS_BESIDES, noun=sound_phrase(tag.name).noun)


def _absence(findings: ClipFindings, sounds: list[Tag], dice: random.Random) -> list[Clause]:
    whole = (0.0, findings.duration)
    has_music = bool(findings.music_spans) or any(tag.name in _music_classes() for tag in sounds)
    if findings.is_spoken is not False:
        return []
    options = NO_SPEECH_NO_MUSIC if findings.is_music is False and not has_music and dice.random() < 0.5 else NO_SPEECH
    return [Clause(dice.choice(options), whole)]


def _moment(findings: ClipFindings, sounds: list[Tag], dice: random.Random) -> list[Clause]:
    if not sounds or findings.duration < LONG_SECONDS or sounds[0].score < MIN_POSSIBLE:
        return []
    span = _place(findings, sounds[0])
    if span[1] - span[0] > findings.duration / 2:
        return []
    return [Clause(choose(dice, CLEAREST, time=clock_time(span[0])), span)]


def _loud_or_quiet(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    loudness = findings.facts.loudness if findings.facts else None
    if loudness is None or loudness.integrated_lufs is None:
        return []
    options = LEVELS[level(loudness.integrated_lufs)]
    return [Clause(dice.choice(options), (0.0, findings.duration))] if options else []


# ---- speech


def _who_speaks(findings: ClipFindings, dice: random.Random) -> CaptionSentence:
    spans = findings.speech_spans
    start, end = (spans[0][0], spans[-1][1]) if spans else (0.0, findings.duration)
    seconds = length(sum(stop - begin for begin, stop in spans) or findings.duration)
    who = next(
        (SPEAKERS[tag.name] for tag in findings.top_sounds if tag.name in SPEAKERS and tag.score >= MIN_PROBABLE), "somebody"
    )
    language = _language(findings)
    if who == "somebody" and dice.random() < 0.3:
        text = choose(dice, SPEECH_OF, length=seconds, language=f" in {language}" if language else "")
    else:
        text = choose(dice, SPEAKS, who=who, language=f" {language}" if language else "", time=f"for {seconds}")
    return CaptionSentence(sentence(text), start, end)


def _language(findings: ClipFindings) -> str:
    """'English', 'probably Danish', or nothing."""
    speech = findings.speech
    if speech is None or not speech.segments or speech.language_probability < MIN_PROBABLE:
        return ""
    name = WHISPER_LANGUAGES.get(speech.language, "")
    return name if speech.language_probability >= MIN_CERTAIN or not name else f"what is probably {name}"


def _words(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    """How it begins, and how many words there are."""
    segments = findings.speech.segments if findings.speech else ()
    words = " ".join(segment.text for segment in segments).split()
    if not words or findings.speech is None or findings.speech.language_probability < MIN_PROBABLE:
        return []
    first = (segments[0].start, segments[0].end)
    if len(words) <= QUOTED_WORDS:
        return [Clause(choose(dice, WHOLE_QUOTES, words=_quotable(words)), first)]
    opening = Clause(choose(dice, QUOTES, words=_opening_words(words)), first)
    counts = Clause(choose(dice, WORD_COUNTS, count=f"{len(words)} words"), (segments[0].start, segments[-1].end))
    return [opening, counts]


def _opening_words(words: list[str]) -> str:
    """The first sentence, or as much of it as can be quoted."""
    stop = next((i + 1 for i, word in enumerate(words[:QUOTED_WORDS]) if i > 2 and word.endswith((".", "!", "?"))), 0)
    return _quotable(words[:stop]) if stop else _quotable(words[:QUOTED_WORDS]) + " …"


def _quotable(words: list[str]) -> str:
    """Without marks that would end the sentence around it."""
    return re.sub(r"[“”\"{}]", "", " ".join(words)).rstrip(" .,;:!?–—-")


def _speech_classes() -> frozenset[str]:
    tree = class_tree()
    return frozenset(tree.names[i] for i in tree.below(SPEECH)) | set(SPEAKERS)


def _music_classes() -> frozenset[str]:
    tree = class_tree()
    return frozenset(tree.names[i] for i in tree.below(MUSIC))
