"""A page with the timeline on it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from components.page.theme import style_markup
from tests.browser.conftest import NewPage, watched_page
from tests.browser.timeline.demo import build_demo
from tests.browser.timeline.shown_page import HOUR_SAMPLE_RATE, SPEECH, OpenPage, Timeline, with_tracks


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("timeline")
    demo = build_demo(SPEECH, folder, HOUR_SAMPLE_RATE)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, head=style_markup(), allowed_paths=[str(folder)])
    yield url
    demo.close()


@pytest.fixture
def open_page(new_page: NewPage, address: str) -> OpenPage:
    """Open the demo page; at the end nothing may have been written to its console as an error."""

    def opened(theme: str = "light", **options: object) -> Timeline:
        return visited(new_page(**options), address, theme)

    return opened


def visited(page: Page, address: str, theme: str = "light") -> Timeline:
    page.goto(f"{address}?__theme={theme}")
    expect(page.locator(".as-timeline")).to_be_visible()
    return Timeline(page)


@pytest.fixture(scope="package")
def kept(browser: Browser, address: str) -> Iterator[tuple[Timeline, list[str]]]:
    """One page for all tests that change nothing but clip and tracks, with its errors: a load takes longer than most tests."""
    page, complaints = watched_page(browser)
    yield visited(page, address), complaints
    page.context.close()


@pytest.fixture
def timeline(kept: tuple[Timeline, list[str]]) -> Iterator[Timeline]:
    """The speech clip with one track of each kind, after another clip: nothing of the test before is left."""
    timeline, complaints = kept
    complaints.clear()
    timeline.press("Nothing")
    timeline.until("t.state.tracks.size === 0")
    expect(timeline.page.get_by_text("No clip yet")).to_be_visible()
    timeline.page.mouse.move(0, 0)
    yield with_tracks(timeline)
    assert not complaints


@pytest.fixture
def own_timeline(open_page: OpenPage) -> Timeline:
    """The same on a page of its own, whose storage and switches are a test's."""
    return with_tracks(open_page())
