"""Nothing that a person made is lost: Reload, Back and History bring back clip, tab, results and a running job, to one person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, open_tab, take_example, upload, visit, wait_for_state

pytestmark = [pytest.mark.browser, pytest.mark.models]
TRACKS = "[...document.querySelector('.as-timeline').timeline.state.tracks.keys()]"


def summary(page: Page, tab: str) -> str:
    """Text of the line below a result, which must be there."""
    line = page.locator(f'#{tab}-summary [data-state="done"]')
    expect(line).to_be_visible()
    return line.inner_text()


def reopen(page: Page, name: str) -> None:
    page.get_by_role("button", name="History").click()
    page.locator(".clip-history b", has_text=name).click()
    expect(page.locator(".as-name")).to_have_text(name)


def test_reload_back_and_history_bring_back_clip_tab_and_results(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    take_example(page, "Speech")
    spoken = summary(page, "transcript")
    open_tab(page, "Music & sound")
    page.locator("#describe").click()
    measured = summary(page, "music")
    page.get_by_label("Question").fill("Is there singing?")
    page.locator("#ask").click()
    expect(page.locator("#turns")).to_contain_text("Is there singing?")
    expect(page.locator("#stop-asking")).to_be_disabled()
    tracks = page.evaluate(TRACKS)

    page.reload()
    expect(page.get_by_role("tab", name="Music & sound", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator(".as-name")).to_have_text("Speech")
    assert summary(page, "music") == measured, "model, time and machine are those that stood there first"
    expect(page.locator("#turns")).to_contain_text("Is there singing?")
    expect(page.locator("#description-json")).to_be_enabled()
    assert set(page.evaluate(TRACKS)) == set(tracks)
    expect(page.locator("progress:visible")).to_have_count(0)

    load_example(page, "A sound")
    expect(page.locator(".as-name")).to_have_text("A sound")
    expect(page.locator("#turns")).to_be_empty()
    expect(page.locator("#music-summary")).to_be_empty()
    page.go_back()
    expect(page.locator(".as-name")).to_have_text("Speech")
    assert summary(page, "music") == measured
    page.go_back()
    expect(page.get_by_role("tab", name="Transcribe", exact=True)).to_have_attribute("aria-selected", "true")
    assert summary(page, "transcript").split(" · ")[:2] == spoken.split(" · ")[:2]
    page.go_forward()
    page.go_forward()
    expect(page.locator(".as-name")).to_have_text("A sound")
    reopen(page, "Speech")
    expect(page.locator("#music-summary")).to_contain_text(measured)


def test_a_running_job_goes_on_after_a_reload_and_can_be_stopped(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    page = visit(new_page(), app)
    questions: list[str] = []

    def accept(dialog: Dialog) -> None:
        questions.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    upload(page, long_clip)
    page.get_by_role("button", name="Transcribe", exact=True).click()
    lines = page.locator("#transcript li")
    expect(lines.first).to_be_visible()
    page.reload()
    assert questions == ["beforeunload"]
    expect(page.locator(".as-name")).to_have_text(long_clip.name)
    expect(page.locator("#stop-transcribing")).to_be_enabled()
    expect(page.locator("#transcript-summary progress")).to_be_visible()
    expect(lines.first).to_be_visible()
    shown = lines.count()
    expect(lines.nth(shown)).to_be_visible()  # it goes on
    page.locator("#stop-transcribing").click()
    wait_for_state(page, "stopped")
    expect(page.locator("#transcribe")).to_be_enabled()
    page.reload()
    assert questions == ["beforeunload"], "nothing runs any more"
    wait_for_state(page, "stopped")
    expect(lines.nth(shown)).to_be_visible()


def test_another_browser_gets_a_sentence_and_the_empty_page(app: RunningApp, new_page: NewPage) -> None:
    owner = visit(new_page(), app)
    load_example(owner, "A sound")
    expect(owner.locator(".as-name")).to_have_text("A sound")
    stranger = new_page()
    stranger.goto(owner.url)
    expect(stranger.locator(".clip-note")).to_contain_text("This clip opens only in its own browser")
    expect(stranger.locator(".as-empty")).to_be_visible()
    assert "clip=" not in stranger.url
    # Even with all that the owner's history knows, but the key.
    history = owner.evaluate("localStorage.getItem('audioscope-history')")
    stranger.evaluate("history => localStorage.setItem('audioscope-history', history)", history)
    stranger.goto(owner.url)
    expect(stranger.locator(".clip-note")).to_contain_text("no longer kept here")
    expect(stranger.locator(".as-empty")).to_be_visible()


def test_the_history_of_a_newer_version_stays_as_it_is(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    newer = json.dumps({"version": 1000, "entries": [{"clip": "of a form that is not known"}]})
    page.evaluate("newer => localStorage.setItem('audioscope-history', newer)", newer)
    page.reload()
    page.get_by_role("button", name="History").click()
    expect(page.locator(".clip-history li")).to_have_text(
        "A newer version of Audioscope wrote the history of this browser: it is kept, and not shown here."
    )
    load_example(page, "A sound")
    expect(page.locator(".clip-history li")).to_have_count(2)
    page.get_by_role("button", name="Delete A sound").click()
    expect(page.locator(".clip-history li")).to_have_count(1)
    assert page.evaluate("localStorage.getItem('audioscope-history')") == newer


def test_two_pages_of_one_browser_have_clips_of_their_own(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    first = visit(new_page(), app)
    upload(first, long_clip)
    first.get_by_role("button", name="Transcribe", exact=True).click()
    lines = first.locator("#transcript li")
    expect(lines.first).to_be_visible()
    second = first.context.new_page()
    load_example(visit(second, app), "A sound")
    second.locator("#transcribe").click()
    expect(second.locator("#transcript-summary")).not_to_be_empty()
    second.reload()
    expect(second.locator(".as-name")).to_have_text("A sound")
    assert first.locator(".as-name").inner_text() == long_clip.name
    expect(first.locator("#stop-transcribing")).to_be_enabled()
    # The other clip is left in the middle: its job stops, and it comes back as far as it was.
    load_example(first, "A sound")
    expect(first.locator(".as-name")).to_have_text("A sound")
    expect(first.locator("#transcript-summary progress")).to_have_count(0)
    expect(lines).to_have_count(0)
    first.go_back()
    expect(first.locator(".as-name")).to_have_text(long_clip.name)
    wait_for_state(first, "stopped")
    expect(lines.first).to_be_visible()
    assert second.locator(".as-name").inner_text() == "A sound"
