"""The transcript in a real browser: words that seek, lines that are corrected and decoded again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp
from tests.assembled_speech import read_speech
from tests.browser.conftest import NewPage
from tests.browser.page_actions import playhead, take_example, upload, visit, wait_for_state
from tests.pipelines.clip.sound_files import encode
from tests.recordings import librivox_sentences

pytestmark = [pytest.mark.browser, pytest.mark.models]


def spoken(page: Page, app: RunningApp) -> None:
    """The page shows the transcribed example of speech."""
    visit(page, app)
    take_example(page, "Speech")
    wait_for_state(page, "done")
    expect(page.locator("#transcript li")).to_have_count(2)


def test_words_seek_are_reached_by_keys_and_escape_leaves_a_line_as_it_was(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    spoken(page, app)
    page.locator("#transcript .word", has_text="young").click()
    expect(page.locator("#transcript .word.hl")).to_be_visible()
    expect(page.locator("#transcript li.now")).to_contain_text("ill-disposed young man")
    expect(page.locator(".as-caption")).to_contain_text("young man")
    assert playhead(page) >= 7.3
    expect(page.locator("#transcript .word:focus")).to_have_count(0)  # Space goes on to pause
    page.locator("#transcript .time").first.click()
    expect(page.locator("#transcript li.now")).to_contain_text("Dashwood")

    lines, entered = page.locator("#transcript li"), page.locator("#transcript .word:focus")
    page.locator("#transcript .time").first.focus()
    page.keyboard.press("Tab")
    expect(entered).to_have_text(str(lines.nth(0).locator(".word").nth(0).text_content()))
    page.keyboard.press("ArrowRight")
    expect(entered).to_have_text(str(lines.nth(0).locator(".word").nth(1).text_content()))
    page.keyboard.press("ArrowDown")
    expect(entered).to_have_text(str(lines.nth(1).locator(".word").nth(0).text_content()))
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    expect(entered).to_have_text(str(page.locator("#transcript .word").last.text_content()))
    start = float(str(entered.get_attribute("data-time")))
    page.keyboard.press("Enter")
    expect(page.locator("#transcript li.now")).to_contain_text(str(entered.text_content()))
    assert playhead(page) >= start - 0.01

    line = lines.first
    before = line.locator(".text").inner_text()
    line.hover()
    line.get_by_role("button", name="Edit this line").click()
    page.keyboard.type("nonsense ")
    page.keyboard.press("Escape")
    expect(line.locator(".text")).to_have_text(before)


def test_a_line_is_corrected_in_place_downloaded_and_decoded_again_with_other_options(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    spoken(page, app)
    line = page.locator("#transcript li").nth(1)
    line.hover()
    line.get_by_role("button", name="Edit this line").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("He was <b>not</b> an ill-disposed old man,")
    page.keyboard.press("Enter")
    expect(line.locator(".text")).to_have_text("He was <b>not</b> an ill-disposed old man,")
    expect(line.locator(".word", has_text="old")).to_be_visible()
    page.locator("#transcript .word", has_text="ill-disposed").first.click()
    expect(page.locator(".as-caption")).to_contain_text("old man")
    with page.expect_download() as download:
        page.get_by_role("link", name="SRT").or_(page.get_by_role("button", name="SRT")).first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "ill-disposed old man" in " ".join(text.split())
    assert "-->" in text
    assert download.value.suggested_filename == "Speech.srt"

    expect(line.locator(".mark.edited")).to_be_visible()  # until then the line is drawn once more
    page.get_by_label("Model").click()
    page.get_by_role("option", name="Whisper tiny.en (offline)").click()
    line.get_by_role("button", name="Retranscribe this line").press("Enter")
    expect(line).to_contain_text("young man")
    expect(page.locator("#transcript li").first).to_contain_text("Dashwood")


def test_of_lines_corrected_at_once_none_is_lost(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    spoken(page, app)
    lines = page.locator("#transcript li")
    # One is sent while another is being corrected.
    page.evaluate("""() => {
        const rows = document.querySelectorAll('#transcript li');
        rows[0].querySelector('.edit').click();
        const text = rows[0].querySelector('[contenteditable]');
        text.textContent = 'One whole';
        text.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
        rows[1].querySelector('.edit').click();
        rows[1].querySelector('[contenteditable]').textContent = 'Two half';
    }""")
    on_timeline = "document.querySelector('.as-timeline').timeline.state.tracks.get('speech').text.includes({!r})"
    page.wait_for_function(on_timeline.format("One whole"))
    page.locator("#transcript .editing [contenteditable]").press("Enter")
    page.wait_for_function(on_timeline.format("Two half"))
    expect(lines.nth(0)).to_contain_text("One whole")
    expect(lines.nth(1)).to_contain_text("Two half")
    expect(lines.locator(".mark.edited")).to_have_count(2)

    page.evaluate("""async () => {
        const rows = () => document.querySelectorAll('#transcript li');
        for (let index = 0; index < rows().length; index += 1) {
            await new Promise(requestAnimationFrame);
            const row = rows()[index];
            row.dataset.before = 'yes';
            row.querySelector('.edit').click();
            const text = row.querySelector('[contenteditable]');
            text.textContent = `Kept ${text.textContent}`;
            text.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
        }
    }""")
    expect(page.locator("#transcript li[data-before]")).to_have_count(0)  # all were sent anew, by whoever has the text
    expect(page.locator("#transcript li", has_text="Kept")).to_have_count(2)


LABEL_STANDS_BEFORE_ITS_TEXT = """() => {
  const [label, text] = ['.side', '.text'].map(name => document.querySelector(`#transcript li ${name}`)?.getBoundingClientRect());
  return label?.width > 0 && text?.width > 0 && label.right <= text.left && text.right <= window.innerWidth;
}"""


def test_lines_of_two_sides_have_labels_and_follow_together(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    left, right = (read_speech(sentence.path) for sentence in librivox_sentences()[1:3])
    sides = np.zeros((2, max(len(left), len(right))), np.float32)
    sides[0, : len(left)], sides[1, : len(right)] = left, right
    page = visit(new_page(), app)
    upload(page, encode(tmp_path / "two.wav", sides, "wav", "pcm_s16le", 16_000))
    page.locator("#transcribe").click()
    wait_for_state(page, "done")
    lines = page.locator("#transcript li")
    expect(lines).to_have_count(2)
    expect(lines.locator(".side")).to_have_text(["Left", "Right"])
    lines.nth(0).locator(".word").nth(2).click()
    expect(page.locator("#transcript li.now")).to_have_count(2)
    expect(page.locator(".as-caption")).to_contain_text("Right: Unless")
    right_line = lines.nth(1)
    right_line.hover()
    right_line.locator(".edit").click()
    right_line.locator(".text").fill("Corrected.")
    right_line.locator(".text").press("Enter")
    expect(lines.nth(1).locator(".text")).to_have_text("Corrected.")
    expect(lines.locator(".side")).to_have_text(["Left", "Right"])
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(LABEL_STANDS_BEFORE_ITS_TEXT)
