"""The map of an embedding in a real browser, beside the player: it moves with the sound, and a point or a region plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from pipelines.embeddings.analysis import nearest_frames
from tests.browser.conftest import NewPage
from tests.browser.embedding_map_demo import FRAMES, MANY_ROWS, SMALL_ROWS, launch_demo

pytestmark = pytest.mark.browser

SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav")
FRAMES_MEASURED = 90
LARGEST_MARKER_LAG_SECONDS = 0.05
STATES = "const m = document.querySelector('.em').map, t = document.querySelector('.as-timeline').timeline"

OpenMap = Callable[..., Page]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    demo, url = launch_demo(SPEECH, tmp_path_factory.mktemp("map"))
    yield url
    demo.close()


@pytest.fixture
def open_map(new_page: NewPage, address: str) -> OpenMap:
    def opened(view: str = "Plane", rows: int = SMALL_ROWS, **options: object) -> Page:
        page = new_page(**options)
        page.goto(f"{address}?__theme=light")
        press(page, "Clip")
        until(page, "t.view.duration > 1")
        press(page, view)
        until(page, f"m.state.map?.times.length === {rows} && m.state.x[0] > 0")
        page.locator(".em-stage").scroll_into_view_if_needed()
        return page

    return opened


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def value(page: Page, expression: str) -> Any:
    return page.evaluate(f"(() => {{ {STATES}; return {expression}; }})()")


def until(page: Page, condition: str) -> None:
    page.wait_for_function(f"(() => {{ {STATES}; return {condition}; }})()")


def place(page: Page, row: int) -> tuple[float, float]:
    """Where a point is on the screen."""
    box = page.locator(".em-stage").bounding_box()
    assert box is not None
    x, y = page.evaluate(f"(row => {{ {STATES}; return [m.state.x[row], m.state.y[row]]; }})({row})")
    return box["x"] + x, box["y"] + y


def lasso(page: Page, low: int, high: int) -> None:
    """Draw around the points of rows [low, high)."""
    corners = [place(page, row) for row in range(low, high)]
    left, top = (min(corner[axis] for corner in corners) - 8 for axis in (0, 1))
    right, bottom = (max(corner[axis] for corner in corners) + 8 for axis in (0, 1))
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=3)
    page.mouse.up()


def test_a_point_shows_plays_and_follows_its_moment(open_map: OpenMap) -> None:
    page = open_map()
    check_that_hovering_shows_time_and_tag(page)
    check_that_a_click_on_a_point_plays_its_moment_and_tells_python(page)
    check_that_what_a_page_makes_up_is_refused(page)
    check_that_no_map_says_what_to_do(page)


def test_chosen_points_play_alone_from_map_legend_and_timeline(open_map: OpenMap) -> None:
    page = open_map()
    check_that_a_region_plays_alone_and_again(page)
    check_that_a_name_in_the_legend_chooses_its_moments_and_the_loop_button_leaves_them(page)
    check_that_a_loop_on_the_timeline_is_the_choice_on_the_map(page)
    check_that_stretches_far_apart_play_one_after_the_other(page)


def check_that_a_click_on_a_point_plays_its_moment_and_tells_python(page: Page) -> None:
    row = int(value(page, "m.state.depth.length")) // 2
    page.mouse.click(*place(page, row))
    until(page, "t.state.playing")
    expect(page.locator("#events textarea")).to_have_value(f"row {row}")
    until(page, f"Math.abs(t.state.time - m.state.map.times[{row}]) < 1")
    expect(page.locator(".em-now")).to_contain_text("Piano")


def test_the_marker_goes_with_the_sound(open_map: OpenMap) -> None:
    page = open_map()
    page.evaluate("window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time: 1, play: true}}))")
    until(page, "t.state.playing && t.state.time > 1.2")
    lag = page.evaluate(f"""async () => {{
        {STATES};
        let largest = 0;
        for (let i = 0; i < 30; i++) {{
            await new Promise(requestAnimationFrame);
            largest = Math.max(largest, Math.abs(m.state.time - document.querySelector('audio').currentTime));
        }}
        return largest;
    }}""")
    assert lag < LARGEST_MARKER_LAG_SECONDS


def check_that_hovering_shows_time_and_tag(page: Page) -> None:
    page.mouse.move(*place(page, 30))
    expect(page.locator(".em-tip")).to_have_text("0:00.5 · Speech")
    page.mouse.move(2, 2)
    expect(page.locator(".em-tip")).to_be_hidden()


def check_that_a_region_plays_alone_and_again(page: Page) -> None:
    """The last third of the clip is one heap on the map: after its end its beginning follows."""
    first = 2 * SMALL_ROWS // 3 + 10
    expect(page.locator(".as-loop")).to_be_hidden()
    press(page, "Select")
    lasso(page, first, SMALL_ROWS)
    until(page, "t.state.playing && m.state.stretches.length > 0")
    start, end = value(page, "[m.state.stretches[0][0], m.state.stretches.at(-1)[1]]")
    assert start >= value(page, "t.view.duration") * 0.6
    expect(page.locator(".em-now")).to_contain_text("in a loop")
    expect(page.locator(".as-loop")).to_be_visible()
    assert value(page, "[t.state.loop.start, t.state.loop.end]") == [start, end]
    page.evaluate(f"window.dispatchEvent(new CustomEvent('audioscope:seek', {{detail: {{time: {end - 0.2}}}}}))")
    until(page, f"t.state.playing && t.state.time < {end - 0.4}")
    assert value(page, "t.state.time") >= start - 0.05
    page.get_by_role("button", name="Play all").click()
    expect(page.locator(".em-now")).to_contain_text("Applause")
    assert value(page, "m.state.stretches.length") == 0
    expect(page.locator(".as-loop")).to_be_hidden()


def check_that_stretches_far_apart_play_one_after_the_other(page: Page) -> None:
    value(page, "m.choose(m.state.map.times.map(time => Math.floor(time) === 1 || Math.floor(time) === 4))")
    until(page, "t.state.playing && t.state.loop.parts.length === 2")
    expect(page.locator(".em-now")).to_have_text("2 stretches, 2.0 s, in a loop")
    for end, start in ((2, 4), (5, 1)):
        page.evaluate(f"window.dispatchEvent(new CustomEvent('audioscope:seek', {{detail: {{time: {end - 0.1}}}}}))")
        until(page, f"t.state.playing && t.state.time >= {start - 0.05} && t.state.time < {start + 0.8}")
    assert "linear-gradient" in page.locator(".as-loop").evaluate("loop => loop.style.background")


def check_that_a_name_in_the_legend_chooses_its_moments_and_the_loop_button_leaves_them(page: Page) -> None:
    press(page, "Applause")
    until(page, "t.state.playing && m.state.stretches.length === 1")
    press(page, "Loop")
    until(page, "m.state.stretches.length === 0 && m.state.chosen === null")


def check_that_a_loop_on_the_timeline_is_the_choice_on_the_map(page: Page) -> None:
    page.evaluate("window.dispatchEvent(new CustomEvent('audioscope:loop', {detail: {start: 1, end: 2}}))")
    assert value(page, "m.state.map.times.filter((_, row) => m.state.chosen[row]).every(time => time >= 1 && time < 2)")
    press(page, "Play all")
    until(page, "t.state.loop === null && m.state.chosen === null")


def test_keys_step_through_frames_and_announce_them(open_map: OpenMap) -> None:
    page = open_map()
    page.locator(".em-over").focus()
    for key in ("Home", "Shift+ArrowRight", "Shift+ArrowRight", "PageDown", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    until(page, "Math.abs(t.state.time - m.state.map.times[11]) < 0.001")
    expect(page.locator(".em-live")).to_have_text("0:00.2 · Speech")
    page.keyboard.press("Enter")
    until(page, "t.state.playing")
    label = page.locator(".em-over").get_attribute("aria-label")
    assert label is not None
    assert label.startswith("PCA of a demo: 400 frames as points in a plane, coloured by tag. Arrows move it,")


def test_keys_move_or_turn_the_map_and_zoom(open_map: OpenMap) -> None:
    page = open_map("Plane")
    check_keys_that_move(page, "Plane", "left", "top")
    press(page, "Space")
    until(page, "m.state.map.dimensions === 3")
    check_keys_that_move(page, "Space", "yaw", "pitch")


def check_keys_that_move(page: Page, view: str, across: str, up: str) -> None:
    expect(page.locator(".em-hint")).to_contain_text("arrows move" if view == "Plane" else "arrows turn")
    page.locator(".em-over").focus()
    moves = {"ArrowRight": across, "ArrowLeft": across, "ArrowUp": up, "ArrowDown": up, "+": "zoom", "=": "zoom", "-": "zoom"}
    changes = {}
    for key, name in moves.items():
        before = value(page, f"m.state.{name}")
        page.keyboard.press(key)
        changes[key] = value(page, f"m.state.{name}") - before
    assert changes["ArrowRight"] == pytest.approx(-changes["ArrowLeft"])
    assert changes["ArrowUp"] == pytest.approx(-changes["ArrowDown"])
    assert changes["ArrowRight"] < 0 < changes["ArrowUp"]
    assert min(changes["+"], changes["="]) > 0 > changes["-"]


def test_wheel_and_drag_move_the_view_and_other_colours_leave_it(open_map: OpenMap) -> None:
    page = open_map()
    page.mouse.move(*place(page, 100))
    before = place(page, 100)
    page.mouse.wheel(0, -300)
    until(page, "m.state.zoom > 1.2")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert place(page, 100) == pytest.approx(before, abs=1)
    zoom = value(page, "m.state.zoom")
    press(page, "Plane by time")
    expect(page.locator(".em-legend")).to_have_text("Time0.1 s7.0 s")
    assert value(page, "m.state.zoom") == zoom
    press(page, "Space")
    until(page, "m.state.map.dimensions === 3 && m.state.zoom === 1")
    page.mouse.move(*place(page, 100))
    page.mouse.down()
    page.mouse.move(500, 500, steps=4)
    page.mouse.up()
    assert value(page, "m.state.yaw") != 0.6


def test_points_are_searched_by_their_tags_and_neighbours_stand_alone(open_map: OpenMap) -> None:
    page = open_map()
    search = page.get_by_role("searchbox", name="Search words, chords, tags")
    search.fill("piano")
    until(page, "m.state.chosen?.every((one, row) => one === Number(row > 133 && row < 267))")
    expect(page.locator(".em-count")).to_have_text("133 of 400 points")
    assert not value(page, "t.state.playing")
    search.press("Enter")
    until(page, "t.state.playing && t.state.loop.start > 2 && t.state.loop.end < 5")
    search.press("Escape")
    until(page, "m.state.chosen === null && t.state.loop === null")
    isolate = page.get_by_role("button", name="Isolate neighbours")
    expect(isolate).to_be_disabled()
    page.mouse.click(*place(page, 200))
    isolate.click()
    until(page, "m.state.isolated")
    alone = value(page, "[...m.state.isolated.keys()].filter(row => m.state.isolated[row])")
    assert set(alone) == {200, *nearest_frames(FRAMES, 200, 50).tolist()}
    expect(isolate).to_have_attribute("aria-pressed", "true")
    isolate.click()
    assert value(page, "m.state.isolated") is None


def test_a_saved_view_comes_back_after_a_reload_with_its_colours(open_map: OpenMap) -> None:
    page = open_map("Space")
    page.locator(".em-over").focus()
    for key in ("+", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    saved = value(page, "[m.state.zoom, m.state.yaw, m.state.pitch]")
    press(page, "Save view")
    page.reload()
    press(page, "Clip")
    press(page, "Space by time")
    until(page, "m.state.map?.colour === 'time' && m.state.zoom === 1")
    press(page, "View 1 · Tag")
    until(page, f"JSON.stringify([m.state.zoom, m.state.yaw, m.state.pitch]) === JSON.stringify({saved})")
    expect(page.locator("#events textarea")).to_have_value("tag")
    press(page, "Plane")
    expect(page.locator(".em-views button")).to_have_count(0)
    press(page, "Space")
    press(page, "Delete view 1")
    expect(page.locator(".em-views button")).to_have_count(0)


def check_that_no_map_says_what_to_do(page: Page) -> None:
    press(page, "No map")
    expect(page.get_by_text("similar frames lie together")).to_be_visible()


def check_that_what_a_page_makes_up_is_refused(page: Page) -> None:
    until(page, "(m.state.map.own = 0, true)")
    page.evaluate(f"(() => {{ {STATES}; m.play(1e9); }})()")
    expect(page.locator("#events textarea")).to_have_value(
        f"The option point cannot be '1000000000': it takes 0 to {SMALL_ROWS - 1}."
    )


def test_fits_a_phone_where_fingers_tap_pinch_and_draw_around(open_map: OpenMap) -> None:
    page = open_map(width=390, height=800, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    touches = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        listed = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": listed})

    page.touchscreen.tap(*place(page, 200))
    until(page, "t.state.playing && Math.abs(t.state.time - m.state.map.times[200]) < 1.5")
    x, y = place(page, 200)
    touch("touchStart", (x - 20, y))
    touch("touchStart", (x - 20, y), (x + 20, y))
    for step in range(1, 6):
        touch("touchMove", (x - 20 - 6 * step, y), (x + 20 + 6 * step, y))
    touch("touchEnd")
    until(page, "m.state.zoom > 1.5")
    page.locator(".em-fit").click()
    press(page, "Select")
    corners = [place(page, row) for row in range(20, 60)]
    left, right = min(x for x, _ in corners) - 9, max(x for x, _ in corners) + 9
    top, bottom = min(y for _, y in corners) - 9, max(y for _, y in corners) + 9
    touch("touchStart", (left, top))
    for corner in ((right, top), (right, bottom), (left, bottom)):
        touch("touchMove", corner)
    touch("touchEnd")
    until(page, "m.state.stretches.length > 0")


def test_20_000_points_move_as_fast_as_an_empty_page_draws(open_map: OpenMap, browser: Browser) -> None:
    """While the clip plays; in the plane the marker moves, in space the person turns the points as well."""
    page = open_map("Many", rows=MANY_ROWS)
    empty = browser.new_page()
    for view, moving in (("Many", False), ("Many in space", True)):
        press(page, view)
        until(page, f"m.state.map.dimensions === {3 if moving else 2}")
        page.evaluate("window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time: 0, play: true}}))")
        until(page, "t.state.playing")
        ratios: list[float] = []
        while len(ratios) < 3 and max(ratios, default=0) < 0.9:
            nothing = empty.evaluate(FRAME_RATE, [FRAMES_MEASURED, False])
            ratios.append(page.evaluate(FRAME_RATE, [FRAMES_MEASURED, moving]) / nothing)
        print(f"{view}: frame rate, relative to an empty page: {ratios}")
        assert max(ratios) >= 0.9
    empty.close()


FRAME_RATE = """async ([frames, moving]) => {
    const map = document.querySelector('.em')?.map;
    await new Promise(requestAnimationFrame);
    const begin = performance.now();
    for (let i = 1; i <= frames; i++) {
        if (moving) map.drag(3, Math.sin(i / 9));
        await new Promise(requestAnimationFrame);
    }
    return 1000 * frames / (performance.now() - begin);
}"""
