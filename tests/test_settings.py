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
