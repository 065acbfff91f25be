"""A run on a Ray cluster: files are listed as they are needed, and workers are actors of Ray Data."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
import ray.data
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from deploy.ray_folder.files import FoundFile, list_recordings
from deploy.ray_folder.worker import FolderRun, FolderWorker, Outcome
from models.errors import AudioscopeError
from pipelines.storage.opening import open_storage
from settings import Settings

log = logging.getLogger(__name__)

BLOCK_BYTES = 1024
"""Size of the blocks of the list: some ten recordings, which one worker takes at once."""


class NoCluster(AudioscopeError):
    """Ray cannot be reached or started."""

    def __init__(self) -> None:
        super().__init__("No Ray cluster could be used: check RAY_ADDRESS and RAY_AUTH_TOKEN; the lines above say why.")


@dataclass(frozen=True)
class WorkerPool:
    """Number of workers, and what each takes of the cluster."""

    workers: int
    cpus: float
    gpus: float


@contextmanager
def connected(workers: int | None, cpus: float, gpus: float | None) -> Iterator[WorkerPool]:
    """Connect to the cluster that RAY_ADDRESS names or that runs on this machine, else start one here, for the block.

    Args:
        workers: None for as many as there is room for.
        cpus: of each worker.
        gpus: of each worker; None for one where the cluster has any.

    Raises:
        NoCluster: it does not answer, or refuses.
    """
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    try:
        ray.init(log_to_driver=False)
    except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
        log.error("Ray: %s", error)
        raise NoCluster from error
    try:
        there = ray.cluster_resources()
        gpus = float("GPU" in there) if gpus is None else gpus
        room = there.get("GPU", 0.0) / gpus if gpus else there["CPU"] / cpus
        yield WorkerPool(workers or max(1, int(room)), cpus, gpus)
    finally:
        ray.shutdown()


class RecordingList(Datasource):  # type: ignore[misc]  # Ray is optional, and not checked
    """The recordings of a folder, for Ray Data."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def get_name(self) -> str:
        """Return the name in Ray's messages."""
        return "Recordings"

    def estimate_inmemory_data_size(self) -> int | None:
        """Return None: the number of files is not known before they are listed."""
        return None

    def get_read_tasks(self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None) -> list[ReadTask]:
        """Return one task, a generator that Ray pauses while the workers are busy."""
        folder = self._folder

        def read() -> Iterator[Any]:
            for file in list_recordings(open_storage(folder)):
                yield _block(file)

        return [ReadTask(read, BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None))]


def _block(file: FoundFile) -> Any:
    import pyarrow

    return pyarrow.table({"name": [os.fsencode(file.name)], "version": [file.version], "problem": [file.problem]})


class FolderActor:
    """A `FolderWorker` as Ray Data calls it."""

    def __init__(self, run: FolderRun, settings: Settings) -> None:
        logging.basicConfig(level=logging.WARNING)
        self._worker = FolderWorker(run, settings)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Process the file of one row."""
        file = FoundFile(os.fsdecode(row["name"]), row["version"], row["problem"])
        outcome = self._worker.process(file)
        return {"name": row["name"], "state": outcome.state, "problem": outcome.problem}


def outcomes(run: FolderRun, settings: Settings, pool: WorkerPool) -> Iterator[tuple[str, Outcome]]:
    """Process the folder; yield each file's name and outcome, some at a time."""
    context = ray.data.DataContext.get_current()
    context.target_max_block_size, context.target_min_block_size = BLOCK_BYTES, 0
    context.enable_progress_bars = False
    # The list takes no CPU, as it would wait for ever where workers have all; what takes none is not fused with the workers.
    files = ray.data.read_datasource(RecordingList(run.folder), num_cpus=0)
    done = files.map(
        FolderActor,
        fn_constructor_args=(run, settings),
        compute=ray.data.ActorPoolStrategy(size=pool.workers),
        num_cpus=pool.cpus,
        num_gpus=pool.gpus,
    )
    try:
        for batch in done.iter_batches(batch_size=None, prefetch_batches=0):
            for name, state, problem in zip(batch["name"], batch["state"], batch["problem"], strict=True):
                yield os.fsdecode(name), Outcome(str(state), str(problem))  # type: ignore[arg-type]
    except ray.exceptions.RayError as error:
        log.error("Ray ended the run.", exc_info=error)
        yield "", Outcome("fatal", f"Ray ended the run ({type(error).__name__}): the lines above and its logs say why.")


def summary(counts: Counter[str]) -> str:
    """Return one line about a run."""
    known = counts["known"] + counts["known failed"]
    parts = [f"{counts['done']:,} done", f"{counts['failed'] + counts['known failed']:,} failed", f"{counts['unread']:,} unread"]
    return f"{counts.total():,} recordings: {', '.join(parts)}, {known:,} of an earlier run."
