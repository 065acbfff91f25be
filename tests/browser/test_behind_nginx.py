"""The page behind nginx, below a path: sound, pictures and waveform have the right addresses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, visit, wait_for_state
from tests.deploy.behind_nginx import NGINX, app_behind_nginx

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with app_behind_nginx(tmp_path_factory.mktemp("behind")) as app:
        yield app


def test_an_example_plays_and_is_transcribed(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    failed: list[str] = []
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    load_example(page, "Speech")
    page.get_by_role("button", name="Transcribe", exact=True).click()
    wait_for_state(page, "done")
    expect(page.locator("#transcript-summary")).to_be_visible()
    sound = page.evaluate("[...document.querySelectorAll('audio')].map((audio) => audio.currentSrc).find(Boolean)")
    assert sound.startswith(app.address)
    assert failed == []
