"""One button fills all tabs, and its Stop ends what is at work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.app_process import RunningApp, running_app
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, open_tab, visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


def test_a_bird_is_stopped_then_analysed_and_its_results_come_back_from_the_history(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    button, line = page.locator("#analyse-everything"), page.locator("#everything-line")
    expect(button).to_be_hidden()
    load_example(page, "A sound")
    button.click()
    expect(line.locator("progress")).to_be_visible(timeout=30_000)
    page.locator("#stop-everything").click()
    expect(line.locator('[data-state="stopped"]')).to_be_visible(timeout=30_000)
    button.click()
    expect(line.locator('[data-state="done"]')).to_contain_text("There is no speech in this clip.", timeout=90_000)
    expect(page.locator("#stop-everything")).to_be_disabled()
    page.reload()
    expect(page.locator(".as-name")).to_have_text("A sound")
    for tab, result in (
        ("Music & sound", "#music-summary"),
        ("Sound to image", "#picture-summary"),
        ("Embeddings", "#embedding-summary"),
    ):
        open_tab(page, tab)
        expect(page.locator(f'{result} [data-state="done"]')).to_be_visible(timeout=30_000)
