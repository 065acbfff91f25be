"""Jobs on a cluster of two workers: as alone, in pieces, stopped, lost with a worker, and from the page."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import pytest
from gradio_client import Client, handle_file

from models.errors import AudioscopeError, UnknownModel
from models.runtime import JobGroup, ModelRuntime
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import ClipExpired
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import build_services
from settings import Settings
from tests.app_process import free_port
from tests.deploy.local_cluster import local_cluster, runtime_of
from tests.deploy.ray_jobs import duration, process_id, wait_for, waiting
from tests.recordings import EXAMPLES

pytest.importorskip("ray", reason="ray is not installed: pip install -r requirements-ray.txt")

WORKERS, MAX_QUEUED = 2, 8
OPTIONS = TranscriptionOptions(model="whisper-base-offline")


@dataclass(frozen=True)
class RunningCluster:
    """A page and two workers that take one job at a time."""

    runtime: ModelRuntime
    """As the page has it."""
    clips: ClipStore
    page: str
    """Address of the page."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningCluster]:
    from ray import serve

    from deploy.ray_serve.page import page_deployment
    from deploy.ray_serve.worker import worker_deployment

    with local_cluster():
        port = free_port()
        serve.start(http_options={"port": port})
        workers = worker_deployment.options(
            name="workers", num_replicas=WORKERS, max_ongoing_requests=1, max_queued_requests=MAX_QUEUED
        )
        serve.run(page_deployment.bind(dict.fromkeys(get_args(JobGroup), workers.bind())), name="audioscope")
        services = build_services(Settings())
        runtime = runtime_of(services, serve.get_deployment_handle("workers", "audioscope"))
        yield RunningCluster(runtime, services.clips, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def clip(cluster: RunningCluster) -> AudioClip:
    return cluster.clips.open(EXAMPLES / "speech.flac")


@pytest.fixture
def gates(tmp_path: Path) -> tuple[Path, Path, Path]:
    return tmp_path / "begun", tmp_path / "gate", tmp_path / "ended"


@pytest.mark.models
def test_the_answer_of_a_worker_is_that_of_this_process(cluster: RunningCluster, clip: AudioClip) -> None:
    alone = list(transcribe(clip, OPTIONS, replace(cluster.runtime, cluster=None)))[-1]
    for result in clip.directory.rglob("*.json"):
        if result.parent != clip.directory:
            result.unlink()
    *_, there = transcribe(clip, OPTIONS, cluster.runtime)
    assert not there.from_store
    assert there.state == "done"
    words_there, words_alone = ([word for segment in result.segments for word in segment.words] for result in (there, alone))
    assert [word.text for word in words_there] == [word.text for word in words_alone]
    # Its number of threads is another one, which changes the last digits.
    starts = [[word.start for word in words] for words in (words_there, words_alone)]
    assert starts[0] == pytest.approx(starts[1], abs=0.06)


def test_steps_arrive_while_the_job_runs(cluster: RunningCluster, gates: tuple[Path, Path, Path]) -> None:
    steps = waiting(*gates, cluster.runtime)
    first = next(steps)
    assert first != os.getpid()
    assert not gates[2].exists()
    gates[1].touch()
    assert list(steps) == [first]


def test_stop_reaches_the_worker_which_is_free_for_the_next_job(cluster: RunningCluster, gates: tuple[Path, Path, Path]) -> None:
    stopped: list[bool] = []
    steps = waiting(*gates, cluster.runtime, lambda: bool(stopped))
    next(steps)
    stopped.append(True)
    assert list(steps) == []
    wait_for(gates[2].exists)
    assert not gates[1].exists()
    assert process_id(cluster.runtime)


@pytest.mark.models
def test_a_stopped_transcription_ends_as_one_that_was_stopped_here(cluster: RunningCluster, clip: AudioClip) -> None:
    stopped: list[bool] = []
    steps = transcribe(clip, replace(OPTIONS, beam_size=9), cluster.runtime, lambda: bool(stopped))
    assert next(steps).state == "loading"
    stopped.append(True)
    assert list(steps)[-1].state == "stopped"


def test_a_killed_worker_is_a_sentence_and_the_next_job_is_done(cluster: RunningCluster, gates: tuple[Path, Path, Path]) -> None:
    steps = waiting(*gates, cluster.runtime)
    os.kill(next(steps), signal.SIGKILL)
    with pytest.raises(AudioscopeError, match="was lost: please try again"):
        next(steps)
    assert process_id(cluster.runtime)


def test_two_jobs_run_on_two_workers(cluster: RunningCluster, tmp_path: Path) -> None:
    begun = [tmp_path / f"begun-{number}" for number in range(WORKERS)]

    def job(number: int) -> int:
        # Each ends only when the other has begun.
        return list(waiting(begun[number], begun[1 - number], tmp_path / f"ended-{number}", cluster.runtime))[-1]

    with ThreadPoolExecutor(WORKERS) as people:
        assert len(set(people.map(job, range(WORKERS)))) == WORKERS


def test_a_clip_crosses_as_its_content_hash_and_an_unknown_one_is_a_sentence(cluster: RunningCluster, clip: AudioClip) -> None:
    assert duration(clip, cluster.runtime) == clip.duration
    with pytest.raises(ClipExpired, match="no longer kept here"):
        duration(replace(clip, content_hash="0" * 32), cluster.runtime)


def test_an_error_of_a_pipeline_is_the_same_sentence(cluster: RunningCluster, clip: AudioClip) -> None:
    options = replace(OPTIONS, model="whisper-of-the-sea")
    sentences = []
    for runtime in (replace(cluster.runtime, cluster=None), cluster.runtime):
        with pytest.raises(UnknownModel) as refusal:
            list(transcribe(clip, options, runtime))
        sentences.append(str(refusal.value))
    assert sentences[0] == sentences[1]


@pytest.mark.models
def test_the_page_transcribes_through_the_proxy_of_serve(cluster: RunningCluster, tmp_path: Path) -> None:
    with urllib.request.urlopen(f"{cluster.page}/healthz") as answer:
        assert answer.status == 200
    client = Client(cluster.page, verbose=False, download_files=str(tmp_path))
    result = client.predict(handle_file(EXAMPLES / "speech.flac"), model=OPTIONS.model, beam_size=2, api_name="/transcribe")
    assert "Dashwood" in result["text"]
    assert (result["state"], result["device"]) == ("done", "CPU")


def test_snapshots_without_news_are_sent_once_a_second() -> None:
    from deploy.ray_serve.worker import without_repetition

    now = Transcription(duration=1.0)
    snapshots = [replace(now, elapsed=tenths / 10) for tenths in range(25)]
    news = replace(now, state="decoding", elapsed=2.5)
    times = iter([tenths / 10 for tenths in range(1, 100)])
    sent = list(without_repetition(iter([*snapshots, news]), lambda: next(times)))
    assert sent[0] is snapshots[0]
    assert sent[-1] is news
    assert 3 <= len(sent) <= 4


def test_a_page_fetches_links_only_where_its_operator_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from deploy.ray_serve.page import page_settings

    assert not page_settings(Settings()).fetch_links
    monkeypatch.setenv("AUDIOSCOPE_FETCH_LINKS", "true")
    assert page_settings(Settings()).fetch_links
