"""A clip in a few sentences, by the writer of one's choice, each claim in them held against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.errors import InvalidOption
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.description.claims.checking import check_claims
from pipelines.description.claims.claim import CheckedClaim
from pipelines.description.findings import ClipFindings
from pipelines.description.model_caption import (
    CaptionOptions,
    MusicDescription,
    describe_from_facts,
    describe_music,
)
from pipelines.description.template_caption import write_caption

FROM_FACTS = "facts"
"""The writer that needs no model: it puts findings into words."""


@dataclass(frozen=True)
class CheckedSentence:
    """A sentence, the part of the clip that it is about, and its claims with their verdicts."""

    text: str
    start: float
    """Seconds."""
    end: float
    claims: tuple[CheckedClaim, ...] = ()
    """In the order of the words; their characters count from the beginning of the sentence."""


@dataclass(frozen=True)
class CheckedCaption:
    """What is written so far."""

    sentences: tuple[CheckedSentence, ...] = ()
    writer: str = "Audioscope's writer, from the facts"
    licence: str = ""
    why: str = ""
    """Why this model."""
    position: float = 1.0
    """0 to 1."""
    is_piecewise: bool = False
    """Whether the sentences are about parts of the clip, one after the other; else their times are where they can be heard."""

    @property
    def text(self) -> str:
        """All sentences in one line."""
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def claims(self) -> tuple[CheckedClaim, ...]:
        """Of all sentences."""
        return tuple(claim for sentence in self.sentences for claim in sentence.claims)


def caption_clip(
    clip: AudioClip,
    findings: ClipFindings,
    options: CaptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> Iterator[CheckedCaption]:
    """Write about `clip`: one caption from the facts, or with a model a snapshot for every token.

    Args:
        clip: the sound.
        findings: what was measured in it.
        options: `model` is `FROM_FACTS`, a key of the task 'describe_music' (a model that listens), or one of 'write_text' (a
            language model that reads the facts).
        runtime: where the model is chosen and borrowed.
        should_stop: looked at for every token.

    Raises:
        InvalidOption, UnknownModel, ModelError: before anything is written.
    """
    if options.model == FROM_FACTS:
        written = write_caption(findings, clip.content_hash)
        yield CheckedCaption(tuple(_checked(s.text, s.start, s.end, findings) for s in written.sentences))
        return
    for now in _by_model(clip, findings, options, runtime, should_stop):
        sentences = tuple(_checked(s.text, s.start, s.end, findings) for s in now.sentences)
        summary = (_checked(now.summary, 0.0, clip.duration, findings),) if now.summary else ()
        yield CheckedCaption((*summary, *sentences), now.model, now.licence, now.model_reason, now.position, len(now.pieces) > 1)


def _by_model(
    clip: AudioClip,
    findings: ClipFindings,
    options: CaptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
) -> Iterator[MusicDescription]:
    if any(spec.key == options.model for spec in runtime.catalog.models("write_text")):
        if findings.facts is None or findings.music is None:
            raise InvalidOption("writer", options.model, "a model that listens, for a clip that was not measured")
        return describe_from_facts(clip, findings.facts, findings.music, options, runtime, should_stop)
    sections = findings.facts.sections if findings.facts else ()
    cuts = tuple((section.start, section.end) for section in sections)
    return describe_music(clip, options, cuts, runtime, should_stop)


def _checked(text: str, start: float, end: float, findings: ClipFindings) -> CheckedSentence:
    return CheckedSentence(text, start, end, check_claims(text, findings))
