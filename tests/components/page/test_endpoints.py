"""Endpoints through a real server: a cancelled call returns at once, and its work is stopped."""

from __future__ import annotations

import asyncio
import inspect
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.client import Job
from gradio_client.exceptions import AppError

import components
from components.page.endpoints import add_endpoint, cancellable
from models.errors import InvalidOption
from models.stopping import never_stop
from pipelines.jobs.stop_flags import StopFlags
from tests.components.page.steps import free_line

GUARD_SECONDS = 30.0


class Work:
    """Endpoints whose one step cannot be interrupted until `go_on` is set."""

    def __init__(self) -> None:
        self.started, self.go_on, self.ended = (threading.Event() for _ in range(3))
        self.was_stopped = False
        self.flags = StopFlags()
        self.should_stop: Callable[[], bool] = never_stop

    def step(self, should_stop: Callable[[], bool]) -> None:
        self.should_stop = should_stop
        self.started.set()
        self.go_on.wait(GUARD_SECONDS)
        self.was_stopped = should_stop()
        self.ended.set()

    def served(self) -> gr.Blocks:
        def plain(text: str, *, should_stop: Callable[[], bool]) -> str:
            """Return the text."""
            self.step(should_stop)
            return text

        def growing(text: str, *, should_stop: Callable[[], bool]) -> Iterator[str]:
            """Yield the text, once and twice."""
            yield text
            self.step(should_stop)
            yield text * 2

        def refusing(text: str, *, should_stop: Callable[[], bool]) -> str:
            """Refuse the text."""
            raise InvalidOption("text", text, "another one")

        with gr.Blocks() as blocks:
            for work in (plain, growing, refusing):
                add_endpoint(work, self.flags, free_line())
        return blocks


def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; fail after `GUARD_SECONDS`."""
    deadline = time.monotonic() + GUARD_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def client(work: Work) -> Iterator[Client]:
    blocks = work.served()
    _, address, _ = blocks.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", show_error=True)
    yield Client(address, verbose=False)
    work.go_on.set()
    blocks.close(verbose=False)


def await_event_id(job: Job) -> None:
    """Return when the client knows the id of its call, without which it cannot cancel it."""
    deadline = time.monotonic() + GUARD_SECONDS
    while job.communicator is None or job.communicator.event_id is None:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("endpoint", ["/plain", "/growing"])
def test_cancelling_returns_during_a_step_and_stops_the_work_after_it(work: Work, client: Client, endpoint: str) -> None:
    job = client.submit("a", api_name=endpoint)
    assert work.started.wait(GUARD_SECONDS)
    await_event_id(job)
    job.cancel()  # raises httpx.ReadTimeout where the server waits for the step
    assert not work.ended.is_set()
    until(work.should_stop)  # the answer to the cancelling request may come before the endpoint's coroutine is cancelled
    work.go_on.set()
    assert work.ended.wait(GUARD_SECONDS)
    assert work.was_stopped
    assert client.predict("b", api_name=endpoint) == ("b" if endpoint == "/plain" else "bb")
    assert not work.was_stopped


@pytest.mark.parametrize("endpoint", ["/plain", "/growing"])
def test_when_the_app_ends_the_work_is_stopped_and_its_caller_gets_the_result(work: Work, client: Client, endpoint: str) -> None:
    job = client.submit("a", api_name=endpoint)
    assert work.started.wait(GUARD_SECONDS)
    assert (work.flags.running, work.flags.wait_until_idle(0)) == (1, False)
    work.flags.close()
    work.go_on.set()
    assert job.result(GUARD_SECONDS) == ("a" if endpoint == "/plain" else "aa")
    assert work.was_stopped
    assert work.flags.wait_until_idle(GUARD_SECONDS)


def test_results_arrive_as_they_grow(work: Work, client: Client) -> None:
    work.go_on.set()
    job = client.submit("a", api_name="/growing")
    assert job.result(GUARD_SECONDS) == "aa"
    assert job.outputs() == ["a", "aa"]


def test_an_error_is_a_sentence(client: Client) -> None:
    with pytest.raises(AppError, match="another one"):
        client.predict("a", api_name="/refusing")


def test_callers_do_not_see_the_stop(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    for name in ("/plain", "/growing", "/refusing"):
        assert [parameter["parameter_name"] for parameter in endpoints[name]["parameters"]] == ["text"]


def test_every_endpoint_of_the_app_can_be_cancelled() -> None:
    folder = Path(components.__path__[0])
    users = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if re.search(r"\bgr\.api\(", path.read_text())}
    assert users == {"page/endpoints.py"}
    assert inspect.iscoroutinefunction(cancellable(lambda should_stop: None, StopFlags(), free_line()))


def test_a_call_starts_no_thread_in_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def plain(text: str, *, should_stop: Callable[[], bool]) -> str:
        """Return the text."""
        return text

    starters: list[int] = []
    real_start = threading.Thread.start

    def noted_start(thread: threading.Thread) -> None:
        if thread.name == "endpoint":
            starters.append(threading.get_ident())
        real_start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted_start)
    assert asyncio.run(cancellable(plain, StopFlags(), free_line())("waltz")) == "waltz"
    assert len(starters) == 1
    assert threading.get_ident() not in starters, "the loop runs in this thread"
