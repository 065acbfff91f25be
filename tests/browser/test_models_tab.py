"""The catalogue of the Models tab: searched, filtered and sorted, by keyboard too, also while the status is renewed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from models.model_catalog import ALL_MODELS
from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, visit

pytestmark = [pytest.mark.browser, pytest.mark.models]
ROWS = "#catalogue tbody tr:visible"


def sizes(page: Page) -> list[float]:
    return [float(cell.get_attribute("data-sort") or "nan") for cell in page.locator(f"{ROWS} td:nth-child(3)").all()]


def test_the_catalogue_is_searched_filtered_and_sorted(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.get_by_role("tab", name="Models").click()
    expect(page.locator("#catalogue-filter output")).to_contain_text("models")
    everything = page.locator(ROWS).count()
    assert everything > 50
    page.get_by_role("searchbox", name="Search models").fill("whisper systran")
    expect(page.locator(f"{ROWS} td:first-child")).to_contain_text(
        ["Systran/faster-whisper-large-v3", "medium", "small", "base", "tiny"]
    )
    page.get_by_role("searchbox", name="Search models").fill("")
    page.get_by_label("Filter by task").select_option("Beats")
    expect(page.locator(ROWS)).to_have_count(2)
    page.get_by_label("Filter by task").select_option("")
    page.get_by_label("Within reach").check()
    offline = sum(spec.is_offline for spec in ALL_MODELS)
    expect(page.locator("#catalogue-filter output")).to_have_text(f"{offline} of {everything} models")
    for cell in page.locator(f"{ROWS} td:last-child").all():
        expect(cell).to_have_text("In this installation")
    size = page.locator("#catalogue").get_by_role("columnheader", name="Size")
    size.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(size).to_have_attribute("aria-sort", "ascending")
    assert sizes(page) == sorted(sizes(page))
    page.keyboard.press("Enter")
    expect(size).to_have_attribute("aria-sort", "descending")
    assert sizes(page) == sorted(sizes(page), reverse=True)
    assert page.evaluate("document.querySelector('#catalogue').offsetHeight") < 700


def test_networks_have_the_size_of_their_weights_and_the_process_is_counted(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    load_example(page, "A sound")
    page.get_by_role("tab", name="Music & sound").click()
    page.locator("#describe").click()
    expect(page.locator('#music-summary [data-state="done"]')).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Models").click()
    page.get_by_role("searchbox", name="Search models").fill("yamnet")
    yamnet = page.locator("#residents tr", has_text="YAMNet").locator("td").nth(1)
    expect(yamnet).to_have_text("7 MB")
    expect(page.locator("#residents")).to_contain_text("Main memory by owner")
    first = page.locator("#residents").text_content()
    expect(page.locator("#residents")).not_to_have_text(str(first))  # the seconds of an idle model: the status was renewed
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page.get_by_role("searchbox", name="Search models")).to_have_value("yamnet")
