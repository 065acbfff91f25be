"""What a person reads who waits for others, and that nothing of it stays when the work begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp, running_app
from tests.browser.conftest import NewPage
from tests.browser.page_actions import open_tab, upload, visit
from tests.recordings import EXAMPLES

HALF_AN_HOUR = 1800

pytestmark = [pytest.mark.browser, pytest.mark.models]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app"), AUDIOSCOPE_PARALLEL_JOBS="1") as app:
        yield app


def waits(page: Page, place: str) -> None:
    expect(page.locator(".waiting-place:visible")).to_have_text(f"Waiting: {place} ahead")


def prepare(page: Page, clip: Path, tab: str) -> None:
    upload(page, clip)
    open_tab(page, tab)


def start(page: Page, button: str) -> None:
    page.locator(button).click()
    expect(page.locator(button)).to_be_disabled()


@pytest.fixture
def half_an_hour(tmp_path: Path) -> Path:
    """A clip on which a job goes on for as long as the test takes, on any machine."""
    samples, rate = soundfile.read(EXAMPLES / "speech.flac", dtype="int16")
    soundfile.write(tmp_path / "half an hour.flac", np.tile(samples, HALF_AN_HOUR * rate // len(samples)), rate)
    return tmp_path / "half an hour.flac"


def test_who_waits_reads_the_place_in_line_and_keeps_it_over_a_reload(
    app: RunningApp, new_page: NewPage, half_an_hour: Path
) -> None:
    first, second, third = (visit(new_page(), app) for _ in range(3))
    prepare(first, half_an_hour, "Music & sound")
    prepare(second, EXAMPLES / "music.ogg", "Music & sound")
    prepare(third, EXAMPLES / "blackbird.ogg", "Sound to image")
    start(first, "#describe")
    start(second, "#describe")
    waits(second, "1 job")
    start(third, "#draw")
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
