"""The worker that processes recordings one after the other, with services of its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal
from uuid import uuid4

from deploy.ray_folder.files import FileUnread, FoundFile, local_file
from deploy.ray_folder.results import Results
from deploy.ray_folder.tasks import TaskOptions, run_task
from models.errors import AudioscopeError, InvalidOption, ModelError, OutOfMemory
from pipelines.clip.clip_store import ClipStore
from pipelines.storage.opening import open_storage
from pipelines.storage.storage import StorageFailed, StoragePackageMissing
from services import Services, build_services
from settings import Settings

MAX_DEATHS = 3
"""Processes that a recording may end before it is given up."""
MAX_REFUSALS = 10
"""Recordings in a row that the place where they lie may refuse before the run ends: it is down, not they."""
WORKER_FEATURE_BYTES = 10**8
"""Size of the store of features: each recording is processed once."""
FATAL = (ModelError, InvalidOption, StorageFailed, StoragePackageMissing)
"""Errors that every recording would have, beside OutOfMemory, which is that of long ones."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FolderRun:
    """What a run does."""

    folder: str
    """Path or address."""
    output: str
    """Path or address."""
    options: TaskOptions


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    state: Literal["done", "failed", "unread", "known", "known failed", "fatal"]
    problem: str = ""
    """One sentence; '' where there is none."""


class FolderWorker:
    """Services that are built once, for many recordings."""

    def __init__(self, run: FolderRun, settings: Settings) -> None:
        self._run = run
        self._source = open_storage(run.folder)
        self._results = Results(open_storage(run.output), repr(run.options))
        self._services = _worker_services(settings)
        self._refusals = 0

    def process(self, file: FoundFile) -> Outcome:
        """Process one file and write its line, unless an earlier run did."""
        try:
            known = self._results.known(file)
            if known:
                return Outcome("known" if known == "done" else "known failed")
            with self._results.attempt(file) as deaths:
                if deaths >= MAX_DEATHS:
                    return self._problem("failed", file, f"This recording ended {deaths} processes that worked on it.")
                return self._process(file)
        except FATAL as error:
            return Outcome("fatal", str(error))

    def _process(self, file: FoundFile) -> Outcome:
        try:
            with local_file(self._source, file) as path:
                clips, keeper = self._services.clips, uuid4().hex
                clip = clips.open(path, name=PurePosixPath(file.name).name)
                clips.keep(clip, keeper)
                try:
                    found = run_task(self._services, clip, self._run.options)
                finally:
                    clips.release(clip.content_hash, keeper)
        except FileUnread as error:
            return self._problem("unread", file, str(error))
        except StorageFailed as error:
            self._refusals += 1
            if self._refusals == MAX_REFUSALS:
                raise
            return self._problem("unread", file, str(error))
        except AudioscopeError as error:
            if isinstance(error, FATAL) and not isinstance(error, OutOfMemory):
                raise
            return self._problem("failed", file, str(error))
        except Exception as error:
            log.exception("Unexpected error with %r", file.name)
            return self._problem("failed", file, f"Unexpected error: {type(error).__name__}: {error}")
        self._refusals = 0
        facts = {"content_hash": clip.content_hash, "duration": clip.duration, "clip_notes": list(clip.notes)}
        self._results.write("done", file, {**facts, "result": found})
        return Outcome("done")

    def _problem(self, state: Literal["failed", "unread"], file: FoundFile, problem: str) -> Outcome:
        self._results.write(state, file, {"problem": problem})
        return Outcome(state, problem)


def _worker_services(settings: Settings) -> Services:
    """Build services with clips in a folder of their own, which a later sweep removes if this process is killed."""
    ClipStore(settings.clip_dir, max_age_seconds=settings.clip_age_seconds).sweep()
    own = {
        "clip_dir": settings.clip_dir / f"worker-{uuid4().hex}",
        "clip_storage": "",
        "feature_store_bytes": min(settings.feature_store_bytes, WORKER_FEATURE_BYTES),
    }
    return build_services(settings.model_copy(update=own))
