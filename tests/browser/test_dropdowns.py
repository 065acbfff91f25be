"""Gradio's dropdowns with our mends: by keyboard, by mouse, and with names that are longer than the field."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import visit

pytestmark = pytest.mark.browser
OPEN_LISTS = "[role=listbox]"


def test_a_list_opens_and_closes_as_people_expect(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    language = page.get_by_label("Language", exact=True)
    page.get_by_role("tab", name="Models").focus()
    while not language.evaluate("input => input === document.activeElement"):
        page.keyboard.press("Tab")
    expect(page.locator(OPEN_LISTS)).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator(OPEN_LISTS)).to_have_count(1)  # that of the next dropdown, Task
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("germ")
    expect(page.get_by_role("option")).to_contain_text(["German"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(language).to_have_value("German")
    language.click()
    page.keyboard.press("Escape")
    expect(page.locator(OPEN_LISTS)).to_have_count(0)
    language.click()
    expect(page.locator(OPEN_LISTS)).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(page.locator(OPEN_LISTS)).to_have_count(1)


def test_what_is_typed_after_a_click_replaces_the_choice(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    language = page.get_by_label("Language", exact=True)
    for typed, name in (("germ", "German"), ("polish", "Polish"), ("welsh", "Welsh")):
        language.click()
        page.keyboard.type(typed)
        page.get_by_role("option", name=name, exact=True).click()
        expect(language).to_have_value(name)


def test_a_name_that_is_cut_off_says_all_of_itself(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.get_by_role("tab", name="Embeddings").click()
    encoder = page.locator("#encoder input")
    encoder.hover()
    expect(encoder).to_have_attribute("title", str(encoder.input_value()))
    page.get_by_role("tab", name="Embeddings").hover()
    expect(encoder).not_to_have_attribute("title", str(encoder.input_value()))
