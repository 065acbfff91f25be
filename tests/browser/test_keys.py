"""The page by keys: the list of them, tabs, and the main button."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import upload, visit, wait_for_state
from tests.browser.timeline.shown_page import SPEECH

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_keys_are_listed_open_tabs_and_run_the_main_button(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    keys, tabs = page.get_by_role("dialog", name="Keys"), page.locator("#tabs > .tab-wrapper").get_by_role("tab")
    page.get_by_role("button", name="Record").focus()
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Undo")
    page.keyboard.press("2")
    expect(tabs.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(page.get_by_role("button", name="Record")).to_be_focused()
    for number in (5, 4, 3, 2):
        page.keyboard.press(str(number))
        expect(tabs.nth(number - 1)).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Own words").click()
    page.get_by_label("Words, separated by commas").press_sequentially("1?")
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    expect(keys).to_be_hidden()
    upload(page, SPEECH)
    page.get_by_role("button", name="Record").focus()
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    wait_for_state(page, "done")
    page.get_by_role("button", name="Keys", exact=True).click()
    expect(keys).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(keys).to_be_hidden()
