"""The health check says what is wrong; the end on SIGTERM is tested with a process of its own in tests/deploy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from components.page.server.serving import health_route
from pipelines.clip.clip_store import ClipStore
from pipelines.jobs.stop_flags import StopFlags
from services import Services, build_services
from settings import Settings


@pytest.fixture
def fresh(tmp_path: Path) -> Services:
    return build_services(Settings(data_dir=tmp_path / "volume" / "data", clip_dir=tmp_path / "clips"))


def answer(services: Services) -> tuple[int, dict[str, object]]:
    response = health_route(services).endpoint(None)
    return response.status_code, json.loads(response.body)


def test_a_server_that_can_work_is_well_and_says_how_many_jobs_run(fresh: Services) -> None:
    assert answer(fresh) == (200, {"status": "ok", "running": 0})
    with fresh.stop_flags.counted():
        assert answer(fresh) == (200, {"status": "ok", "running": 1})


def test_a_server_that_ends_is_not_well(fresh: Services) -> None:
    services = replace(fresh, stop_flags=StopFlags())
    services.stop_flags.close()
    assert answer(services) == (503, {"status": "closing", "running": 0})


def test_a_folder_that_cannot_be_written_is_named(fresh: Services) -> None:
    """A file where a folder is wanted: root, which may run this test, can write to every folder."""
    blocked = fresh.settings.data_dir.parents[1] / "file"
    blocked.touch()
    services = replace(fresh, clips=ClipStore(blocked / "clips"))
    assert answer(services) == (503, {"status": f"cannot write to {blocked / 'clips'}", "running": 0})
