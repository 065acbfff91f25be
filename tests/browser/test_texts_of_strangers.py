"""Names of strangers in a browser: none becomes a script or an element, whichever tab shows it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import upload, visit, wait_for_state
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]
NAME = "<img src=x onerror=ran=1>'\"`{{ran=1}}.flac"


def test_a_name_that_is_markup_runs_nothing_and_is_shown_as_it_is(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "speech.flac", tmp_path / NAME)
    page = visit(new_page(), app)  # at its end, no violation of the content security policy may be in the console
    upload(page, tmp_path / NAME)
    expect(page.locator(".as-name")).to_contain_text("<img src=x onerror=ran=1>")
    page.get_by_role("button", name="Transcribe", exact=True).click()
    wait_for_state(page, "done")
    page.get_by_role("button", name="History").click()
    expect(page.locator(".clip-history")).to_contain_text("<img src=x onerror=ran=1>")
    page.keyboard.press("Escape")
    for tab in ("Music & sound", "Sound to image", "Embeddings", "Models"):
        page.get_by_role("tab", name=tab).click()
    assert page.evaluate("[typeof ran, document.querySelectorAll('img[src=x]').length]") == ["undefined", 0]
