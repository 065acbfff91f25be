"""The login in a browser: a wrong password, a viewer behind the gate, and the way out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.accounts import account_entry
from components.model_status.labels import KEEPERS_ONLY, UNLOAD
from tests.app_process import RunningApp, running_app
from tests.browser.conftest import watched_page

pytestmark = pytest.mark.browser

PASSWORD = "vera's password"
REFUSED = "the server responded with a status of 401"
"""What Chromium writes to the console for a page that asks to sign in."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    accounts = f"{account_entry('anna', 'a password', 'keeper')} {account_entry('vera', PASSWORD, 'viewer')}"
    with running_app(tmp_path_factory.mktemp("login"), AUDIOSCOPE_AUTH=accounts) as app:
        yield app


def send(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_viewer_signs_in_cannot_unload_models_and_signs_out(app: RunningApp, browser: Browser) -> None:
    page, complaints = watched_page(browser)
    page.goto(f"{app.address}/?__theme=light")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("vera")
    send(page, "a guess")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("vera")
    expect(page.get_by_label("Password")).to_be_focused()
    send(page, PASSWORD)
    expect(page.locator("#account")).to_contain_text("Signed in as vera, viewer")
    assert "__theme=light" in page.url, "the page that was asked for"

    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_text(KEEPERS_ONLY)).to_be_visible()
    expect(page.get_by_role("button", name=UNLOAD)).to_be_disabled()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.context.close()
    assert [complaint for complaint in complaints if REFUSED not in complaint] == []
