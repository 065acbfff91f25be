"""The offline captions of clips without music: speech, sounds, near silence."""

from __future__ import annotations

import random
import re

from pipelines.clip.chunking import Span
from pipelines.description.caption_sentence import CaptionSentence, choose
from pipelines.description.findings import ClipFindings
from pipelines.music.decisions import MAX_NEAR_SILENT_LUFS, MIN_NAMED_SOUND_SCORE, MIN_RELATIVE_SOUND_SCORE, Level, level
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.tagging.audioset import (
    ANIMAL,
    GENERIC_ANIMALS,
    MUSIC,
    SINGING_CLASSES,
    SPEECH,
    Tag,
    class_tree,
)
from pipelines.wording.certainty import MIN_CERTAIN, MIN_POSSIBLE, MIN_PROBABLE, hedge
from pipelines.wording.grammar import listed
from pipelines.wording.sound_phrases import ABOUT_THE_SOUND, SPEAKERS, sound_phrase
from pipelines.wording.times import clock_time, length

MAX_SOUNDS = 3
MAX_QUOTED_WORDS = 9
MIN_MOMENT_CLIP_SECONDS = 8.0
"""Duration of a clip from which the clearest moment of a sound is named."""
OVERLAY_RATE, NO_MUSIC_RATE, LENGTH_RATE = 0.6, 0.5, 0.5
"""How often two certain sounds share a sentence, the absence of music stands beside that of speech, and the duration is named."""

MAIN_SOUND = ("{hedge}{sound}", "the main sound is {hedge}{sound}", "the clip {hedge}contains {sound}")
OTHER_SOUND = ("the clip {hedge}also contains {sound}", "also {hedge}{sound}")
NO_SOUND = ("the sounds in this clip could not be identified", "no sound in this clip was identified with confidence")
NEAR_SILENCE = ("the clip is almost silent", "there is almost no sound in this clip")
LENGTHS = ("the clip lasts {length}",)
NO_SPEECH = ("there is no speech", "no speech was found")
NO_SPEECH_NO_MUSIC = ("there is neither speech nor music", "there is no speech and no music")
CLEAREST = ("it is clearest around {time}", "the sound is clearest around {time}")
LEVELS: dict[Level, tuple[str, ...]] = {
    "loud": ("the recording is loud", "it is loud"),
    "medium": (),
    "quiet": ("the recording is quiet", "it is quiet"),
}
SPEECH_WITH_SPEAKER = ("{who} speaks for {length}{language}", "{who} speaks{language} for {length}")
SPEECH_ALONE = ("this is {hedge}{length} of speech{language}", "{hedge}{length} of speech{language}")
OPENING_WORDS = ("it begins with “{words}”", "the first words are “{words}”")
ALL_WORDS = ("the words are “{words}”", "it says “{words}”")
WORD_COUNTS = ("the transcript has {count}", "there are {count} in the transcript")
NO_MUSIC = ("there is no music", "no music was found")


def speech_sentences(findings: ClipFindings, rng: random.Random, max_sentences: int = 4) -> list[CaptionSentence]:
    """Return two to `max_sentences` sentences: who speaks, in which language, for how long, and how it begins."""
    whole = (0.0, findings.duration)
    result = [_speaker(findings, rng), *_words(findings, rng)]
    if findings.is_music is False and not findings.music_spans:
        result.append(choose(rng, NO_MUSIC, whole))
    others = [tag for tag in _notable_sounds(findings) if tag.name not in _speech_classes() and tag.score >= MIN_POSSIBLE]
    if others:
        result.append(_other_sound(findings, others[0], rng))
    if len(result) == 1:
        result.append(choose(rng, LENGTHS, whole, length=length(findings.duration)))
    return result[:max_sentences]


