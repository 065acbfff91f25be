"""The tab Music & sound in a real browser, on the example of music."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, playhead, visit

pytestmark = [pytest.mark.browser, pytest.mark.models]
LONG_MS = 60_000


def described(page: Page, app: RunningApp, example: str = "Music") -> Page:
    """Return the page with the description of the example."""
    visit(page, app)
    load_example(page, example)
    page.get_by_role("tab", name="Music & sound").click()
    expect(page.locator("#caption")).to_contain_text("Press Describe")
    page.locator("#describe").click()
    expect(page.locator('#music-summary [data-state="done"]')).to_be_visible(timeout=LONG_MS)
    return page


def test_music_is_described_with_evidence_that_plays(app: RunningApp, new_page: NewPage) -> None:
    page = described(new_page(), app)
    expect(page.locator("#facts")).to_contain_text("96")
    expect(page.locator("#facts")).to_contain_text("C minor")
    expect(page.locator("#tags")).to_contain_text("Woodwind")
    expect(page.locator(".caption-text")).to_contain_text("C minor")
    expect(page.locator("#caption")).to_contain_text("confirmed")
    marks = page.locator("#caption [data-verdict]").evaluate_all("all => all.map(one => [one.dataset.verdict, one.title])")
    for verdict, title in marks:  # the caption repeats the measurements: only a sure one is a tick
        confidences = [int(number) for number in re.findall(r"(\d+) % sure", title)]
        assert (verdict == "confirmed") == bool(confidences and confidences[0] >= 80), title
    expect(page.locator("#caption [data-verdict=contradicted]")).to_have_count(0)
    for track in ("Beats", "Chords", "Instruments"):
        expect(page.get_by_role("button", name=track, exact=True)).to_be_visible()
    page.locator("#facts").get_by_role("button", name="G7").click()
    page.wait_for_function("document.querySelector('.as-timeline').timeline.state.time >= 14.9")
    assert playhead(page) < 20


def test_the_description_is_downloaded_as_json(app: RunningApp, new_page: NewPage) -> None:
    page = described(new_page(), app)
    with page.expect_download() as download:
        page.locator("#description-json").click()
    found = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert found["title"] == "Music"
    assert found["facts"]["key"]["tonic"] == "C"
    assert found["caption"]["sentences"][0]["claims"]


def test_questions_are_answered_from_the_facts(app: RunningApp, new_page: NewPage) -> None:
    page = described(new_page(), app)
    page.get_by_label("Question").fill("What key is it in?")
    page.get_by_label("Question").press("Enter")
    expect(page.locator("#turns .turn")).to_contain_text("C minor")
    page.get_by_label("Question").fill("Who composed this?")
    page.locator("#ask").click()
    expect(page.locator("#turns .turn")).to_have_count(2)
    expect(page.locator("#turns .turn").last).to_contain_text("audio language model")


def test_a_sound_is_tagged_and_the_rows_say_why_it_has_no_tempo_and_no_key(app: RunningApp, new_page: NewPage) -> None:
    page = described(new_page(), app, "A sound")
    expect(page.locator("#tags")).to_contain_text("Chirp")
    expect(page.locator("#facts")).not_to_contain_text("BPM")
    expect(page.locator("#facts")).to_contain_text("no steady pulse")
    expect(page.locator("#facts")).to_contain_text("not music")


def test_another_clip_clears_the_results(app: RunningApp, new_page: NewPage) -> None:
    page = described(new_page(), app, "A sound")
    load_example(page, "Speech")
    expect(page.locator("#caption")).to_contain_text("Press Describe")
    expect(page.locator("#tags")).to_be_empty()


def test_describe_pressed_while_the_clip_is_loading_describes_that_clip(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.get_by_role("tab", name="Music").click()
    expect(page.locator("#describe")).to_be_visible()
    page.evaluate("for (const it of [`.clip-examples [data-index='2']`, '#describe']) document.querySelector(it).click()")
    expect(page.locator(".as-name")).to_have_text("A sound")
    expect(page.locator("#tags")).to_contain_text("Animal")


def test_what_cannot_work_is_not_offered_and_own_words_are_matched_by_their_meaning(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    load_example(page, "A sound")
    page.get_by_role("tab", name="Music & sound").click()
    reason = page.locator(".out-of-reach summary:visible", has_text="cannot be reached")
    expect(reason.first).to_be_visible()
    page.get_by_label("Caption model").click()
    options = page.get_by_role("option")
    expect(options).to_contain_text(["Automatic", "Templates", "trained on rendered music"])
    expect(options).to_have_count(3)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Own words").click()
    page.get_by_label("Words, separated by commas").fill("a songbird, traffic, xylophagous")
    page.locator("#score-labels").click()
    rows = page.locator("#label-scores tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("songbird")
    expect(rows.nth(0)).to_contain_text("Bird")
    expect(rows.nth(1)).to_contain_text("Not found")
    expect(rows.nth(2)).to_contain_text("No known label")
    expect(page.locator("#label-scores")).to_contain_text("not with the sound itself")
    expect(page.locator("#label-scores")).not_to_contain_text("%")
    page.get_by_role("tab", name="Embeddings").click()
    page.get_by_role("tab", name="Clips").click()
    expect(page.get_by_label("Search by text")).to_be_disabled()
