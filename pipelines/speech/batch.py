"""A queue of recordings that are transcribed one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from models.errors import AudioscopeError
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip_store import ClipStore
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.speech.transcription import transcribe

FileState = Literal["waiting", "running", "done", "failed", "stopped"]
FINAL_STATES: Mapping[str, FileState] = {"done": "done", "stopped": "stopped"}
"""File state for each state of a transcription after which the file is no longer running."""


@dataclass(frozen=True)
class QueuedFile:
    """One file of the queue."""

    path: Path
    name: str
    state: FileState = "waiting"
    transcription: Transcription | None = None
    """What is known so far."""
    content_hash: str = ""
    """Hash of the clip that it became; '' before, and where it failed."""
    problem: str = ""
    """One sentence; '' unless the file failed."""


def transcribe_files(
    files: Sequence[QueuedFile],
    options: TranscriptionOptions,
    clips: ClipStore,
    allowed_roots: tuple[Path, ...] | None,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    keeper: str = "",
) -> Iterator[tuple[QueuedFile, ...]]:
    """Transcribe the files in order: yield the whole queue each time it changes. A file that fails does not end the run.

    Each recording is kept for the person `keeper`, who can open it with its transcript.

    Raises:
        InvalidOption, ModelError: options or a model that would fail for every file.
    """
    queue = list(files)
    yield tuple(queue)
    for index, file in enumerate(queue):
        if should_stop():
            break
        try:
            clip = clips.open(file.path, allowed_roots, file.name)
            clips.keep(clip, keeper)
        except AudioscopeError as error:
            queue[index] = replace(file, state="failed", problem=str(error))
            yield tuple(queue)
            continue
        for now in transcribe(clip, options, runtime, should_stop):
            state = FINAL_STATES.get(now.state, "running")
            queue[index] = replace(file, state=state, transcription=now, content_hash=clip.content_hash)
            yield tuple(queue)
    yield tuple(replace(file, state="stopped") if file.state == "waiting" else file for file in queue)
