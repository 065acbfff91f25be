"""Actions on the tab that draws."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.app_process import RunningApp
from tests.browser.page_actions import load_example, visit

LONG_MS = 180_000
TAB = "Sound to image"


def opened(page: Page, app: RunningApp, example: str = "A sound") -> Page:
    """The tab with an example."""
    visit(page, app)
    page.get_by_role("tab", name=TAB).click()
    load_example(page, example)
    expect(page.locator("#pictures")).to_contain_text("Press Draw")
    return page


def draw(page: Page) -> None:
    page.locator("#draw").click()
    expect(page.locator("#draw")).to_be_disabled()
    expect(page.locator('#picture-summary [data-state="done"]')).to_be_visible(timeout=LONG_MS)
    expect(page.locator("#draw")).to_be_enabled()


def rough(page: Page) -> None:
    """Set small pictures of few steps."""
    unfold(page, "Advanced")
    for label, value in (("Steps", "3"), ("Width", "64"), ("Height", "64")):
        page.get_by_label(label, exact=True).fill(value)


def unfold(page: Page, name: str) -> None:
    page.locator("button.label-wrap:visible", has_text=name).click()
