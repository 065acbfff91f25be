"""Fixtures that several tests share: real recordings, a clip store, and services with the real offline weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from services import Services, build_services
from settings import Settings
from tests.recordings import EXAMPLES


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    """An empty clip store."""
    return ClipStore(tmp_path / "clips")


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Everything the app works with, with folders of its own and the offline models."""
    folder = tmp_path_factory.mktemp("services")
    services = build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips"))
    yield services
    services.runtime.cache.clear()


@pytest.fixture(scope="session")
def speech(services: Services) -> AudioClip:
    """The bundled example of speech: 15.4 s, three sentences. It is kept, or a test of the queue would take it from the next."""
    clip = services.clips.open(EXAMPLES / "speech.flac")
    services.clips.keep(clip, "every test")
    return clip
