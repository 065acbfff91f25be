"""Log lines have the request's id, and nothing of what people brought."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.telemetry.logs import JsonFormatter, TextFormatter, configure_logging
from pipelines.telemetry.metrics import Metrics
from pipelines.telemetry.requests import REQUEST, ServedRequest

SECRET = "mother's maiden name.wav"


@pytest.fixture
def in_request() -> Iterator[None]:
    token = REQUEST.set(ServedRequest("7f3a1b2c", Metrics()))
    yield
    REQUEST.reset(token)


def record(error: BaseException | None = None, **more: Any) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("pipelines.x", logging.ERROR, "x.py", 1, "Unexpected error %s", ("a",), exc_info)
    made.__dict__.update(more)
    return made


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


@pytest.mark.usefixtures("in_request")
def test_a_line_of_json_has_level_logger_message_request_and_facts() -> None:
    line = json.loads(JsonFormatter(with_messages=False).format(record(facts={"task": "music"})))
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "error",
        "logger": "pipelines.x",
        "message": "Unexpected error a",
        "request": "7f3a1b2c",
        "task": "music",
    }


def test_outside_of_requests_a_line_has_no_id() -> None:
    assert "request" not in json.loads(JsonFormatter(with_messages=False).format(record()))
    assert TextFormatter(with_messages=False).format(record()).endswith("ERROR pipelines.x: Unexpected error a")


@pytest.mark.usefixtures("in_request")
def test_a_line_of_text_has_the_id_too() -> None:
    assert TextFormatter(with_messages=False).format(record()).endswith("ERROR pipelines.x [7f3a1b2c]: Unexpected error a")


class ManyErrors(Exception):
    """As an exception group has them, from Python 3.11 on."""

    exceptions = (raised(KeyError(SECRET)),)


@pytest.mark.parametrize("formatter", [JsonFormatter, TextFormatter])
@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET),
        FileNotFoundError(2, "No such file or directory", SECRET),
        raised(RuntimeError("later"), raised(ValueError(SECRET))),
        ManyErrors(SECRET),
    ],
)
def test_tracebacks_name_kinds_and_places_but_not_what_people_brought(
    formatter: type[JsonFormatter | TextFormatter], error: BaseException
) -> None:
    caught = raised(error, error.__cause__)
    line = formatter(with_messages=False).format(record(caught))
    assert "maiden" not in line
    assert type(error).__name__ in line and "in raised" in line
    assert "maiden" in formatter(with_messages=True).format(record(caught)) or isinstance(error, ManyErrors)


def test_the_reason_of_a_fault_of_the_system_is_named() -> None:
    line = TextFormatter(with_messages=False).format(record(raised(OSError(28, "No space left on device", SECRET))))
    assert line.endswith("OSError: No space left on device")


@pytest.fixture
def loggers() -> Iterator[None]:
    """Put the loggers back: the root's handlers are pytest's."""
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name in ("components", "httpx"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.usefixtures("loggers")
def test_libraries_log_warnings_alone_at_every_level(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("auto", "debug")
    logging.getLogger("httpx").info("GET %s", SECRET)
    logging.getLogger("components.x").debug("seen")
    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == ["seen"]


@pytest.mark.usefixtures("loggers")
def test_a_terminal_gets_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    configure_logging("auto", "info")
    logging.getLogger("components.x").info("seen")
    assert capsys.readouterr().err.endswith("INFO components.x: seen\n")
