"""Offline captions: two to four sentences from the measurements of a clip, without a language model.

The wording is drawn with the clip's hash as seed: a clip always gets the same caption.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from pipelines.clip.chunking import Span
from pipelines.description.caption_sentence import CaptionSentence, choose
from pipelines.description.findings import ClipFindings
from pipelines.description.music_sentences import music_sentences
from pipelines.description.sound_sentences import sound_sentences, speech_sentences
from pipelines.jobs.result import Result
from pipelines.wording.times import clock_time, length

__all__ = ["Caption", "CaptionSentence", "write_caption"]

MIN_SPEECH_SECONDS = 1.0
"""Duration of the speech beside music from which the caption names both."""
MAX_MUSIC_SENTENCES = 3
"""Maximum number of sentences on the music of a clip that also has speech."""
UNMEASURED = (
    "Nothing has been measured in this clip yet; it lasts {length}.",
    "The clip lasts {length}; nothing else has been measured yet.",
)
SPEECH_AND_MUSIC = (
    ("there is speech from {speech} and music from {music}",),
    ("there is music from {music} and speech from {speech}",),
)
"""Templates for speech that begins first, and for music that does."""


@dataclass(frozen=True)
class Caption(Result):
    """A caption, sentence by sentence."""

    sentences: tuple[CaptionSentence, ...]

    @property
    def text(self) -> str:
        """All of it in one line."""
        return " ".join(sentence.text for sentence in self.sentences)


def write_caption(findings: ClipFindings, seed_text: str) -> Caption:
    """Return the caption of a clip; `seed_text`, its content hash, decides between templates."""
    rng = random.Random(seed_text)
    has_findings = any((findings.facts, findings.music, findings.sounds, findings.speech))
    speech_seconds = sum(end - start for start, end in findings.speech_spans)
    if not has_findings:
        text = rng.choice(UNMEASURED).format(length=length(findings.duration))
        return Caption((CaptionSentence(text, 0.0, findings.duration),))
    if findings.is_music and findings.has_speech and speech_seconds >= MIN_SPEECH_SECONDS and findings.music_spans:
        return Caption((_both(findings, rng), *music_sentences(findings, rng, MAX_MUSIC_SENTENCES)))
    if findings.is_music:
        return Caption(tuple(music_sentences(findings, rng)))
    if findings.has_speech:
        return Caption(tuple(speech_sentences(findings, rng)))
    return Caption(tuple(sound_sentences(findings, rng)))


def _both(findings: ClipFindings, rng: random.Random) -> CaptionSentence:
    """Return the sentence on when there is speech and when music."""
    speech = (findings.speech_spans[0][0], findings.speech_spans[-1][1])
    music = (findings.music_spans[0][0], findings.music_spans[-1][1])
    templates = SPEECH_AND_MUSIC[speech[0] > music[0]]
    span = min(speech[0], music[0]), max(speech[1], music[1])
    return choose(rng, templates, span, speech=_from_to(speech), music=_from_to(music))


def _from_to(span: Span) -> str:
    return f"{clock_time(span[0])} to {clock_time(span[1])}"
