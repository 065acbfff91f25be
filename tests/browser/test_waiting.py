"""What a person reads who waits for others, and that nothing of it stays when the work begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp, running_app
from tests.browser.conftest import NewPage
from tests.browser.page_actions import open_tab, upload, visit
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app"), AUDIOSCOPE_PARALLEL_JOBS="1") as app:
        yield app


def waits(page: Page, place: str) -> None:
    expect(page.locator(".waiting-place:visible")).to_have_text(f"Waiting: {place} ahead")


def start(page: Page, clip: Path, tab: str, button: str) -> None:
    upload(page, clip)
    open_tab(page, tab)
    page.locator(button).click()
    expect(page.locator(button)).to_be_disabled()


def test_who_waits_reads_the_place_in_line_and_keeps_it_over_a_reload(
    app: RunningApp, new_page: NewPage, long_clip: Path
) -> None:
    first, second, third = (visit(new_page(), app) for _ in range(3))
    start(first, long_clip, "Music & sound", "#describe")
    start(second, EXAMPLES / "music.ogg", "Music & sound", "#describe")
    waits(second, "1 job")
    start(third, EXAMPLES / "blackbird.ogg", "Sound to image", "#draw")
    waits(third, "2 jobs")
    third.on("dialog", lambda dialog: dialog.accept())
    third.reload()
    waits(third, "2 jobs")
    expect(third.locator("#draw")).to_be_disabled()
    first.locator("#stop-describing").click()
    expect(second.locator('#music-summary [data-state="done"]')).to_be_visible()
    expect(second.get_by_text("Waiting:")).to_be_hidden()
    expect(third.locator('#picture-summary [data-state="done"]')).to_be_visible()
    expect(third.get_by_text("Waiting:")).to_be_hidden()
    expect(first.get_by_text("Waiting:")).to_be_hidden()
