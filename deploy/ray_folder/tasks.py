"""What can be done with each recording of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from models.errors import InvalidOption
from models.specs.model_spec import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.description.description import DescriptionOptions, describe_clip
from pipelines.embeddings.clip_library import clip_vectors
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import Services


@dataclass(frozen=True)
class TaskOptions:
    """A task and its options; their text is part of the names of results."""

    task: str
    model: str = AUTO
    language: str | None = None
    """ISO 639 code of the speech; None to detect it."""

    def __post_init__(self) -> None:
        """Raise InvalidOption for a task that does not exist, or an option that the task does not have."""
        if self.task not in TASKS:
            raise InvalidOption("task", self.task, ", ".join(TASKS))
        if self.language is not None and self.task != "transcribe":
            raise InvalidOption("language", self.language, "a value for the task transcribe only")


class Task(Protocol):
    """What makes a document, as JSON values, of a recording."""

    def __call__(self, services: Services, clip: AudioClip, options: TaskOptions) -> dict[str, Any]:
        """Return the document."""


def run_task(services: Services, clip: AudioClip, options: TaskOptions) -> dict[str, Any]:
    """Return the result as JSON values.

    Raises:
        AudioscopeError: of the pipeline.
    """
    return TASKS[options.task](services, clip, options)


def _transcribe(services: Services, clip: AudioClip, options: TaskOptions) -> dict[str, Any]:
    found = _last(transcribe(clip, TranscriptionOptions(model=options.model, language=options.language), services.runtime))
    return _document(found)


def _describe(services: Services, clip: AudioClip, options: TaskOptions) -> dict[str, Any]:
    return _document(_last(describe_clip(clip, DescriptionOptions(sound_model=options.model), services.runtime)))


def _embed(services: Services, clip: AudioClip, options: TaskOptions) -> dict[str, Any]:
    progress = _last(embed_clip(clip, EmbeddingOptions(options.model), services.runtime))
    embedding = progress.embedding
    assert embedding is not None
    vector = clip_vectors(embedding).vectors[0]
    return {"encoder": embedding.encoder.key, "layer": embedding.layer, "model": embedding.model, "vector": vector.tolist()}


TASKS: Mapping[str, Task] = {"transcribe": _transcribe, "describe": _describe, "embed": _embed}


def _last(snapshots: Iterator[Any]) -> Any:
    """Return the last snapshot of a job, which has the result."""
    *_, last = snapshots
    return last


def _document(found: Any) -> dict[str, Any]:
    document: dict[str, Any] = found.to_dict()
    return document
