"""Tracks in a real browser: selecting, folding, streaming."""

import pytest
from playwright.sync_api import expect

from tests.browser.timeline.demo import STREAMED_WORDS
from tests.browser.timeline.shown_page import KINDS

pytestmark = pytest.mark.browser


def test_a_click_on_an_item_selects_it(timeline):
    x, y = timeline.point("[data-track=chords]", 17 / 32)
    timeline.page.evaluate("window.addEventListener('audioscope:select', event => { window.chosen = event.detail; })")
    timeline.page.mouse.click(x, y)
    assert timeline.page.evaluate("[chosen.track, chosen.index, chosen.text]") == ["chords", 0, "Cm (50 %)"]
    assert timeline.value("t.state.tracks.get('chords').selected") == 0


def test_up_and_down_walk_the_items_of_a_track(timeline):
    timeline.page.get_by_role("button", name="Words", exact=True).focus()
    timeline.page.keyboard.press("ArrowDown")
    timeline.page.keyboard.press("ArrowDown")
    assert timeline.value("t.state.tracks.get('words').selected") == 1
    assert timeline.time() == pytest.approx(timeline.duration() / 32, abs=0.001)


def test_two_clicks_on_an_item_loop_it(timeline):
    timeline.page.mouse.dblclick(*timeline.point("[data-track=chords]", 19 / 32))
    part = timeline.duration() / 32
    assert timeline.value("[t.state.loop.start, t.state.loop.end]") == pytest.approx([18 * part, 20 * part], abs=0.001)


def test_tracks_fold_and_stay_folded_when_replaced(timeline):
    name = timeline.page.get_by_role("button", name="Notes", exact=True)
    expect(name).to_have_attribute("aria-expanded", "true")
    name.click()
    expect(name).to_have_attribute("aria-expanded", "false")
    expect(timeline.page.locator("[data-track=notes] canvas")).to_be_hidden()
    timeline.press("Tracks")
    timeline.until("t.state.tracks.get('notes').folded")


def test_streams_without_losing_zoom_or_playback(timeline):
    timeline.page.keyboard.press("l")  # or the clip ends before a slow stream
    timeline.page.keyboard.press(" ")
    timeline.value("t.showRange(0, t.view.duration / 2)")
    timeline.press("Stream")
    timeline.until(f"t.state.tracks.get('streamed')?.items.length === {STREAMED_WORDS}")
    assert timeline.value("t.state.playing") is True
    assert timeline.value("t.view.span / t.view.duration") == pytest.approx(0.5)
    assert timeline.value("t.state.tracks.size") == len(KINDS) + 1


def test_another_clip_takes_the_tracks_away_and_ignores_late_ones(timeline):
    timeline.press("Show hour")
    timeline.until("t.view.duration === 3600")
    assert timeline.value("t.state.tracks.size") == 0
    timeline.press("Tracks")
    timeline.press("Nothing")
    expect(timeline.page.get_by_text("No clip yet")).to_be_visible()
    assert timeline.value("t.state.tracks.size") == 0
