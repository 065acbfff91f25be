"""axe-core (Deque) finds no fault on any tab, with results, light and dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import FOLDS, NO_TRANSITIONS, upload, visit
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]
LONG_MS = 120_000
RESULTS = {
    "Transcribe": ("speech.flac", "#transcribe", "#transcript-summary"),
    "Music & sound": ("music.ogg", "#describe", "#music-summary"),
    "Sound to image": ("blackbird.ogg", "#draw", "#picture-summary"),
    "Embeddings": ("blackbird.ogg", "#show-embedding", "#embedding-summary"),
}
"""Tab -> example, main button and the line under its result."""
OPTIONS = {"resultTypes": ["violations"]}


def violations(page: Page) -> list[str]:
    """Return rule, element and reason of each."""
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['html'][:160]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).locator("visible=true").first.click()


def unfold_all(page: Page) -> None:
    folds = page.locator(FOLDS).locator("visible=true")
    while folds.count():
        folds.first.click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_tab_violates_a_rule(theme: str, app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(width=1440, height=900), app, theme)
    page.add_style_tag(content=NO_TRANSITIONS)
    found = {"empty": violations(page)}
    for tab, (example, button, summary) in RESULTS.items():
        if page.locator(".as-name").inner_text() != example:
            upload(page, EXAMPLES / example)
        open_tab(page, tab)
        page.locator(button).click()
        expect(page.locator(f'{summary} [data-state="done"]')).to_be_visible(timeout=LONG_MS)
        expect(page.locator(button)).to_be_enabled()
        unfold_all(page)
        found[tab] = violations(page)
    open_tab(page, "Models")
    found["Models"] = violations(page)
    assert not {tab: some for tab, some in found.items() if some}
