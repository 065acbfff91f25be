"""The app in a real browser: clips, errors, the model panel, the keyboard and a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, upload, visit, wait_for_state
from tests.recordings import EXAMPLES, librivox_sentences

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_errors_and_refusals_are_sentences(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    page = visit(new_page(), app)
    page.get_by_role("button", name="Transcribe", exact=True).click()
    expect(page.get_by_text("There is no clip yet")).to_be_visible()
    letter = tmp_path / "letter.mp3"
    letter.write_text("Dear listener")
    page.locator(".clip-file").set_input_files(letter)
    expect(page.get_by_text("Nothing in this file can be read as sound, although its name ends in .mp3")).to_be_visible()
    page.locator(".clip-file").set_input_files(EXAMPLES / "blackbird.ogg")
    expect(page.locator(".as-name")).to_have_text("blackbird.ogg")
    assert "Traceback" not in page.content()
    # A page that lies about what it uploaded gets a sentence, not a file.
    page.route("**/upload*", lambda route: route.fulfill(json=["/etc/passwd"]))
    page.locator(".clip-file").set_input_files(EXAMPLES / "music.ogg")
    expect(page.get_by_text("not in the cache folder")).to_be_visible()


def test_history_reopens_and_deletes_and_is_ones_own(app: RunningApp, new_page: NewPage) -> None:
    ann, bob = visit(new_page(), app), visit(new_page(), app)
    expect(ann.get_by_role("button", name="History")).to_be_hidden()
    upload(ann, librivox_sentences()[2].path)
    upload(ann, EXAMPLES / "blackbird.ogg")
    upload(bob, EXAMPLES / "blackbird.ogg")
    ann.reload()
    ann.get_by_role("button", name="History").click()
    expect(ann.locator(".clip-history li")).to_have_count(2)
    ann.locator(".clip-history").get_by_role("button", name=librivox_sentences()[2].path.name, exact=False).first.click()
    expect(ann.locator(".as-name")).to_have_text(librivox_sentences()[2].path.name)
    ann.get_by_role("button", name="History").click()
    ann.get_by_role("button", name="Delete blackbird.ogg").click()
    ann.get_by_role("button", name=f"Delete {librivox_sentences()[2].path.name}").click()
    expect(ann.get_by_text("No clip yet")).to_be_visible()
    expect(ann.get_by_role("button", name="History")).to_be_hidden()
    bob.reload()
    bob.get_by_role("button", name="History").click()
    expect(bob.locator(".clip-history li")).to_have_count(1)
    bob.locator(".clip-history button").first.click()
    expect(bob.locator(".as-name")).to_have_text("blackbird.ogg")


def test_a_history_entry_that_is_gone_says_so_and_leaves(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.evaluate(
        "localStorage.setItem('audioscope-history', JSON.stringify([{hash: '0'.repeat(32), name: 'old', duration: 1, time: 0}]))"
    )
    page.reload()
    page.get_by_role("button", name="History").click()
    page.locator(".clip-history button").first.click()
    expect(page.get_by_text("This clip is no longer kept here")).to_be_visible()
    expect(page.get_by_role("button", name="History")).to_be_hidden()


def test_the_loop_and_a_recording_become_clips(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    load_example(page, "Music")
    expect(page.locator(".as-name")).to_have_text("Music")
    expect(page.get_by_role("button", name="Crop to loop")).to_be_hidden()
    page.evaluate("window.dispatchEvent(new CustomEvent('audioscope:loop', {detail: {start: 2, end: 5.5}}))")
    page.get_by_role("button", name="Crop to loop").click()
    expect(page.locator(".as-name")).to_have_text("Music 2.0–5.5 s")
    expect(page.locator(".as-facts")).to_contain_text("0:03.5")
    expect(page.locator(".as-facts")).to_contain_text("stereo")
    expect(page.get_by_role("button", name="Crop to loop")).to_be_hidden()

    page.get_by_role("button", name="Record").click()
    expect(page.locator(".clip-note")).to_contain_text("Recording 2.")
    page.get_by_role("button", name="Stop recording").click()
    expect(page.locator(".as-name")).to_contain_text("Recording")
    expect(page.locator(".as-facts")).to_contain_text("48 kHz")


def test_the_keyboard_is_enough_and_the_status_panel_frees_models(app: RunningApp, new_page: NewPage, unknown_clip: Path) -> None:
    page = visit(new_page(), app)
    page.locator(".clip-examples").get_by_role("button", name="Speech").focus()
    page.keyboard.press("Enter")
    wait_for_state(page, "done")
    page.get_by_role("button", name="Open", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".clip-drop-zone")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open", exact=True)).to_be_focused()
    expect(page.locator(".clip-drop-zone")).to_be_hidden()

    upload(page, unknown_clip)
    page.get_by_role("button", name="Transcribe", exact=True).press("Enter")
    wait_for_state(page, "done")
    page.get_by_role("tab", name="Models").click()
    expect(page.locator("#residents")).to_contain_text("Whisper base (offline)")
    expect(page.locator("#residents")).not_to_contain_text("in use")  # by a job of the test before, whose page was closed
    expect(page.locator("#catalogue")).to_contain_text("Systran/faster-whisper-large-v3")
    page.get_by_role("button", name="Unload idle models").click()
    expect(page.locator("#residents")).to_contain_text("No model is loaded")
    expect(page.locator(".pill")).to_contain_text("no model loaded")
