"""A worker may die, hang, grow or go wild: its job gets a sentence, and the next one is served."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from models.errors import InvalidOption, JobStopped
from pipelines.clip.errors import EmptyClip
from pipelines.isolation.confinement import MAX_MEMORY_BYTES, MAX_OPEN_FILES
from pipelines.isolation.errors import WorkerFailed
from pipelines.isolation.file_readers import COMMAND, ROOT, FileReaders
from pipelines.isolation.frames import Kind, write_frame
from pipelines.isolation.isolation import NoIsolation
from tests.pipelines.isolation import jobs

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")


@pytest.fixture(scope="module")
def pool() -> Iterator[FileReaders]:
    workers = FileReaders(1)
    yield workers
    workers.close()


def test_results_come_back_whole_and_one_by_one(pool: FileReaders) -> None:
    assert pool.run(jobs.double, 21) == b"42"
    assert list(pool.stream(jobs.count, 3)) == [b"\0", b"\1", b"\2"]
    assert pool.run(jobs.print_loudly) == b"result"


def test_results_are_the_same_without_workers(pool: FileReaders) -> None:
    here = NoIsolation()
    assert here.run(jobs.double, 21) == pool.run(jobs.double, 21)
    assert list(here.stream(jobs.count, 3)) == list(pool.stream(jobs.count, 3))


def test_a_death_is_the_error_of_one_job(pool: FileReaders) -> None:
    with pytest.raises(WorkerFailed):
        pool.run(jobs.kill_itself)
    assert pool.run(jobs.double, 1) == b"2"


def test_a_worker_that_hangs_is_ended_and_one_that_works_is_not() -> None:
    workers = FileReaders(1, max_silence_seconds=3.0)
    with pytest.raises(WorkerFailed):
        workers.run(jobs.hang)
    assert workers.run(jobs.work_with_beats, 3.5) == b"done"
    workers.close()


def test_stop_ends_a_job_at_once_and_one_that_waits(pool: FileReaders) -> None:
    with pytest.raises(JobStopped):
        pool.run(jobs.hang, should_stop=lambda: True)
    held = pool.stream(jobs.count, 2)
    assert next(held) == b"\0"
    with pytest.raises(JobStopped):
        pool.run(jobs.double, 1, should_stop=lambda: True)
    assert list(held) == [b"\1"]


def test_tidying_up_leaves_two_idle_workers_those_that_worked_last() -> None:
    workers = FileReaders(3)
    with ExitStack() as crowd:
        for _ in range(3):
            results = workers.stream(jobs.count, 1)
            assert next(results) == b"\0"
            crowd.callback(list, results)
    processes = [worker._process for worker in workers._idle]
    assert [process.poll() for process in processes] == [None] * 3
    workers.tidy()
    assert [process.poll() is None for process in processes] == [False, True, True]
    assert len({workers.run(jobs.process_id) for _ in range(3)}) == 1
    workers.close()


def test_a_job_that_is_not_read_to_its_end_leaves_no_process_behind(pool: FileReaders) -> None:
    before = pool.run(jobs.process_id)
    assert pool.run(jobs.process_id) == before
    results = pool.stream(jobs.count, 200)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert pool.run(jobs.process_id) != before
    with pytest.raises(ProcessLookupError):
        os.kill(int(before), 0)


@ON_LINUX
def test_limits_hold(pool: FileReaders, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkerFailed):
        pool.run(jobs.take_memory, MAX_MEMORY_BYTES)
    with pytest.raises(OSError, match="open files"):
        pool.run(jobs.open_files, tmp_path / "file", MAX_OPEN_FILES)
    with pytest.raises(OSError, match="not permitted"):
        pool.run(jobs.reach_network)
    with pytest.raises(OSError, match="not permitted"):
        pool.run(jobs.start_program)
    assert pool.run(jobs.double, 3) == b"6"


def test_errors_arrive_as_what_they_are(pool: FileReaders) -> None:
    with pytest.raises(EmptyClip, match="empty"):
        pool.run(jobs.raise_own)
    with pytest.raises(InvalidOption, match="part"):
        pool.run(jobs.raise_option)
    with pytest.raises(OSError, match="No space left") as full:
        pool.run(jobs.raise_full_disk)
    assert full.value.errno == 28
    with pytest.raises(RuntimeError, match="ZeroDivisionError: a bug of ours"):
        pool.run(jobs.raise_bug)
    assert pool.run(jobs.double, 4) == b"8"


def test_many_jobs_share_few_workers() -> None:
    workers, ids = FileReaders(2), []

    def job() -> None:
        ids.append(workers.run(jobs.process_id))

    threads = [threading.Thread(target=job) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    workers.close()
    assert len(ids) == 8
    assert len(set(ids)) <= 2


def test_a_copy_in_another_process_has_its_own_workers(pool: FileReaders) -> None:
    copy = pickle.loads(pickle.dumps(pool))
    assert copy.run(jobs.process_id) != pool.run(jobs.process_id)
    copy.close()


def test_a_worker_ends_with_the_server_also_in_the_midst_of_a_job() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as worker:
        assert worker.stdin
        write_frame(worker.stdin, Kind.CALL, pickle.dumps((jobs.work_with_beats, (3600.0,))))  # type: ignore[arg-type]
        worker.stdin.close()
        assert worker.wait(10) == 0


def test_workers_end_with_their_pool() -> None:
    readers = FileReaders(1)
    worker = psutil.Process(int(readers.run(jobs.process_id)))
    del readers
    gc.collect()
    assert worker.wait(10) is None or not worker.is_running()
