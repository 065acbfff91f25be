"""A page with the timeline on it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from components.page.theme import style_markup
from tests.browser.conftest import NewPage
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
        page = new_page(**options)
        page.goto(f"{address}?__theme={theme}")
        expect(page.locator(".as-timeline")).to_be_visible()
        return Timeline(page)

    return opened


@pytest.fixture
def timeline(open_page) -> Timeline:
    """The speech clip with one track of each kind."""
    return with_tracks(open_page())
