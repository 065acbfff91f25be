"""What is in view in a real browser: zoom, scroll, overview, dark mode, phones."""

import pytest
from playwright.sync_api import expect

from tests.browser.timeline.shown_page import DOTS, PAINTED, dots, painted, with_tracks

pytestmark = pytest.mark.browser


def test_the_wheel_zooms_about_the_pointer_and_scrolls_sideways(timeline):
    x, y = timeline.point(".as-wave", 0.5)
    timeline.page.mouse.move(x, y)
    timeline.page.mouse.wheel(0, -300)
    timeline.until("t.view.span < t.view.duration / 1.3")
    start, span = timeline.value("[t.view.start, t.view.span]")
    assert start + span / 2 == pytest.approx(timeline.duration() / 2, rel=0.02)
    expect(timeline.page.locator(".as-map")).to_be_visible()
    timeline.page.mouse.wheel(40, 0)
    timeline.until(f"t.view.start > {start}")
    assert timeline.value("t.view.span") == pytest.approx(span)


def test_zooms_to_50_milliseconds_and_fetches_what_it_shows(timeline):
    timeline.value("t.showRange(1, 0.001)")
    assert timeline.value("t.view.span") == pytest.approx(0.05)
    timeline.until("[...t.state.tiles.kept.keys()].some(key => key.startsWith('peaks:0:'))")
    assert painted(timeline, ".as-wave")


def test_a_spectrogram_takes_the_place_of_the_wave(own_timeline):
    timeline = own_timeline
    timeline.press("Spectrogram")
    timeline.until("[...t.state.tiles.kept.keys()].some(key => key.startsWith('mel:'))")
    timeline.page.wait_for_function(PAINTED, arg=".as-wave")
    expect(timeline.page.get_by_role("img", name="Log-mel spectrogram")).to_be_visible()


def test_the_map_moves_the_window(timeline):
    timeline.value("t.showRange(0, t.view.duration / 10)")
    chart = timeline.page.locator(".as-map")
    expect(chart).to_be_visible()
    box = chart.bounding_box()
    timeline.page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + 10)
    assert timeline.value("(t.view.start + t.view.span / 2) / t.view.duration") == pytest.approx(0.8, abs=0.02)


def test_dark_mode_is_followed(open_page):
    timeline = with_tracks(open_page(theme="dark"))
    background = timeline.page.locator(".as-timeline").evaluate("element => getComputedStyle(element).backgroundColor")
    assert background == "rgb(29, 32, 36)"
    before = dots(timeline, "[data-track=words]")
    timeline.page.evaluate("document.body.classList.remove('dark')")
    timeline.page.wait_for_function(f"before => {DOTS}('[data-track=words]') !== before", arg=before)


def test_fits_a_phone_and_fingers_pan_and_pinch(open_page):
    timeline = with_tracks(open_page(width=375, height=740, touch=True))
    page = timeline.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    timeline.value("t.showRange(1, 1)")
    x, y = timeline.point("[data-track=words]", 0.5)
    touches = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        listed = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": listed})

    touch("touchStart", (x, y))
    for step in range(1, 8):
        touch("touchMove", (x - 8 * step, y))
    touch("touchEnd")
    timeline.until("t.view.start > 1.1")
    touch("touchStart", (x - 20, y))
    touch("touchStart", (x - 20, y), (x + 20, y))
    for step in range(1, 8):
        touch("touchMove", (x - 20 - 5 * step, y), (x + 20 + 5 * step, y))
    touch("touchEnd")
    timeline.until("t.view.span < 0.7")
    page.touchscreen.tap(*timeline.point(".as-wave", 0.5))
    middle = timeline.value("t.view.start + t.view.span / 2")
    timeline.until(f"Math.abs(t.state.time - {middle}) < 0.05")


def test_an_hour_is_painted_from_its_overview(open_page):
    timeline = open_page()
    timeline.press("Show hour")
    timeline.until("t.view.duration === 3600")
    timeline.page.wait_for_function(PAINTED, arg=".as-wave")
