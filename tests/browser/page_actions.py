"""Actions on the page that several tests share."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from components.clip.open_panel import EXAMPLES, EXAMPLES_DIRECTORY
from tests.app_process import RunningApp

FOLDS = "details:not([open]) > summary, button.label-wrap:not(.open)"
"""Closed folds of the page and of Gradio's accordions."""
NO_TRANSITIONS = "*, *::before, *::after {transition: none !important; animation: none !important}"


def visit(page: Page, app: RunningApp, theme: str = "light") -> Page:
    page.goto(f"{app.address}/?__theme={theme}")
    expect(page.get_by_role("button", name="Upload")).to_be_visible()
    expect(page.locator(".pill")).to_contain_text("CPU")
    return page


def set_theme(page: Page, is_dark: bool) -> None:
    """Make an open page light or dark, as Gradio does by the address."""
    page.evaluate("isDark => document.body.classList.toggle('dark', isDark)", is_dark)


def upload(page: Page, path: Path) -> None:
    page.locator(".clip-file").set_input_files(path)
    expect(page.locator(".as-name")).to_have_text(path.name)


def take_example(page: Page, name: str) -> None:
    """Press the card of an example, whose tab opens and runs."""
    opener = page.get_by_role("button", name="Open", exact=True)
    if opener.is_visible():
        opener.click()
    page.locator(".clip-examples").get_by_role("button", name=name).click()


def load_example(page: Page, name: str) -> None:
    """Open the clip of an example under its name, on which nothing runs by itself."""
    (example,) = (example for example in EXAMPLES if example.name == name)
    content = (EXAMPLES_DIRECTORY / example.file).read_bytes()
    page.locator(".clip-file").set_input_files({"name": name, "mimeType": "audio/ogg", "buffer": content})
    expect(page.locator(".as-name")).to_have_text(name)


def open_tab(page: Page, name: str) -> None:
    page.locator("#tabs > .tab-wrapper").get_by_role("tab", name=name, exact=True).click()


def wait_for_state(page: Page, name: str) -> None:
    expect(page.locator(f'#transcript-summary [data-state="{name}"]')).to_be_visible()


def playhead(page: Page) -> float:
    return float(page.evaluate("document.querySelector('.as-timeline').timeline.state.time"))


def open_from_history(page: Page, name: str) -> None:
    page.get_by_role("button", name="History").click()
    page.locator(".clip-history").get_by_role("button", name=name).first.click()
    expect(page.locator(".as-name")).to_have_text(name)