def sound_sentences(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    """Return two to four sentences: which sounds there are, and that there is no speech."""
    whole = (0.0, findings.duration)
    loudness = findings.facts.loudness if findings.facts else None
    lasting = choose(rng, LENGTHS, whole, length=length(findings.duration))
    if loudness is not None and (loudness.integrated_lufs is None or loudness.integrated_lufs <= MAX_NEAR_SILENT_LUFS):
        return [choose(rng, NEAR_SILENCE, whole), lasting]
    sounds = _notable_sounds(findings)
    result = _sounds(findings, sounds, rng)
    extras = [*_moment(findings, sounds, rng), *_loud_or_quiet(findings, rng)]
    if len(result) == 1 and extras and sounds and sounds[0].score >= MIN_POSSIBLE:
        result.append(rng.choice(extras))
    result += _absence(findings, sounds, rng)
    if len(result) == 1 or rng.random() < LENGTH_RATE:
        result.append(lasting)
    return result


def _notable_sounds(findings: ClipFindings) -> list[Tag]:
    """Return the sounds that are named, surest first."""
    tags = [tag for tag in findings.top_sounds if tag.name not in ABOUT_THE_SOUND and _is_consistent(findings, tag)]
    if any(_is_kind_of_animal(tag) and tag.score >= MIN_POSSIBLE for tag in tags):
        tags = [tag for tag in tags if tag.name not in GENERIC_ANIMALS]
    return [tag for tag in tags if tag.score >= MIN_RELATIVE_SOUND_SCORE * tags[0].score][:MAX_SOUNDS] if tags else []


def _is_kind_of_animal(tag: Tag) -> bool:
    tree = class_tree()
    return tag.name in tree.names and tag.name not in GENERIC_ANIMALS and tree.index(tag.name) in tree.below(ANIMAL)


def _is_consistent(findings: ClipFindings, tag: Tag) -> bool:
    """Return whether the other measurements agree; asked of voices and music only."""
    tree = class_tree()
    if tag.name not in tree.names:
        return tag.name in SPEAKERS
    position = tree.index(tag.name)
    if position in tree.below(*SINGING_CLASSES, "Song"):
        return findings.has_vocals is True
    if position in tree.below(SPEECH):
        return findings.has_speech is True
    if position in tree.below(MUSIC) and position not in tree.below("Musical instrument"):
        return tag.name == MUSIC and findings.is_music is True
    return True


def _place(findings: ClipFindings, tag: Tag) -> Span:
    presence = findings.sound_presence((tag.name,))
    return presence.span if presence is not None and presence.span is not None else (0.0, findings.duration)


def _sounds(findings: ClipFindings, sounds: list[Tag], rng: random.Random) -> list[CaptionSentence]:
    """Return the sentence on the first sound, and one on a second."""
    if not sounds or sounds[0].score < MIN_NAMED_SOUND_SCORE:
        return [choose(rng, NO_SOUND, (0.0, findings.duration))]
    first, *others = sounds
    noun, span = sound_phrase(first.name), _place(findings, first)
    others = [tag for tag in others if tag.score >= MIN_POSSIBLE and sound_phrase(tag.name) != noun]
    certain = [sound_phrase(tag.name) for tag in others if tag.score >= MIN_CERTAIN]
    if first.score >= MIN_CERTAIN and certain and rng.random() < OVERLAY_RATE:
        return [choose(rng, MAIN_SOUND, span, sound=f"{noun} over {listed(certain)}")]
    result = [choose(rng, MAIN_SOUND, span, first.score, sound=noun)]
    return [*result, _other_sound(findings, others[0], rng)] if others else result


def _other_sound(findings: ClipFindings, tag: Tag, rng: random.Random) -> CaptionSentence:
    return choose(rng, OTHER_SOUND, _place(findings, tag), tag.score, sound=sound_phrase(tag.name))


def _absence(findings: ClipFindings, sounds: list[Tag], rng: random.Random) -> list[CaptionSentence]:
    if findings.has_speech is not False:
        return []
    has_music = bool(findings.music_spans) or any(tag.name in _music_classes() for tag in sounds)
    names_music = findings.is_music is False and not has_music and rng.random() < NO_MUSIC_RATE
    return [choose(rng, NO_SPEECH_NO_MUSIC if names_music else NO_SPEECH, (0.0, findings.duration))]


def _moment(findings: ClipFindings, sounds: list[Tag], rng: random.Random) -> list[CaptionSentence]:
    if not sounds or findings.duration < MIN_MOMENT_CLIP_SECONDS or sounds[0].score < MIN_POSSIBLE:
        return []
    span = _place(findings, sounds[0])
    if span[1] - span[0] > findings.duration / 2:
        return []
    return [choose(rng, CLEAREST, span, time=clock_time(span[0]))]


def _loud_or_quiet(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    loudness = findings.facts.loudness if findings.facts else None
    if loudness is None or loudness.integrated_lufs is None:
        return []
    templates = LEVELS[level(loudness.integrated_lufs)]
    return [choose(rng, templates, (0.0, findings.duration))] if templates else []


def _speaker(findings: ClipFindings, rng: random.Random) -> CaptionSentence:
    """Return the sentence on who speaks and for how long."""
    spans = findings.speech_spans
    span = (spans[0][0], spans[-1][1]) if spans else (0.0, findings.duration)
    seconds = length(sum(end - start for start, end in spans) or findings.duration)
    who = next((SPEAKERS[tag.name] for tag in findings.top_sounds if tag.name in SPEAKERS and tag.score >= MIN_CERTAIN), None)
    if who is not None:
        return choose(rng, SPEECH_WITH_SPEAKER, span, who=who, language=_language(findings), length=seconds)
    return choose(rng, SPEECH_ALONE, span, findings.speech_confidence, language=_language(findings), length=seconds)


def _language(findings: ClipFindings) -> str:
    """Return ' in English' or ' probably in Danish'; '' where the language is too unsure."""
    speech = findings.speech
    if speech is None or not speech.segments or speech.language_probability < MIN_PROBABLE:
        return ""
    name = WHISPER_LANGUAGES.get(speech.language, "")
    return f" {hedge(speech.language_probability)}in {name}" if name else ""


def _words(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    """Return the first words and their number, or all of a few."""
    segments = findings.speech.segments if findings.speech else ()
    words = " ".join(segment.text for segment in segments).split()
    if not words or findings.speech is None or findings.speech.language_probability < MIN_PROBABLE:
        return []
    first = (segments[0].start, segments[0].end)
    if len(words) <= MAX_QUOTED_WORDS:
        return [choose(rng, ALL_WORDS, first, words=_quotable(words))]
    span = (segments[0].start, findings.speech_spans[-1][1])
    return [
        choose(rng, OPENING_WORDS, first, words=_opening_words(words)),
        choose(rng, WORD_COUNTS, span, count=f"{len(words)} words"),
    ]


def _opening_words(words: list[str]) -> str:
    """Return the first sentence, or its first `MAX_QUOTED_WORDS` words."""
    stop = next((i + 1 for i, word in enumerate(words[:MAX_QUOTED_WORDS]) if i > 2 and word.endswith((".", "!", "?"))), 0)
    return _quotable(words[:stop]) if stop else _quotable(words[:MAX_QUOTED_WORDS]) + " …"


def _quotable(words: list[str]) -> str:
    """Return the words without quotation marks, and without marks that would end the sentence around them."""
    return re.sub(r"[“”\"{}]", "", " ".join(words)).rstrip(" .,;:!?–—-")


def _speech_classes() -> frozenset[str]:
    tree = class_tree()
    return frozenset(tree.names[i] for i in tree.below(SPEECH)) | set(SPEAKERS)


def _music_classes() -> frozenset[str]:
    tree = class_tree()
    return frozenset(tree.names[i] for i in tree.below(MUSIC))
