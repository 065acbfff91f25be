"""Offline captions: two or three sentences about a clip that say nothing that was not measured. No language model is involved.

The wording is drawn from the clip's hash: a clip always gets the same caption, and two clips hardly ever the same words.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from pipelines.description.clauses import CaptionSentence
from pipelines.description.findings import ClipFindings
from pipelines.description.music_sentences import music_sentences
from pipelines.description.sound_sentences import sound_sentences, speech_sentences
from pipelines.description.spans import Span
from pipelines.wording.grammar import sentence
from pipelines.wording.times import clock_time, length

__all__ = ["Caption", "CaptionSentence", "write_caption"]

MIN_SPEECH_SECONDS = 1.0
"""Of speech beside music from which both are told."""
UNMEASURED = (
    "Nothing was measured in this clip yet; it lasts {length}.",
    "The clip lasts {length}; nothing else is known of it yet.",
)
SPEECH_FIRST = (
    "somebody speaks from {speech}, and music plays from {music}",
    "there is speech from {speech} and music from {music}",
)
MUSIC_FIRST = (
    "music plays from {music}, and somebody speaks from {speech}",
    "there is music from {music} and speech from {speech}",
)


@dataclass(frozen=True)
class Caption:
    """A caption, sentence by sentence."""

    sentences: tuple[CaptionSentence, ...]

    @property
    def text(self) -> str:
        """All of it in one line."""
        return " ".join(sentence.text for sentence in self.sentences)


def write_caption(findings: ClipFindings, seed_text: str) -> Caption:
    """The caption of a clip; `seed_text`, its content hash, decides between ways to say the same."""
    dice = random.Random(seed_text)
    is_known = any((findings.facts, findings.music, findings.sounds, findings.speech))
    speech_seconds = sum(end - start for start, end in findings.speech_spans)
    if not is_known:
        text = dice.choice(UNMEASURED).format(length=length(findings.duration))
        return Caption((CaptionSentence(text, 0.0, findings.duration),))
    if findings.is_music and findings.is_spoken and speech_seconds >= MIN_SPEECH_SECONDS and findings.music_spans:
        return Caption((_both(findings, dice), *music_sentences(findings, dice, most=2)))
    if findings.is_music:
        return Caption(tuple(music_sentences(findings, dice)))
    if findings.is_spoken:
        return Caption(tuple(speech_sentences(findings, dice)))
    return Caption(tuple(sound_sentences(findings, dice)))


def _both(findings: ClipFindings, dice: random.Random) -> CaptionSentence:
    """When somebody speaks and when music plays."""
    speech = (findings.speech_spans[0][0], findings.speech_spans[-1][1])
    music = (findings.music_spans[0][0], findings.music_spans[-1][1])
    options = SPEECH_FIRST if speech[0] <= music[0] else MUSIC_FIRST
    text = dice.choice(options).format(speech=_from_to(speech), music=_from_to(music))
    return CaptionSentence(sentence(text), min(speech[0], music[0]), max(speech[1], music[1]))


def _from_to(span: Span) -> str:
    return f"{clock_time(span[0])} to {clock_time(span[1])}"
