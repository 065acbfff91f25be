"""Edits of a transcript in a real browser: nothing that a person wrote is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import (
    NO_TRANSITIONS,
    load_example,
    open_from_history,
    set_theme,
    take_example,
    visit,
    wait_for_state,
)

pytestmark = [pytest.mark.browser, pytest.mark.models]

UNSURE_WORDS_CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const painted = colours => {
    canvas.reset();
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const root = getComputedStyle(document.querySelector('#transcript'));
  const grounds = ['--as-card', '--as-accent-soft'].map(name => root.getPropertyValue(name));
  const word = document.querySelector('#transcript .word');
  return ['w1', 'w2'].flatMap(level => grounds.map(ground => {
    word.className = `word ${level}`;
    const style = getComputedStyle(word);
    if (style.opacity !== '1') return 0;
    const [a, b] = [painted([ground]), painted([ground, style.color])];
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  }));
}"""


def spoken(page: Page, app: RunningApp) -> Locator:
    """The lines of the transcribed example of speech."""
    visit(page, app)
    take_example(page, "Speech")
    wait_for_state(page, "done")
    lines = page.locator("#transcript li")
    expect(lines).to_have_count(2)
    return lines


def write(page: Page, line: Locator, text: str) -> None:
    """Replace the text of a line."""
    line.get_by_role("button", name="Edit this line").click(force=True)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(line.locator(".text")).to_have_text(text)
    expect(line.locator(".mark.edited")).to_be_visible()


def choose_action(page: Page, line: Locator, name: str) -> None:
    """Begin to edit a line, and press one of the buttons below it."""
    line.get_by_role("button", name="Edit this line").click(force=True)
    page.get_by_role("button", name=name, exact=True).click()


