"""Log lines for people and for machines, with the id of the request and without what people brought.

An exception's message may quote a file name or a text: it is logged at the level 'debug' alone.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import datetime, timezone
from types import TracebackType

from pipelines.telemetry.requests import REQUEST

OWN_LOGGERS = ("app", "components", "deploy", "models", "pipelines", "services")
"""Loggers that write at the chosen level. Libraries write warnings only: httpx, for one, logs each address at 'info'."""
SERVER_LOGGERS = ("uvicorn", "uvicorn.access", "uvicorn.error")

ExceptionFacts = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure_logging(log_format: str, level: str) -> None:
    """Write the log to stderr.

    Args:
        log_format: 'text', 'json', or 'auto': JSON where stderr is no terminal.
        level: 'debug', 'info', 'warning' or 'error'.
    """
    is_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(level == "debug") if is_json else TextFormatter(level == "debug"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(level.upper())


def join_server_log() -> None:
    """Let uvicorn, which has set handlers of its own when it was started, write its lines as all others."""
    for name in SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class TextFormatter(logging.Formatter):
    """A line for people: '2026-01-31 12:00:00,000 INFO name [id]: message'."""

    def __init__(self, with_messages: bool) -> None:
        """Write tracebacks, with the messages of their exceptions or without."""
        super().__init__("%(asctime)s %(levelname)s %(name)s%(request)s: %(message)s")
        self._with_messages = with_messages

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        request_id = _request_id(record)
        record.request = f" [{request_id}]" if request_id else ""
        record.exc_text = None  # another handler may have left the traceback with its messages there
        return super().format(record)

    def formatException(self, ei: ExceptionFacts) -> str:  # noqa: N802  # logging's name
        """Return the traceback."""
        return super().formatException(ei) if self._with_messages else _traceback_without_messages(ei)


class JsonFormatter(logging.Formatter):
    """A JSON object in a line: time (UTC), level, logger, message, request, traceback, and what a line has more."""

    def __init__(self, with_messages: bool) -> None:
        """Write tracebacks, with the messages of their exceptions or without."""
        super().__init__()
        self._with_messages = with_messages

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": _request_id(record),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = (
                self.formatException(record.exc_info) if self._with_messages else _traceback_without_messages(record.exc_info)
            )
        return json.dumps({name: value for name, value in line.items() if value is not None}, ensure_ascii=False)


def _request_id(record: logging.LogRecord) -> str | None:
    request = REQUEST.get()
    return getattr(record, "request_id", None) or (request.id if request else None)


def _traceback_without_messages(exception: ExceptionFacts) -> str:
    return "".join(_lines(exception[1])).rstrip() if exception[1] else ""


def _lines(error: BaseException) -> Iterator[str]:
    """Yield the frames and the kind of an exception, those of its causes and of a group's parts before it."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for earlier in (*([before] if before else []), *getattr(error, "exceptions", ())):
        yield from _lines(earlier)
        yield "\nwhich led to\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    yield f"{type(error).__module__}.{type(error).__qualname__}{reason}\n"
