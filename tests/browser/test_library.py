"""The library of clips, which everyone who uses the server shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp, running_app
from tests.browser.conftest import NewPage
from tests.browser.page_actions import upload, visit
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]
LONG_MS = 120_000


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app whose library is empty."""
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


def open_library(page: Page) -> None:
    page.get_by_role("tab", name="Embeddings").click()
    page.locator("#embedding-views").get_by_role("tab", name="Clips").click()


def test_clips_of_the_library_are_listed_renamed_opened_and_deleted(app: RunningApp, new_page: NewPage) -> None:
    ann, bob = visit(new_page(), app), visit(new_page(), app)
    upload(ann, EXAMPLES / "blackbird.ogg")
    open_library(ann)
    library = ann.locator("#library-clips")
    expect(library).to_contain_text("The library is empty")
    expect(ann.get_by_text("Shared: everyone using this server can open it")).to_be_visible()
    ann.locator("#add-to-library").click()
    expect(library.get_by_role("button", name="blackbird.ogg", exact=True)).to_be_visible(timeout=LONG_MS)
    expect(library).to_contain_text("YAMNet (offline), Whisper base")
    library.get_by_role("button", name="Rename blackbird.ogg").press("Enter")
    library.get_by_role("textbox").fill("never this")
    library.get_by_role("textbox").press("Escape")
    expect(library.get_by_role("button", name="Rename blackbird.ogg")).to_be_focused()
    library.get_by_role("button", name="Rename blackbird.ogg").press("Enter")
    library.get_by_role("textbox").fill("A <bird> at dawn")
    library.get_by_role("textbox").press("Enter")
    expect(library.get_by_role("button", name="Rename A <bird> at dawn")).to_be_focused()

    open_library(bob)
    seen = bob.locator("#library-clips")
    seen.get_by_role("button", name="A <bird> at dawn", exact=True).click()
    expect(bob.locator(".as-name")).to_have_text("A <bird> at dawn")
    seen.get_by_role("button", name="Delete A <bird> at dawn").click()
    expect(seen).to_contain_text("Delete for everyone")
    seen.get_by_role("button", name="Delete A <bird> at dawn").click()
    expect(seen).to_contain_text("The library is empty")
    ann.get_by_role("tab", name="Layers").click()
    open_library(ann)
    expect(library).to_contain_text("The library is empty")
