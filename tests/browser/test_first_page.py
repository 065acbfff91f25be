"""The page before there is a clip, and what leads away from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.app_process import RunningApp, running_app
from tests.browser.conftest import NewPage
from tests.browser.page_actions import upload, visit
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


def test_the_api_page_opens_beside_the_clip(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    upload(page, EXAMPLES / "blackbird.ogg")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="API and MCP").click()
    documentation = opened.value
    expect(documentation.get_by_role("dialog")).to_contain_text("read_clip")
    expect(documentation.get_by_role("dialog")).to_contain_text("MCP Server URL")
    expect(page.locator(".as-name")).to_have_text("blackbird.ogg")
    expect(page.get_by_label("Gradio footer navigation")).to_be_hidden()
