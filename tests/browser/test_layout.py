"""The page stands still: no action moves what a person looks at, and the tab's main button stays in sight."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import open_tab, playhead, upload, visit
from tests.browser.timeline.shown_page import SPEECH
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]

MUSIC = EXAMPLES / "music.ogg"
MAX_LAYOUT_SHIFT = 0.05
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => {
  for (const {value} of list.getEntries()) window.shifted += value;
}).observe({type: 'layout-shift'});
"""
SETTLE_MS = 300
"""From the end of an action until its last shift is reported."""
MAIN_BUTTONS = {
    "Transcribe": ("#transcribe", "#stop-transcribing"),
    "Music & sound": ("#describe", "#stop-describing"),
    "Sound to image": ("#draw", "#stop-drawing"),
    "Embeddings": ("#show-embedding", "#stop-embedding"),
}


class Shifts:
    """Layout shifts of a page by action, those just after a person's input among them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.evaluate(WATCH_SHIFTS)
        self.of: dict[str, float] = {}

    def during(self, action: str, act: Callable[[], None]) -> None:
        """Run `act` and keep how much it moved."""
        self._page.evaluate("window.shifted = 0")
        act()
        self._page.wait_for_timeout(SETTLE_MS)
        self.of[action] = float(self._page.evaluate("window.shifted"))


def run_job(page: Page, start: str, stop: str) -> None:
    page.locator(start).click()
    expect(page.locator(stop)).to_be_enabled()
    expect(page.locator(stop)).to_be_disabled()


def stop_job(page: Page, start: str, stop: str) -> None:
    page.locator(start).click()
    page.locator(stop).click()
    expect(page.locator(stop)).to_be_disabled()


@pytest.mark.parametrize(("width", "height", "clip"), [(1440, 900, SPEECH), (1024, 768, MUSIC), (390, 844, MUSIC)])
def test_no_action_moves_the_page_and_the_main_button_stays_in_sight(
    width: int, height: int, clip: Path, app: RunningApp, new_page: NewPage, long_clip: Path
) -> None:
    is_phone = width < 500
    page = visit(new_page(width=width, height=height, touch=is_phone), app)
    shifts = Shifts(page)
    shifts.during("upload", lambda: upload(page, clip))
    for tab, buttons in MAIN_BUTTONS.items():
        shifts.during(f"open {tab}", partial(open_tab, page, tab))
        shifts.during(f"run {tab}", partial(run_job, page, *buttons))
    shifts.during("unfold other tracks", page.locator(".as-others").click)
    if not is_phone:  # where the options stand above the results, and move them
        shifts.during("unfold options", page.locator(".controls button.label-wrap").locator("visible=true").click)
    page.evaluate("scrollTo(0, 0)")
    for tab, (start, _) in MAIN_BUTTONS.items():
        shifts.during(f"return to {tab}", partial(open_tab, page, tab))
        expect(page.locator(start)).to_be_in_viewport(ratio=1)
    upload(page, long_clip)
    open_tab(page, "Transcribe")
    shifts.during("stop", lambda: stop_job(page, *MAIN_BUTTONS["Transcribe"]))
    assert {action: shift for action, shift in shifts.of.items() if shift >= MAX_LAYOUT_SHIFT} == {}


def test_the_slim_player_stays_while_the_page_scrolls(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(width=1440, height=900), app)
    upload(page, SPEECH)
    open_tab(page, "Models")
    page.mouse.wheel(0, 2000)
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 2000)
    expect(page.locator(".as-play")).to_be_in_viewport(ratio=1)
    overview = page.locator(".as-mini")
    box = overview.bounding_box()
    assert box is not None
    overview.click(position={"x": box["width"] / 2, "y": 10})
    duration = page.evaluate("document.querySelector('audio').duration")
    assert playhead(page) / float(duration) == pytest.approx(0.5, abs=0.02)
