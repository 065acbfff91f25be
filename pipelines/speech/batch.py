"""Several recordings, one after the other: what waits, what is being written down, what is done, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

from models.errors import AudioscopeError
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip, ClipStore
from pipelines.speech.transcription import Transcription, TranscriptionOptions, transcribe

FileState = Literal["waiting", "running", "done", "failed", "stopped"]
ENDS: Mapping[str, FileState] = {"done": "done", "stopped": "stopped"}
"""States of a transcription after which a file is no longer running."""


@dataclass(frozen=True)
class QueuedFile:
    """One line of the queue."""

    path: Path
    name: str
    state: FileState = "waiting"
    transcription: Transcription | None = None
    """What is known so far."""
    problem: str = ""
    """One sentence, of a file that failed."""


def transcribe_files(
    files: Sequence[QueuedFile],
    options: TranscriptionOptions,
    clips: ClipStore,
    allowed_roots: tuple[Path, ...] | None,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> Iterator[tuple[QueuedFile, ...]]:
    """The whole queue, again and again as it changes; a file that fails does not keep the next one waiting.

    A recording is forgotten when it is written down, unless it is in somebody's history.

    Raises:
        InvalidOption, ModelError: the options or the model, which would fail for every file alike.
    """
    queue = list(files)
    keeper = uuid4().hex
    yield tuple(queue)
    for index, file in enumerate(queue):
        if should_stop():
            break
        try:
            clip = clips.open(file.path, allowed_roots, file.name)
        except AudioscopeError as error:
            queue[index] = replace(file, state="failed", problem=str(error))
            yield tuple(queue)
            continue
        with _kept(clips, clip, keeper):
            for now in transcribe(clip, options, runtime, should_stop):
                queue[index] = replace(file, state=ENDS.get(now.state, "running"), transcription=now)
                yield tuple(queue)
    yield tuple(replace(file, state="stopped") if file.state == "waiting" else file for file in queue)


@contextmanager
def _kept(clips: ClipStore, clip: AudioClip, keeper: str) -> Iterator[None]:
    """Holds the clip while it is worked on."""
    clips.keep(clip, keeper)
    try:
        yield
    finally:
        clips.let_go(clip.content_hash, keeper)
