"""What a host asks of the server: whether it is well, and that it ends in order."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import NoReturn

import gradio as gr
from gradio.route_utils import delete_files_created_by_app
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pipelines.jobs.stop_flags import StopFlags
from pipelines.telemetry.metrics import METRICS_TYPE, ServerState
from services import Services

HEALTH_PATH, READY_PATH, METRICS_PATH = "/healthz", "/readyz", "/metrics"
MAX_STOPPING_SECONDS = 8.0
"""How long running jobs may take to end with what they have, after SIGTERM; `docker stop` kills after 10 s."""
DELIVERY_SECONDS = 0.5
"""From the end of the last job until its result has left the server."""

log = logging.getLogger(__name__)


def service_routes(services: Services) -> list[BaseRoute]:
    """Return the routes that a host asks; that of the metrics only where the settings say so."""
    routes: list[BaseRoute] = [health_route(services), ready_route(services)]
    return [*routes, metrics_route(services)] if services.settings.metrics else routes


def health_route(services: Services) -> Route:
    """Return the route of the health check, which answers 200 with {"status": "ok"}, or 503 with the reason.

    It is not well while it ends, and where it cannot write clips or data, as on a volume that belongs to another user. Models are
    not asked: one that cannot be loaded is a matter of its own page.
    It waits for no thread, of which there may be none while many work.
    """

    async def health(_: object) -> JSONResponse:
        folders = (services.clips.directory, services.settings.data_dir)
        read_only = [str(folder) for folder in folders if not _is_writable(folder)]
        if services.stop_flags.is_closed():
            status = "closing"
        else:
            status = f"cannot write to {' and '.join(read_only)}" if read_only else "ok"
        return JSONResponse({"status": status, "running": services.stop_flags.running}, 200 if status == "ok" else 503)

    return Route(HEALTH_PATH, health)


def ready_route(services: Services) -> Route:
    """Return the route that answers 200 once the installation's models are checked and put together; before, 503 with their keys.

    What is not ready works, too, but the first job with it waits for that.
    """

    def ready(_: object) -> JSONResponse:
        missing = [spec.key for spec in services.installed_models if not services.files.is_fetched(spec)]
        return JSONResponse({"status": "preparing" if missing else "ready", "missing": missing}, 503 if missing else 200)

    return Route(READY_PATH, ready)


def metrics_route(services: Services) -> Route:
    """Return the route that Prometheus asks."""
    metrics, lines = services.metrics, services.lines
    state = ServerState(
        cache=services.runtime.cache.status,
        running=lambda: services.stop_flags.running,
        waiting={
            "models": lambda: lines.models.waiting,
            "speech": lambda: lines.speech.waiting,
            "chains": lambda: lines.chains.waiting,
            "model_calls": lambda: lines.calls.models.waiting,
            "speech_calls": lambda: lines.calls.speech.waiting,
            "short_calls": lambda: lines.calls.short.waiting,
        },
        memory=lambda: services.runtime.memory().owners(),
    )
    metrics.watch(state)

    def measured(_: object) -> Response:
        return Response(metrics.text(), media_type=METRICS_TYPE)

    return Route(METRICS_PATH, measured)


def end_signal() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set from now on; a second signal ends the process at once."""
    told = threading.Event()

    def end(number: int, _: object) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_DFL)
        log.info("%s: closing.", signal.Signals(number).name)
        told.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    return told


def finish_jobs_and_exit(flags: StopFlags, page: gr.Blocks) -> NoReturn:
    """Stop all jobs, let them deliver what they have, delete what was uploaded and made, and end the process.

    Neither connections nor threads are waited for: the streams of open pages would keep the server from closing, and a step of a
    model that goes on while Python ends its threads keeps the process from ending.
    """
    flags.close()
    if not flags.wait_until_idle(MAX_STOPPING_SECONDS):
        log.warning("%d jobs were still running.", flags.running)
    time.sleep(DELIVERY_SECONDS)
    delete_files_created_by_app(page, age=None)  # as Gradio does when a server closes; clips and their results stay
    logging.shutdown()
    os._exit(0)


def _is_writable(folder: Path) -> bool:
    """Return whether files can be made in `folder`, which may have to be made itself."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return os.access(there, os.W_OK | os.X_OK)
