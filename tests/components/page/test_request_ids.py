"""One id in the sentence, the log and the answer's header, whatever thread or context the code runs in."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from components.page.endpoints import add_endpoint
from components.page.server.request_ids import HEADER, identified, identify_requests
from components.page.user_errors import report_errors
from models.errors import InvalidOption
from pipelines.clip.errors import EmptyClip
from pipelines.jobs.background import in_background
from pipelines.jobs.stop_flags import StopFlags
from pipelines.telemetry.metrics import Metrics
from pipelines.telemetry.requests import REQUEST
from tests.components.page.steps import free_line

IDS = re.compile(r"Unexpected error ([0-9a-f]{8})")


def seen() -> str:
    request = REQUEST.get()
    return request.id if request else ""


def broken_endpoint(text: str, *, should_stop: Callable[[], bool]) -> str:
    """Fail."""
    raise ZeroDivisionError(text)


def refusing_endpoint(text: str, *, should_stop: Callable[[], bool]) -> str:
    """Refuse."""
    raise EmptyClip


def ids_of_steps(text: str, *, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Yield the id that each step sees, in threads of threads."""

    def job(stopped: Callable[[], bool]) -> Iterator[str]:
        yield seen()
        yield seen()

    found: list[str] = []
    for step in in_background(job, should_stop):  # type: ignore[arg-type]
        if step is not None:
            found.append(step)
            yield " ".join([*found, seen()])


def generator_of_the_page(text: str) -> Iterator[str]:
    first = seen()
    yield first
    yield f"{first} {seen()}"


@report_errors
def broken_generator(text: str) -> Iterator[str]:
    yield seen()
    raise ZeroDivisionError(text)


async def broken_coroutine(text: str) -> str:
    await asyncio.sleep(0)
    raise ZeroDivisionError(text)


async def broken_async_generator(text: str) -> AsyncIterator[str]:
    yield seen()
    raise ZeroDivisionError(text)


def broken_function(text: str) -> str:
    raise ZeroDivisionError(text)


BROKEN = (broken_generator, broken_coroutine, broken_async_generator, broken_function)


def fail(request: Request) -> Response:
    raise ZeroDivisionError


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture(scope="module")
def address(metrics: Metrics) -> Iterator[str]:
    with gr.Blocks() as page:
        for work in (broken_endpoint, refusing_endpoint, ids_of_steps):
            add_endpoint(work, StopFlags(), free_line())
        for handler in (*BROKEN, generator_of_the_page):
            gr.api(handler, api_name=handler.__name__)
        text = gr.Textbox()
        text.change(broken_function, text, text, queue=False, api_name="at_once")
    identify_requests(page, metrics)
    more = {"routes": [Route("/fail", fail)], "middleware": [identified(metrics)]}
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, app_kwargs=more)
    yield str(url)
    page.close()


@pytest.fixture
def client(address: str) -> Client:
    return Client(address, verbose=False)


@pytest.mark.parametrize("name", ["broken_endpoint", "at_once", *(handler.__name__ for handler in BROKEN)])
def test_the_id_of_the_sentence_is_in_the_log_with_the_traceback(
    client: Client, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(AppError, match="Unexpected error") as refused:
        client.predict("secret", api_name=f"/{name}")
    (shown,) = IDS.findall(str(refused.value))
    (logged,) = [record for record in caplog.records if IDS.search(record.getMessage())]
    assert IDS.findall(logged.getMessage()) == [shown]
    assert logged.exc_info
    assert "secret" not in capfd.readouterr().err  # where Gradio writes tracebacks of its own


def test_all_steps_of_a_call_have_its_id_in_every_thread(client: Client) -> None:
    first, second, outer = client.predict("", api_name="/ids_of_steps").split()
    assert first and first == second == outer
    one, other = client.predict("", api_name="/generator_of_the_page").split()
    assert one == other != first


def test_calls_at_the_same_time_have_ids_of_their_own(client: Client) -> None:
    jobs = [client.submit("", api_name="/ids_of_steps") for _ in range(8)]
    found = [set(job.result().split()) for job in jobs]
    assert all(len(ids) == 1 for ids in found)
    assert len(set.union(*found)) == len(jobs)


def test_failures_are_counted_by_kind(client: Client, metrics: Metrics) -> None:
    def count(kind: str) -> float:
        return metrics.registry.get_sample_value("audioscope_failures_total", {"kind": kind}) or 0.0

    before = count("EmptyClip"), count("unexpected")
    for name in ("refusing_endpoint", "broken_coroutine"):
        with pytest.raises(AppError):
            client.predict("", api_name=f"/{name}")
    assert (count("EmptyClip"), count("unexpected")) == (before[0] + 1, before[1] + 1)
    failed = {"task": "refusing_endpoint", "source": "api", "outcome": "failed"}
    assert metrics.registry.get_sample_value("audioscope_requests_total", failed) == 1


def test_an_http_request_that_fails_is_answered_with_the_id_of_its_header(
    address: str, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}fail", timeout=10)
    body = refused.value.read().decode()
    assert IDS.findall(body) == [refused.value.headers[HEADER]]
    assert IDS.findall(caplog.text)[:1] == IDS.findall(body)
    assert metrics.registry.get_sample_value("audioscope_http_responses_total", {"status": "500"}) == 1


def test_a_worker_thread_of_no_request_has_no_id() -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(REQUEST.get()))
    thread.start()
    thread.join()
    assert found == [None]


def refused_name(text: str) -> str:
    raise InvalidOption("name", text, "a name")


@pytest.mark.parametrize(("visibility", "shown"), [("private", "&lt;b&gt;'1'"), ("public", "<b>'1'")])
@pytest.mark.parametrize("handler", [refused_name, report_errors(refused_name)])
def test_a_sentence_is_escaped_for_the_page_and_not_for_a_caller(
    handler: Callable[..., str], visibility: Any, shown: str
) -> None:
    with gr.Blocks() as page:
        text = gr.Textbox()
        text.change(handler, text, text, api_visibility=visibility)
    identify_requests(page, Metrics())
    with pytest.raises(gr.Error) as refused:
        asyncio.run(page.process_api(next(iter(page.fns.values())), ["<b>'1'"]))
    assert shown in refused.value.message
