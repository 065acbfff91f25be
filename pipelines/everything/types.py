"""Subjects of a whole analysis, its options and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from models.errors import InvalidOption
from pipelines.description.description import ClipDescription, DescriptionOptions
from pipelines.description.findings import ClipFindings
from pipelines.description.model_caption import CaptionOptions
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.map import EmbeddingMap, MapOptions
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import LEFT_OUT, Result
from pipelines.notes.notes import NoteOptions, NoteTranscription
from pipelines.pictures.options import Drawing, PictureOptions
from pipelines.speech.transcript import Transcription, TranscriptionOptions

Subject = Literal["speech", "description", "notes", "embeddings", "picture"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)
"""In the order of the work: the description uses the transcript, the notes use beats and key of the description."""
NO_SPEECH, NO_MUSIC = "There is no speech in this clip.", "There is no music in this clip."


@dataclass(frozen=True)
class EverythingOptions:
    """What is wanted, and the options of each subject, which are those of its own pipeline."""

    subjects: tuple[Subject, ...] = SUBJECTS
    transcription: TranscriptionOptions = field(default_factory=TranscriptionOptions)
    description: DescriptionOptions = field(default_factory=lambda: DescriptionOptions(caption=CaptionOptions()))
    notes: NoteOptions = field(default_factory=NoteOptions)
    embedding: EmbeddingOptions = field(default_factory=EmbeddingOptions)
    map: MapOptions = field(default_factory=MapOptions)
    picture: PictureOptions = field(default_factory=lambda: PictureOptions(preview_every=0))

    def check(self) -> None:
        """Raise InvalidOption for a subject that does not exist, and where there is none."""
        if not self.subjects:
            raise InvalidOption("subjects", "nothing", f"one or more of {', '.join(SUBJECTS)}")
        for subject in self.subjects:
            if subject not in SUBJECTS:
                raise InvalidOption("subject", subject, ", ".join(SUBJECTS))


@dataclass(frozen=True)
class LeftOutSubject(Result):
    """A subject without a result."""

    subject: Subject
    reason: str
    """One sentence for people."""
    is_failure: bool = False
    """Whether it was tried; False where it does not fit the clip."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EverythingFound(ModelUse):
    """A snapshot of a whole analysis; the last one of a run is the result. `model` names all models in the order of their use."""

    duration: float
    """Duration of the clip in seconds."""
    subject: Subject | None = None
    """The subject at work; None while it is found out what fits, and at the end."""
    position: float = 0.0
    """Progress of the whole work, 0 to 1."""
    left_out: tuple[LeftOutSubject, ...] = ()
    speech: Transcription | None = None
    description: ClipDescription | None = None
    notes: NoteTranscription | None = None
    embedding: ClipEmbedding | None = field(default=None, metadata=LEFT_OUT)
    embedding_map: EmbeddingMap | None = None
    picture: Drawing | None = None
    state: Literal["analysing", "done", "stopped"] = "analysing"


def fitting_subjects(
    findings: ClipFindings, wanted: tuple[Subject, ...]
) -> tuple[tuple[Subject, ...], tuple[LeftOutSubject, ...]]:
    """Return the subjects that fit a clip, in the order of the work, and those that do not.

    Speech is looked for unless the tags exclude both speech and singing; notes, unless they exclude music.
    """
    left_out = []
    if findings.has_speech is False and findings.has_vocals is False:
        left_out.append(LeftOutSubject("speech", NO_SPEECH))
    if findings.is_music is False:
        left_out.append(LeftOutSubject("notes", NO_MUSIC))
    missing = {one.subject for one in left_out}
    fitting = tuple(subject for subject in SUBJECTS if subject in wanted and subject not in missing)
    return fitting, tuple(one for one in left_out if one.subject in wanted)
