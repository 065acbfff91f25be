"""Notes in a real browser: transcribed, edited, undone, and there again after the page was loaded anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp, running_app
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, open_tab, visit

pytestmark = [pytest.mark.browser, pytest.mark.models]

CHOSEN = "#notes-roll .roll-chosen"
STATE = "document.querySelector('.notes-roll').notes"
OFF_GRID = f"""(() => {{
  const {{beats, selected}} = {STATE}.roll;
  const {{onset}} = [...selected][0];
  const next = beats.findIndex(([time]) => time > onset);
  const quarters = 4 * (onset - beats[next - 1][0]) / (beats[next][0] - beats[next - 1][0]);
  return Math.abs(quarters - Math.round(quarters));
}})()"""
"""Distance of the selected note from the grid of quarter beats, in their number."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app")) as running:
        yield running


def count(page: Page) -> int:
    return int(page.evaluate(f"{STATE}.roll.notes.length"))


def place_of(page: Page, index: int) -> tuple[float, float]:
    """Middle of a note in the window."""
    x, y = page.evaluate(
        f"""index => {{
          const {{roll}} = {STATE};
          const note = roll.notes[index];
          const canvas = document.querySelector('.roll-notes').getBoundingClientRect();
          const {{view}} = document.querySelector('.as-timeline').timeline;
          const gutter = parseFloat(getComputedStyle(document.querySelector('.notes-roll')).getPropertyValue('--gutter'));
          const lanes = canvas.width - gutter;
          const middle = ((note.onset + note.offset) / 2 - view.start) / view.span;
          return [canvas.left + gutter + middle * lanes, canvas.top + (roll.rowOf(note) + .5) * roll.rowHeight];
        }}""",
        index,
    )
    return x, y


def transcribed(page: Page, app: RunningApp) -> Page:
    visit(page, app)
    load_example(page, "Music")
    open_tab(page, "Music & sound")
    page.get_by_role("button", name="Transcribe notes").click()
    expect(page.locator("#notes-summary [data-state=done]")).to_contain_text("notes")
    return page


def test_notes_are_transcribed_edited_undone_and_kept(app: RunningApp, new_page: NewPage) -> None:
    page = transcribed(new_page(height=1000), app)
    roll = page.get_by_role("application", name="Piano roll")
    expect(page.locator(".as-row[data-track=notes]")).to_be_visible()
    found = count(page)
    assert found > 50

    roll.press(".")  # the first note, by the keyboard
    expect(page.locator(CHOSEN)).to_contain_text("velocity")
    name = page.locator(CHOSEN).inner_text().split(" ")[0]
    roll.press("Shift+ArrowUp")
    octave = f"{name[:-1]}{int(name[-1]) + 1}"
    expect(page.locator(CHOSEN)).to_contain_text(octave)
    roll.press("Delete")
    expect(page.locator("#notes-summary")).to_contain_text(f"{found - 1} notes")
    roll.press("Control+z")
    expect(page.locator("#notes-summary")).to_contain_text(f"{found} notes")
    roll.press("Control+z")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()

    page.locator(".roll-scroll").scroll_into_view_if_needed()
    index = page.evaluate(f"{STATE}.roll.notes.findIndex(note => note.offset - note.onset > .4 && note.onset > 2)")
    page.locator(".roll-scroll").evaluate(
        f"(scroll, i) => scroll.scrollTop = ({STATE}.roll.rowOf({STATE}.roll.notes[i]) - 8) * {STATE}.roll.rowHeight", index
    )
    x, y = place_of(page, index)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 12, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    assert page.evaluate(OFF_GRID) < 1e-3
    page.get_by_role("button", name="Quantise").click()
    page.get_by_role("button", name="Apply").click()

    with page.expect_download() as midi:
        page.get_by_role("button", name="MIDI").click()
    assert midi.value.suggested_filename == "Music.mid"
    page.get_by_role("button", name="Score").click()
    expect(page.get_by_role("img", name="Score, page 1").first).to_be_visible()

    page.get_by_role("button", name="Transcribe notes").click()  # asks, as it would take the place of the edits
    page.get_by_role("button", name="Keep editing").click()
    page.reload()
    open_tab(page, "Music & sound")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    assert count(page) == found
