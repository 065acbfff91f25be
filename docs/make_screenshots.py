"""Takes the README's screenshots of the running app on its examples: `python -m docs.make_screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.app_process import running_app
from tests.browser.conftest import CHROMIUM, FLAGS

HERE = Path(__file__).parent
TIMEOUT_MS = 120_000


def transcribed(browser: Browser, address: str, theme: str, width: int, height: int) -> Page:
    """A page on which the example of speech was transcribed."""
    page = browser.new_page(viewport={"width": width, "height": height}, has_touch=width < 500, is_mobile=width < 500)
    page.goto(f"{address}/?__theme={theme}")
    page.get_by_role("button", name="Examples").click()
    page.locator(".clip-examples button").first.click()
    expect(page.locator('[data-state="done"]')).to_be_visible()
    expect(page.locator(".clip-note")).to_be_empty()
    expect(page.locator("#transcribe")).to_be_enabled()
    expect(page.get_by_role("link", name="TXT").or_(page.get_by_role("button", name="TXT")).first).to_be_enabled()
    expect(page.locator('.pill[data-busy="false"]')).to_contain_text("1 model")
    return page


def with_example(browser: Browser, address: str, number: int, tab: str) -> Page:
    """A page on which an example was opened, and one of the tabs."""
    page = browser.new_page(viewport={"width": 1180, "height": 720})
    page.goto(f"{address}/?__theme=light")
    page.get_by_role("button", name="Examples").click()
    page.locator(".clip-examples button").nth(number).click()
    expect(page.locator('[data-state="done"]')).to_be_visible()
    page.get_by_role("tab", name=tab).click()
    return page


def described(browser: Browser, address: str) -> Page:
    """A page on which the example of music was described."""
    page = with_example(browser, address, 1, "Music & sound")
    page.locator("#describe").click()
    expect(page.locator('#music-summary [data-state="done"]')).to_be_visible()
    expect(page.get_by_role("button", name="Chords", exact=True)).to_be_visible()
    return page


def drawn(browser: Browser, address: str) -> Page:
    """A page on which a picture was drawn of the example of a bird."""
    page = with_example(browser, address, 2, "Sound to image")
    page.get_by_label("Seed", exact=True).fill("5")
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_text("Concepts")).to_be_visible()
    expect(page.get_by_role("button", name="Storyboard")).to_be_enabled()
    return page


def mapped(browser: Browser, address: str) -> Page:
    """A page with the map of the example of music."""
    page = with_example(browser, address, 1, "Embeddings")
    page.get_by_label("Projection").click()
    page.get_by_role("option", name="t-SNE").click()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#embedding-summary [data-state=done]")).to_be_visible()
    return page


def main() -> None:
    """Write all pictures beside this script."""
    expect.set_options(timeout=TIMEOUT_MS)
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder)) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for theme in ("light", "dark"):
            desktop = transcribed(browser, app.address, theme, 1180, 720)
            desktop.screenshot(path=HERE / f"desktop-{theme}.png")
            transcribed(browser, app.address, theme, 375, 812).screenshot(path=HERE / f"phone-{theme}.png")
        described(browser, app.address).screenshot(path=HERE / "music.png", full_page=True)
        drawn(browser, app.address).screenshot(path=HERE / "picture.png", full_page=True)
        mapped(browser, app.address).screenshot(path=HERE / "embeddings.png", full_page=True)
        desktop.get_by_role("tab", name="Models").click()
        desktop.screenshot(path=HERE / "models.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
