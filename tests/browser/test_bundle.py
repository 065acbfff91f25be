"""A bundle leaves the page as a download, opens in another app without computing, and its report plays from disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app_process import RunningApp, running_app
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, open_tab, visit

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_a_bundle_opens_in_another_app_and_its_report_without_any(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    page = visit(new_page(), app)
    load_example(page, "A sound")
    open_tab(page, "Music & sound")
    page.locator("#describe").click()
    expect(page.locator("#description-json")).to_be_enabled()
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.locator(".clip-export").get_by_role("button", name="Everything with the clip").click()
    download.value.save_as(bundle)
    kept = bundle.rename(tmp_path / "kept.zip")
    bundle.write_bytes(kept.read_bytes())
    described = page.locator("#caption").inner_text()
    page.close()
    with running_app(tmp_path / "second") as other:
        page = visit(new_page(), other)
        page.locator(".clip-file").set_input_files(bundle)
        expect(page.locator(".as-name")).to_have_text("A sound")
        open_tab(page, "Music & sound")
        expect(page.locator("#caption")).to_have_text(described, use_inner_text=True)
        expect(page.locator("#description-json")).to_be_enabled()
        expect(page.locator(".pill")).to_contain_text("no model loaded")
        bundle.write_bytes(bundle.read_bytes()[:-1])
        page.locator(".clip-file").set_input_files(bundle)
        expect(page.locator(".clip-note")).to_contain_text("its file is damaged or was cut off")
        page.close()
    with zipfile.ZipFile(kept) as archive:
        report = Path(archive.extract("report.html", tmp_path))
    page = new_page(390, 844)
    page.context.set_offline(True)
    page.goto(report.as_uri())
    expect(page.locator("h1")).to_have_text("A sound")
    page.keyboard.press("ArrowRight")
    assert page.locator("audio").evaluate("audio => audio.currentTime") == pytest.approx(5, abs=0.1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
