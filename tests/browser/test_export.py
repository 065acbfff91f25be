"""The Export menu in a real browser: shown when there is something, and each entry downloads a file that can be read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


@pytest.fixture
def described(app: RunningApp, new_page: NewPage) -> Page:
    """The example of music, described."""
    page = visit(new_page(), app)
    load_example(page, "Music")
    expect(page.locator(".as-name")).to_have_text("Music")
    expect(page.get_by_role("button", name="Export", exact=True)).to_be_hidden()
    page.get_by_role("tab", name="Music & sound").click()
    page.get_by_role("button", name="Describe").click()
    expect(page.locator("#description-json")).to_be_enabled(timeout=60_000)
    return page


def exported(page: Page, name: str) -> Path:
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.locator(".clip-export").get_by_role("button", name=name).click()
    path = Path(str(download.value.path()))
    return path.rename(path.with_name(download.value.suggested_filename))


def test_every_entry_of_the_menu_writes_what_the_page_shows(described: Page) -> None:
    document = json.loads(exported(described, "JAMS").read_text(encoding="utf-8"))
    namespaces = {annotation["namespace"] for annotation in document["annotations"]}
    assert {"beat", "chord", "key_mode", "tempo", "tag_open"} <= namespaces
    for name, ending in (("Sonic Visualiser", "svl"), ("Audacity", "txt")):
        with zipfile.ZipFile(exported(described, name)) as archive:
            assert {f"beats.{ending}", f"downbeats.{ending}", f"chords.{ending}", f"key.{ending}"} <= set(archive.namelist())
    with np.load(exported(described, "NumPy")) as read:
        assert float(read["tempo"]) == pytest.approx(96, abs=1)
        assert read["chroma"].shape[0] == 12
    expect(described.locator(".clip-note")).to_have_text("")


def test_the_menu_is_reached_by_keyboard_and_goes_with_the_tracks(described: Page) -> None:
    button = described.get_by_role("button", name="Export", exact=True)
    button.focus()
    described.keyboard.press("Enter")
    expect(described.locator(".clip-export")).to_be_visible()
    described.keyboard.press("Escape")
    expect(described.locator(".clip-export")).to_be_hidden()
    expect(button).to_be_focused()
    load_example(described, "A sound")
    expect(described.locator(".as-name")).to_have_text("A sound")
    expect(button).to_be_hidden()
