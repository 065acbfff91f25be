"""Weights on the Hugging Face hub: is it within reach, what is already here, and the download of a locked commit."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

from models.errors import ModelUnavailable, disk_error
from models.files.bounded_download import EndlessDownload, bounded_progress
from models.files.checkpoint_parts import INDEX_FILE, shards_of
from models.files.hub_lock import HubLock
from models.specs.model_spec import HubSource, ModelSpec

PROBE_TIMEOUT_SECONDS = 2.0
PROBE_INTERVAL_SECONDS = 60.0
COMMIT = re.compile(r"[0-9a-f]{40}")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HubState:
    """Result of the last probe of the hub."""

    reachable: bool
    words: str
    """Whether it can be reached, or why not: a main clause without its full stop, for the page."""


class HubWeights:
    """One hub endpoint with its local cache folder."""

    def __init__(
        self,
        lock: HubLock,
        endpoint: str | None = None,
        cache_dir: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = lock
        self._endpoint = endpoint
        self._cache_dir = cache_dir
        self._clock = clock
        self._probing = threading.Lock()
        self._looked_at: float | None = None
        self._state = HubState(False, "the model hub was not asked yet")

    def last_state(self) -> HubState:
        """Return the result of the last probe, without asking the hub."""
        return self._state

    def state(self) -> HubState:
        """Return whether the hub answers; asked at most once a minute, and given up after one short time-out."""
        with self._probing:
            if self._looked_at is None or self._clock() - self._looked_at >= PROBE_INTERVAL_SECONDS:
                self._state = self._probe()
                self._looked_at = self._clock()
            return self._state

    def local_directory(self, source: HubSource) -> Path | None:
        """Return the folder of the complete wanted commit; without one, of what the hub's cache has of the branch."""
        import huggingface_hub

        try:
            directory = Path(
                huggingface_hub.snapshot_download(
                    source.repository,
                    revision=self._wanted_commit(source) or source.revision or None,
                    allow_patterns=list(source.files) or None,
                    cache_dir=self._cache_dir,
                    local_files_only=True,
                )
            )
        except (FileNotFoundError, ValueError):
            return None
        complete = not self._missing_files(directory, source) and _has_all_shards(directory, source)
        return directory if complete and any(directory.iterdir()) else None

    def fetch(self, spec: ModelSpec, source: HubSource) -> tuple[Path, str]:
        """Return (directory, commit) of the model, downloaded if it is not here; locks the commit at the first time.

        Raises:
            ModelUnavailable: not here, and the hub does not answer, or does not have it or one of its files.
        """
        directory = self.local_directory(source)
        if directory is None:
            directory = self._download(spec, source)
        commit = directory.name
        files = {*self._lock.files(source.repository), *_file_names(directory)}
        if files != set(self._lock.files(source.repository)):
            self._lock.write(source.repository, commit, tuple(files))
        return directory, commit

    def latest_commit(self, repository: str, revision: str = "") -> str:
        """Return the commit at the head of `revision`, or of the repository's main branch, asked from the hub."""
        import huggingface_hub

        info = huggingface_hub.HfApi(endpoint=self._endpoint).model_info(repository, revision=revision or None, timeout=10.0)
        if info.sha is None:
            raise ModelUnavailable(repository, "the hub names no commit for it")
        return str(info.sha)

    def _download(self, spec: ModelSpec, source: HubSource) -> Path:
        state = self.state()
        if not state.reachable:
            raise ModelUnavailable(spec.title, state.words)
        import huggingface_hub

        try:
            commit = self._wanted_commit(source) or self.latest_commit(source.repository, source.revision)
            download = partial(
                huggingface_hub.snapshot_download,
                source.repository,
                revision=commit,
                cache_dir=self._cache_dir,
                endpoint=self._endpoint,
                tqdm_class=bounded_progress(),
            )
            directory = Path(download(allow_patterns=list(source.files) or None))
            if source.weight_prefix:
                download(allow_patterns=list(shards_of(directory / INDEX_FILE, source.weight_prefix)))
        except EndlessDownload:
            raise ModelUnavailable(spec.title, "the hub breaks its download off again and again") from None
        except Exception as error:
            log.warning("%s could not be downloaded.", source.repository, exc_info=error)
            raise disk_error(error) or ModelUnavailable(spec.title, f"its download failed: {type(error).__name__}") from error
        if missing := self._missing_files(directory, source):
            raise ModelUnavailable(spec.title, f"commit {commit[:7]} of {source.repository} lacks {', '.join(missing)}")
        return directory

    def _wanted_commit(self, source: HubSource) -> str | None:
        """Return the commit that the catalogue or else the lock file names, or None."""
        return source.revision if COMMIT.fullmatch(source.revision) else self._lock.commit(source.repository)

    def _missing_files(self, directory: Path, source: HubSource) -> list[str]:
        """Return the files without which no loader opens the model and which `directory` lacks."""
        named = (name for name in source.files if not set(name) & set("*?["))
        return sorted({name for name in (*self._locked_files(source), *named) if not (directory / name).exists()})

    def _locked_files(self, source: HubSource) -> list[str]:
        """Return the files of earlier downloads from this repository that are wanted now."""
        return [name for name in self._lock.files(source.repository) if _is_wanted(name, source)]

    def _probe(self) -> HubState:
        import httpx
        from huggingface_hub import constants

        if constants.HF_HUB_OFFLINE:
            return HubState(False, "the model hub is switched off by HF_HUB_OFFLINE")
        try:
            httpx.head(self._endpoint or constants.ENDPOINT, timeout=PROBE_TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            log.info("The model hub cannot be reached: %s", error)
            return HubState(False, "the model hub cannot be reached")
        return HubState(True, "the model hub can be reached")


def _file_names(directory: Path) -> tuple[str, ...]:
    return tuple(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def _is_wanted(name: str, source: HubSource) -> bool:
    return not source.files or any(fnmatch(name, pattern) for pattern in source.files)


def _has_all_shards(directory: Path, source: HubSource) -> bool:
    """Return whether every wanted shard that an index names lies beside it."""
    for index in directory.rglob("*.safetensors.index.json"):
        folder = index.parent.relative_to(directory)
        if not _is_wanted((folder / index.name).as_posix(), source):
            continue
        for shard in shards_of(index, source.weight_prefix):
            wanted = source.weight_prefix or _is_wanted((folder / shard).as_posix(), source)
            if wanted and not (index.parent / shard).exists():
                return False
    return True
