"""What a bundle brings back: the results of all tabs, and how each is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipelines.bundle.errors import BundleRefused
from pipelines.bundle.storyboards import StoryboardRecord
from pipelines.bundle.values import check_size, check_values
from pipelines.description.description import ClipDescription
from pipelines.description.findings import ClipFindings
from pipelines.embeddings.colouring import ClipAnalyses
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.encoders.base import TokenKind
from pipelines.embeddings.map import EmbeddingMap
from pipelines.film.storyboard_types import Storyboard
from pipelines.jobs.model_use import ModelUse
from pipelines.notes.notes import NoteTranscription
from pipelines.questions.label_matching import MatchedLabels
from pipelines.speech.edits.versions import TranscriptVersion
from pipelines.tagging.zero_shot import LabelScores

Found = TypeVar("Found")


@dataclass(frozen=True)
class AskedQuestion:
    """A question with its answer."""

    question: str
    answer: str
    by: str
    """What answered, in words."""
    spans: tuple[tuple[float, float], ...] = ()
    """Places of the clip that show it, in seconds."""


@dataclass(frozen=True, eq=False)
class BundledMap:
    """An embedding of the clip with its map."""

    embedding: ClipEmbedding
    map: EmbeddingMap
    options: EmbeddingOptions
    colour: str
    """Key of the colouring."""
    analyses: ClipAnalyses


@dataclass(frozen=True, eq=False)
class EmbeddingRecord:
    """What a bundle holds of a `BundledMap` beside the frames."""

    encoder: str
    layer: str
    frame_seconds: float
    kinds: tuple[TokenKind, ...]
    use: ModelUse
    map: EmbeddingMap
    options: EmbeddingOptions
    colour: str
    analyses: ClipAnalyses


@dataclass(frozen=True, eq=False)
class OwnWords:
    """How well words that a person wrote fit the clip: one of both, as `find_words` answers."""

    scores: LabelScores | None = None
    matches: MatchedLabels | None = None


@dataclass(frozen=True)
class BundledPicture:
    """A picture as a PNG file with its settings inside."""

    content: bytes
    seed: int
    words: str
    """What it shows, for those who do not see it."""
    start: float
    end: float
    """Seconds of the clip that were drawn."""


@dataclass(frozen=True)
class PictureRecord:
    """What a bundle says of a picture beside its file."""

    file: str
    seed: int
    words: str
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class BundleContents:
    """The results for one clip; None and () where there is none."""

    transcript: TranscriptVersion | None = None
    description: ClipDescription | None = None
    notes: NoteTranscription | None = None
    questions: tuple[AskedQuestion, ...] = ()
    own_words: OwnWords | None = None
    pictures: tuple[BundledPicture, ...] = ()
    storyboard: Storyboard | None = None
    map: BundledMap | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no result at all."""
        return not any(getattr(self, field.name) for field in fields(self))

    def findings(self, duration: float) -> ClipFindings:
        """Return what was measured of a clip of `duration` seconds."""
        measured = self.description.findings if self.description else ClipFindings(duration)
        speech = self.transcript.transcription if self.transcript else measured.speech
        return ClipFindings(duration, measured.facts, measured.music, measured.sounds, speech)


TRANSCRIPT, DESCRIPTION, NOTES = "results/transcript.json", "results/description.json", "results/notes.json"
QUESTIONS, PICTURES, EMBEDDING = "results/questions.json", "results/pictures.json", "results/embedding.json"
OWN_WORDS, STORYBOARD = "results/own_words.json", "results/storyboard.json"
RESULTS: Mapping[str, TypeAdapter[Any]] = {
    TRANSCRIPT: TypeAdapter(TranscriptVersion),
    DESCRIPTION: TypeAdapter(ClipDescription),
    NOTES: TypeAdapter(NoteTranscription),
    QUESTIONS: TypeAdapter(tuple[AskedQuestion, ...]),
    OWN_WORDS: TypeAdapter(OwnWords),
    PICTURES: TypeAdapter(tuple[PictureRecord, ...]),
    STORYBOARD: TypeAdapter(StoryboardRecord),
    EMBEDDING: TypeAdapter(EmbeddingRecord),
}
"""Entries with results, and their types."""


def write_result(name: str, result: object) -> bytes:
    """Return the content of an entry of `RESULTS`."""
    return RESULTS[name].dump_json(result)


def read_result(name: str, content: bytes) -> Any:
    """Return the result that an entry of `RESULTS` holds.

    Raises:
        BundleRefused: it is damaged, has values of other types, or such as no result has.
    """
    check_size(content, name)
    try:
        found = RESULTS[name].validate_json(content, strict=True)
    except ValidationError:
        raise BundleRefused(f"the results in {name} are damaged") from None
    check_values(found, name)
    return found