def test_edits_stay_over_other_clips_a_reload_and_a_new_run(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    lines = spoken(page, app)
    write(page, lines.nth(1), "A corrected line.")
    load_example(page, "A sound")
    expect(page.locator(".as-name")).to_have_text("A sound")
    expect(page.locator("#transcript")).not_to_contain_text("A corrected line.")
    open_from_history(page, "Speech")
    expect(lines.nth(1).locator(".text")).to_have_text("A corrected line.")
    visit(page, app)
    open_from_history(page, "Speech")
    expect(lines.nth(1).locator(".text")).to_have_text("A corrected line.")

    page.locator("#transcribe").click()
    page.get_by_role("button", name="Keep editing").click()
    expect(lines.nth(1).locator(".text")).to_have_text("A corrected line.")
    page.locator("#transcribe").click()
    page.get_by_role("button", name="Transcribe again").click()
    expect(lines.nth(1)).to_contain_text("ill-disposed young man")
    version = page.get_by_label("Version")
    version.select_option(label=version.locator("option", has_text="1 edit").inner_text())
    expect(lines.nth(1).locator(".text")).to_have_text("A corrected line.")
    page.get_by_role("button", name="Undo").click()
    expect(lines.nth(1)).to_contain_text("ill-disposed young man")

    other = spoken(new_page(), app)  # of the same recording
    expect(other.nth(1)).to_contain_text("ill-disposed young man")
    expect(other.page.get_by_label("Version")).to_be_hidden()


def test_undo_and_redo_go_over_every_kind_of_edit(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    lines = spoken(page, app)
    before = lines.locator(".text").all_inner_texts()
    write(page, lines.nth(0), "One two three four.")
    lines.nth(0).get_by_role("button", name="Edit this line").click(force=True)
    page.keyboard.press("Home")
    for _ in "One two":
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Split at cursor").click()
    expect(lines.locator(".text").nth(1)).to_have_text("three four.")
    choose_action(page, lines.nth(1), "Merge with next")
    expect(lines).to_have_count(2)
    expect(lines.nth(1)).to_contain_text("three four. He was not")
    choose_action(page, lines.nth(1), "Delete line")
    expect(lines).to_have_count(1)
    for _ in range(3):
        page.keyboard.press("Control+Z")
    expect(lines.locator(".text").first).to_have_text("One two three four.")
    page.get_by_role("button", name="Undo").click()
    expect(lines.locator(".text")).to_have_text(before)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(lines.locator(".mark")).to_have_count(0)
    for _ in range(3):
        page.keyboard.press("Control+Shift+Z")
    page.get_by_role("button", name="Redo").click()
    expect(lines).to_have_count(1)
    choose_action(page, lines.nth(0), "Delete line")
    expect(page.locator("#transcript .empty")).to_contain_text("Undo brings them back")
    page.keyboard.press("Control+Z")
    expect(lines.locator(".text")).to_have_text(["One two"])


def test_search_replace_all_shift_and_copy(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lines = spoken(page, app)
    field, count = page.get_by_label("Search", exact=True), page.locator(".transcript-search .count")
    field.fill("TO BE")
    expect(count).to_have_text("1 of 2")
    field.press("Enter")
    expect(count).to_have_text("2 of 2")
    page.get_by_role("button", name="Next match").click()
    expect(count).to_have_text("1 of 2")
    page.get_by_role("button", name="Previous match").click()
    expect(count).to_have_text("2 of 2")
    field.fill("what nobody said")
    expect(count).to_have_text("None")
    field.fill("rather")
    page.get_by_role("button", name="Replace", exact=True).click()
    page.get_by_label("Replace with").fill("quite")
    page.get_by_role("button", name="Replace all").click()
    expect(lines.nth(1)).to_contain_text("quite cold-hearted and quite selfish")
    expect(count).to_have_text("None")

    page.get_by_role("button", name="Shift times").click()
    page.get_by_label("Shift by seconds").fill("-100")
    page.get_by_role("button", name="Shift all").click()
    expect(page.locator("#transcript-summary [role=alert]")).to_contain_text("so that all lines stay in the clip")
    time = lines.nth(1).locator(".time")
    start = time.inner_text()
    page.get_by_label("Shift by seconds").fill("1.5")
    page.get_by_role("button", name="Shift all").click()
    expect(time).not_to_have_text(start)
    assert float(time.inner_text()[2:]) - float(start[2:]) == pytest.approx(1.5)

    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.splitlines()[1].startswith("He was not an ill-disposed")
    page.get_by_role("button", name="Copy with times").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.startsWith('0:01.'))")
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    expect(time).to_have_text(start)
    expect(lines.nth(1)).to_contain_text("rather cold-hearted and rather selfish")


def check_contrast_of_unsure_words(page: Page) -> None:
    page.add_style_tag(content=NO_TRANSITIONS)
    for is_dark in (False, True):
        set_theme(page, is_dark)
        assert min(page.evaluate(UNSURE_WORDS_CONTRAST)) >= 4.5


def test_a_typed_name_stands_at_all_lines_of_its_speaker_and_unsure_words_can_be_read(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    spoken(page, app)
    check_contrast_of_unsure_words(page)
    set_theme(page, is_dark=False)
    page.get_by_label("Speakers", exact=True).click()
    page.get_by_role("option", name="Automatic", exact=True).click()
    page.locator("#transcribe").click()
    speakers = page.locator("#transcript .speaker")
    expect(speakers).to_have_text(["Speaker 1", "Speaker 1"])
    speakers.first.click()
    page.get_by_label("Name of the speaker").fill("Anna")
    page.keyboard.press("Enter")
    expect(speakers).to_have_text(["Anna", "Anna"])
    expect(page.locator("#transcript li[data-voice='1']")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(speakers).to_have_text(["Speaker 1", "Speaker 1"])
    speakers.nth(1).click()
    page.get_by_label("Name of the speaker").fill("Ben")
    page.get_by_role("button", name="This line", exact=True).click()
    expect(speakers).to_have_text(["Speaker 1", "Ben"])
