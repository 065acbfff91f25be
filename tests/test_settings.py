"""Settings come from the environment, are checked, and never change."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from settings import Settings


def test_environment_variables_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUDIOSCOPE_CLIP_DIR", str(tmp_path))
    monkeypatch.setenv("AUDIOSCOPE_MAX_CLIP_SECONDS", "60")
    settings = Settings()
    assert (settings.clip_dir, settings.max_clip_seconds) == (tmp_path, 60.0)


def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOSCOPE_MAX_CLIP_SECONDS", "-1")
    with pytest.raises(ValidationError, match="max_clip_seconds"):
        Settings()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().parallel_jobs = 9


@pytest.mark.parametrize(
    "environment", [{"SPACE_ID": "someone/sounds"}, {"GRADIO_SERVER_NAME": "0.0.0.0"}, {"GRADIO_ROOT_PATH": "/audioscope"}]
)
def test_links_are_fetched_where_only_this_machine_is_served(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SPACE_ID", "GRADIO_SERVER_NAME", "GRADIO_ROOT_PATH", "AUDIOSCOPE_FETCH_LINKS"):
        monkeypatch.delenv(name, raising=False)
    assert Settings().fetch_links
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert not Settings().fetch_links
    monkeypatch.setenv("AUDIOSCOPE_FETCH_LINKS", "true")
    assert Settings().fetch_links


def test_calls_are_counted_where_addresses_tell_callers_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPACE_ID", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert Settings().max_calls_per_minute == 120
    monkeypatch.setenv("SPACE_ID", "NAME/audioscope")
    assert Settings().max_calls_per_minute == 0
