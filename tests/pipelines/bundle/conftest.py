"""A bundle of a clip with a result of every kind."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pipelines.bundle.contents import BundleContents
from pipelines.bundle.writing import write_bundle
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from services import Services
from tests.pipelines.bundle.changed_entries import Entries, Opener
from tests.pipelines.bundle.toy_results import toy_clip, toy_contents


@pytest.fixture(scope="session")
def contents(services: Services) -> BundleContents:
    return toy_contents(services)


@pytest.fixture(scope="session")
def bundled_clip(tmp_path_factory: pytest.TempPathFactory) -> AudioClip:
    return toy_clip(ClipStore(tmp_path_factory.mktemp("bundled")))


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory, bundled_clip: AudioClip, contents: BundleContents) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "waltz.zip"
    write_bundle(bundled_clip, contents, path)
    return path


@pytest.fixture(scope="session")
def entries(bundle: Path) -> Entries:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def opened(services: Services, tmp_path: Path) -> Opener:
    return Opener(services, tmp_path)
