"""Chromium, and pages that must not complain."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserType, ConsoleMessage, Page, expect, sync_playwright

from tests.app_process import RunningApp, running_app
from tests.recordings import librivox_sentences

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
TIMEOUT_MS = 120_000
"""After which something hangs; the longest job takes seconds, on a busy machine a minute."""
REPETITIONS = 12
LEFT_PAGE = ("AbortError: signal is aborted", "Connection errored out")
"""What Gradio writes when a page is reloaded while it asks for something."""

expect.set_options(timeout=TIMEOUT_MS)

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    """What starts browsers."""
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """One app for all tests that need no settings or data of their own: a start takes longer than many tests."""
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


@pytest.fixture(scope="session")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    """One Chromium for all tests; its microphone plays a beep now and then."""
    browser = chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Makes pages, each a person of its own; at the end none may have written an error to its console."""
    opened: list[tuple[Page, list[str]]] = []

    def make(width: int = 1180, height: int = 800, touch: bool = False) -> Page:
        opened.append(watched_page(browser, width, height, touch))
        return opened[-1][0]

    yield make
    for page, _ in opened:
        page.context.close()
    assert not [complaint for _, complaints in opened for complaint in complaints]


def watched_page(browser: Browser, width: int = 1180, height: int = 800, touch: bool = False) -> tuple[Page, list[str]]:
    """Return a page of a person of its own, and the list to which its errors are added."""
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch)
    context.set_default_timeout(TIMEOUT_MS)
    context.grant_permissions(["microphone"])
    page = context.new_page()
    complaints: list[str] = []

    def note(text: str) -> None:
        if not any(ending in text for ending in LEFT_PAGE):
            complaints.append(text)

    def note_error(message: ConsoleMessage) -> None:
        if message.type == "error":
            note(message.text)

    page.on("console", note_error)
    page.on("pageerror", lambda error: note(str(error)))
    return page, complaints


@pytest.fixture
def long_clip(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Five minutes of sentences that no other test has opened: a job on it can be stopped, and goes on over a reload."""
    sentences = [soundfile.read(sentence.path) for sentence in librivox_sentences()]
    rate = sentences[0][1]
    lead = np.zeros(number_of(request) % rate)
    path = tmp_path / "minutes.wav"
    soundfile.write(path, np.concatenate([lead, *[samples for samples, _ in sentences] * REPETITIONS]), rate)
    return path


@pytest.fixture
def unknown_clip(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A sentence of 7 s that no other test has opened: networks are needed for it, since nothing of it is kept."""
    samples, rate = soundfile.read(librivox_sentences()[0].path)
    path = tmp_path / "unknown.wav"
    soundfile.write(path, samples[number_of(request) % (rate // 20) :], rate)
    return path


def number_of(request: pytest.FixtureRequest) -> int:
    """Return a number by which the clips of a test differ from those of others."""
    return zlib.crc32(request.node.nodeid.encode())
