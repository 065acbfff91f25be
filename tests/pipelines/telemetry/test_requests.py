"""What is counted of a request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models.errors import JobStopped
from models.stopping import never_stop
from pipelines.telemetry.metrics import Metrics
from pipelines.telemetry.requests import REQUEST, ServedRequest, counted_request, note_audio


@pytest.fixture
def request_of_test() -> Iterator[ServedRequest]:
    made = ServedRequest("7f3a1b2c", Metrics())
    token = REQUEST.set(made)
    yield made
    REQUEST.reset(token)


def ended(metrics: Metrics, outcome: str) -> float | None:
    return metrics.registry.get_sample_value("audioscope_requests_total", {"task": "music", "source": "api", "outcome": outcome})


def test_work_that_is_done_counts_with_the_seconds_of_its_clip(request_of_test: ServedRequest) -> None:
    with counted_request("music", "api", never_stop):
        note_audio(12.5)
    metrics = request_of_test.metrics
    assert ended(metrics, "done") == 1
    assert metrics.registry.get_sample_value("audioscope_audio_seconds_total", {"task": "music"}) == 12.5
    assert metrics.registry.get_sample_value("audioscope_request_seconds_count", {"task": "music", "source": "api"}) == 1


def test_stopped_work_counts_as_stopped_however_it_ends(request_of_test: ServedRequest) -> None:
    with counted_request("music", "api", lambda: True):
        note_audio(12.5)
    with pytest.raises(JobStopped), counted_request("music", "api", never_stop):
        raise JobStopped
    assert (ended(request_of_test.metrics, "stopped"), ended(request_of_test.metrics, "done")) == (2, None)
    assert request_of_test.metrics.registry.get_sample_value("audioscope_audio_seconds_total", {"task": "music"}) is None


def test_work_whose_error_was_shown_counts_as_failed(request_of_test: ServedRequest) -> None:
    with counted_request("music", "api", never_stop):
        request_of_test.fail("NotAudio")
    with pytest.raises(ZeroDivisionError), counted_request("music", "api", never_stop):
        raise ZeroDivisionError
    assert ended(request_of_test.metrics, "failed") == 2
    assert request_of_test.metrics.registry.get_sample_value("audioscope_failures_total", {"kind": "NotAudio"}) == 1


def test_work_outside_of_requests_is_not_counted() -> None:
    with counted_request("music", "api", never_stop):
        note_audio(1.0)
