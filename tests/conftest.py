"""Fixtures that several tests share: real recordings, a clip store, and services with the real offline weights."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from services import Services, build_services
from settings import Settings
from tests.recordings import EXAMPLES

BROWSER_TIMEOUT_SECONDS = 600
"""For a test in a browser, whose fixtures start an app and analyse clips."""


class FailuresAtOnce:
    """Writes a failure when it happens: a run that is ended from outside writes no summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write where, and the traceback."""
        reporter = self._plugins.get_plugin("terminalreporter")
        if report.failed and reporter:
            reporter.ensure_newline()
            reporter.write_line(f"FAILED {report.nodeid} ({report.when})\n{report.longreprtext}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests in browsers a longer time than the others."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.timeout(BROWSER_TIMEOUT_SECONDS))


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests, and all that they start, one folder for temporary files, which goes with the run.

    gradio_client makes a folder for each download, for instance, and leaves it.
    """
    if hasattr(config, "workerinput"):
        return  # the worker has the folder of the process that started it
    config.pluginmanager.register(FailuresAtOnce(config))
    os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.gettempdir()  # pytest itself keeps the folders of tests that failed
    # The name is short, because the path of a socket has 107 bytes at most.
    folder = tempfile.TemporaryDirectory(prefix="as-", ignore_cleanup_errors=True)
    os.environ["TMPDIR"] = tempfile.tempdir = folder.name
    config.add_cleanup(folder.cleanup)


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
