"""What a host is answered: health, readiness and metrics; tests/deploy ends a process on SIGTERM."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.routing import Route

from components.page.server.serving import health_route, metrics_route, ready_route, service_routes
from models.specs.model_spec import ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip_store import ClipStore
from pipelines.jobs.stop_flags import StopFlags
from services import Services, build_services, prepare_models
from settings import Settings


@pytest.fixture
def fresh(tmp_path: Path) -> Services:
    return build_services(Settings(data_dir=tmp_path / "volume" / "data", clip_dir=tmp_path / "clips"))


def answer(services: Services) -> tuple[int, dict[str, object]]:
    response = asyncio.run(health_route(services).endpoint(None))
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


def test_a_server_is_ready_when_the_models_of_the_installation_are_prepared(
    fresh: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, *others = fresh.installed_models
    prepared: set[str] = set()
    full: list[ModelSpec] = [first]

    def fetch(spec: ModelSpec) -> None:
        if spec in full:
            raise OSError(28, "No space left on device")
        prepared.add(spec.key)

    monkeypatch.setattr(fresh.files, "fetch", fetch)
    monkeypatch.setattr(fresh.files, "is_fetched", lambda spec: spec.key in prepared)

    def answer_of_ready() -> tuple[int, dict[str, object]]:
        response = ready_route(fresh).endpoint(None)
        return response.status_code, json.loads(response.body)

    keys = [spec.key for spec in fresh.installed_models]
    assert len(others) > 5
    assert answer_of_ready() == (503, {"status": "preparing", "missing": keys})
    prepare_models(fresh)
    assert answer_of_ready() == (503, {"status": "preparing", "missing": [first.key]})
    assert f"{first.title} is not ready" in caplog.text
    full.clear()
    prepare_models(fresh)
    assert answer_of_ready() == (200, {"status": "ready", "missing": []})


def test_metrics_are_served_only_where_the_settings_say_so(fresh: Services) -> None:
    def paths(services: Services) -> list[str]:
        return [route.path for route in service_routes(services) if isinstance(route, Route)]

    assert paths(fresh) == ["/healthz", "/readyz"]
    with_metrics = replace(fresh, settings=fresh.settings.model_copy(update={"metrics": True}))
    assert paths(with_metrics) == ["/healthz", "/readyz", "/metrics"]


def test_metrics_name_what_an_operator_asks_for(fresh: Services) -> None:
    with fresh.lines.speech.turn(never_stop), fresh.stop_flags.counted():
        text = metrics_route(fresh).endpoint(None).body.decode()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines["audioscope_running"] == "1.0"
    assert lines['audioscope_turn_wait_seconds_count{line="speech"}'] == "1.0"
    assert lines['audioscope_jobs_waiting{line="speech"}'] == "0.0"
    assert {'audioscope_memory_bytes{owner="models"}', 'audioscope_memory_bytes{owner="features"}'} <= lines.keys()
    wanted = ("lease_wait_seconds_count", "leases_waiting", "model_loads_total", "model_evictions_total")
    assert {f"audioscope_{name}" for name in wanted} <= lines.keys()
    assert "process_resident_memory_bytes" in lines
