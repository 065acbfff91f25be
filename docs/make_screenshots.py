"""Takes pictures of every tab and state at three widths, light and dark (`make screenshots`), and the README's among them.

All go to `docs/screenshots/`, which Git ignores; those that the README shows are copied beside this script.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.app_process import running_app
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.recordings import EXAMPLES

HERE = Path(__file__).parent
FOLDER = HERE / "screenshots"
TIMEOUT_MS = 120_000
THEMES = ("light", "dark")
SIZES = {1440: 900, 1024: 768, 390: 844}
"""Width to height of the window; the narrow one is a phone."""
PHONE_WIDTH = 390
README = {
    "desktop-light": "transcribed-1440-light",
    "desktop-dark": "transcribed-1440-dark",
    "phone-light": "transcribed-390-light",
    "phone-dark": "transcribed-390-dark",
    "music": "described-1440-light",
    "notes": "notes-1440-light",
    "picture": "drawn-1440-light",
    "embeddings": "mapped-1440-light",
    "models": "models-1440-light",
}
"""Pictures beside this script to the state, width and theme that they show."""


@dataclass(frozen=True)
class State:
    """A state of the page, reached from the one before it."""

    name: str
    reach: Callable[[Page], None]


def open_tab(page: Page, name: str) -> None:
    """Open a tab and show the page from its top."""
    page.get_by_role("tab", name=name, exact=True).locator("visible=true").first.click()
    page.evaluate("scrollTo(0, 0)")


def bring(page: Page, name: str) -> None:
    """Upload one of the examples."""
    page.locator(".clip-file").set_input_files(EXAMPLES / name)
    expect(page.locator(".as-name")).to_have_text(name)
    expect(page.locator(".clip-note")).to_be_empty()


def start_empty(page: Page) -> None:
    """Wait until the page is complete."""
    expect(page.locator(".pill")).to_contain_text("CPU")


def refuse(page: Page) -> None:
    """Upload a file that is no audio."""
    with tempfile.NamedTemporaryFile(suffix=".mp3") as file:
        file.write(b"no sound at all" * 100)
        file.flush()
        page.locator(".clip-file").set_input_files(file.name)
        expect(page.locator(".clip-note[data-kind='error']")).not_to_be_empty()


def transcribe(page: Page) -> None:
    """Transcribe the example of speech."""
    bring(page, "speech.flac")
    page.locator("#transcribe").click()
    expect(page.locator('#transcript-summary [data-state="done"]')).to_be_visible()
    expect(page.locator("#transcribe")).to_be_enabled()


def describe(page: Page) -> None:
    """Describe the example of music."""
    bring(page, "music.ogg")
    open_tab(page, "Music & sound")
    page.locator("#describe").click()
    expect(page.locator('#music-summary [data-state="done"]')).to_be_visible()
    expect(page.locator("#describe")).to_be_enabled()


def ask(page: Page) -> None:
    """Ask a question about it."""
    page.get_by_label("Question", exact=True).fill("What key is it in?")
    page.locator("#ask").click()
    expect(page.locator("#ask")).to_be_disabled()
    expect(page.locator("#ask")).to_be_enabled()


def transcribe_notes(page: Page) -> None:
    """Transcribe its notes."""
    page.get_by_role("button", name="Transcribe notes").click()
    expect(page.locator("#notes-summary [data-state=done]")).to_be_visible()
    page.locator("#notes-roll").scroll_into_view_if_needed()


def map_embedding(page: Page) -> None:
    """Show its embeddings."""
    open_tab(page, "Embeddings")
    page.locator("#show-embedding").click()
    expect(page.locator("#embedding-summary [data-state=done]")).to_be_visible()


def draw(page: Page) -> None:
    """Draw the example of a bird."""
    bring(page, "blackbird.ogg")
    open_tab(page, "Sound to image")
    page.locator("#draw").click()
    expect(page.locator('#picture-summary [data-state="done"]')).to_be_visible()
    expect(page.locator("#draw")).to_be_enabled()


def draw_storyboard(page: Page) -> None:
    """Draw it scene by scene."""
    page.locator("#draw-storyboard").click()
    expect(page.locator('#storyboard [data-state="done"]')).to_be_visible()


STATES = (
    State("empty", start_empty),
    State("refused", refuse),
    State("transcribed", transcribe),
    State("described", describe),
    State("asked", ask),
    State("notes", transcribe_notes),
    State("mapped", map_embedding),
    State("drawn", draw),
    State("storyboard", draw_storyboard),
    State("models", lambda page: open_tab(page, "Models")),
)


def new_page(browser: Browser, address: str, width: int, theme: str) -> Page:
    """Open the app at a width and in a theme."""
    phone = width == PHONE_WIDTH
    page = browser.new_page(viewport={"width": width, "height": SIZES[width]}, has_touch=phone, is_mobile=phone)
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(f"{address}/?__theme={theme}")
    return page


def take_all(browser: Browser, address: str) -> Iterator[str]:
    """Walk through all states at every width and theme; yield the name of each picture, of the window and of the whole page."""
    for theme in THEMES:
        for width in SIZES:
            page = new_page(browser, address, width, theme)
            for state in STATES:
                state.reach(page)
                name = f"{state.name}-{width}-{theme}"
                page.screenshot(path=FOLDER / f"{name}.png")
                page.screenshot(path=FOLDER / f"{name}-whole.png", full_page=True)
                yield name
            page.close()


def main() -> None:
    """Take all pictures, and copy the README's."""
    expect.set_options(timeout=TIMEOUT_MS)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder)) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name in take_all(browser, app.address):
            print(name)
        browser.close()
    for name, shown in README.items():
        shutil.copyfile(FOLDER / f"{shown}.png", HERE / f"{name}.png")


if __name__ == "__main__":
    main()
