"""The timeline in a real browser, with real audio: what a person does to it, and what Python does."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from components.page.theme import style_markup
from tests.browser.conftest import NewPage
from tests.browser.timeline_demo import STREAMED_WORDS, build_demo

pytestmark = pytest.mark.browser

STATE = "const t = document.querySelector('.as-timeline').timeline"
SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav")
HOUR_SAMPLE_RATE = 4_000  # Hz
KINDS = ("sections", "words", "chords", "beats", "notes", "tags", "embedding", "story")
LARGEST_PLAYHEAD_ERROR = 0.03  # seconds
FRAMES_MEASURED = 90

OpenPage = Callable[..., "Timeline"]


@dataclass(frozen=True)
class Timeline:
    """A page with the timeline on it, seen through the state that its script shows."""

    page: Page

    def value(self, expression: str) -> object:
        return self.page.evaluate(f"(() => {{ {STATE}; return {expression}; }})()")

    def until(self, condition: str) -> None:
        self.page.wait_for_function(f"(() => {{ {STATE}; return {condition}; }})()")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def time(self) -> float:
        return float(str(self.value("t.state.time")))

    def duration(self) -> float:
        return float(str(self.value("t.view.duration")))

    def point(self, row: str, fraction: float) -> tuple[float, float]:
        """A place on a row: the middle of its height, `fraction` of its width."""
        box = self.page.locator(f"{row} canvas").bounding_box()
        assert box is not None
        return box["x"] + fraction * box["width"], box["y"] + box["height"] / 2

    def heard(self, text: str) -> None:
        expect(self.page.locator("#heard textarea")).to_have_value(text)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("timeline")
    demo = build_demo(SPEECH, folder, HOUR_SAMPLE_RATE)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, head=style_markup(), allowed_paths=[str(folder)])
    yield url
    demo.close()


@pytest.fixture
def open_page(new_page: NewPage, address: str) -> OpenPage:
    """Open the demo page; at the end nothing may have been written to its console as an error."""

    def opened(theme: str = "light", **options: object) -> Timeline:
        page = new_page(**options)
        page.goto(f"{address}?__theme={theme}")
        expect(page.locator(".as-timeline")).to_be_visible()
        return Timeline(page)

    return opened


@pytest.fixture
def timeline(open_page) -> Timeline:
    """The speech clip with one track of each kind."""
    return with_tracks(open_page())


def with_tracks(timeline: Timeline) -> Timeline:
    timeline.press("Show")
    timeline.until("t.state.clip && t.view.duration > 0")
    timeline.press("Tracks")
    timeline.until(f"t.state.tracks.size === {len(KINDS)}")
    timeline.page.evaluate("document.activeElement.blur()")
    return timeline


def test_says_what_to_do_without_a_clip(open_page):
    page = open_page().page
    expect(page.get_by_text("No clip yet")).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_disabled()
    expect(page.locator(".as-body")).to_be_hidden()


def test_names_the_clip(timeline):
    expect(timeline.page.locator(".as-top")).to_contain_text(SPEECH.name)
    expect(timeline.page.locator(".as-top")).to_contain_text("mono · 16 kHz")


@pytest.mark.parametrize("kind", KINDS)
def test_a_click_on_any_track_seeks(timeline, kind):
    x, y = timeline.point(f"[data-track={kind}]", 0.6)
    timeline.page.mouse.click(x, y)
    timeline.until("t.state.time > 0")
    shortest = 1.0 + 5 / 1000 * timeline.duration()  # a short item is played from its start
    assert timeline.time() == pytest.approx(0.6 * timeline.duration(), abs=shortest)
    assert timeline.value("Math.abs(t.state.time - document.querySelector('.as-timeline audio').currentTime) < 0.001")


@pytest.mark.parametrize("row", [".as-ruler", ".as-wave"])
def test_a_click_on_the_sound_seeks_exactly_and_tells_python(timeline, row):
    x, y = timeline.point(row, 0.25)
    timeline.page.mouse.click(x, y)
    timeline.heard(f"seek {timeline.time():.2f}")
    assert timeline.time() == pytest.approx(timeline.duration() / 4, abs=timeline.duration() / 400)


def test_a_click_on_an_item_selects_it(timeline):
    x, y = timeline.point("[data-track=chords]", 17 / 32)
    timeline.page.evaluate("window.addEventListener('audioscope:select', event => { window.chosen = event.detail; })")
    timeline.page.mouse.click(x, y)
    assert timeline.page.evaluate("[chosen.track, chosen.index, chosen.text]") == ["chords", 0, "Cm (0.50)"]
    assert timeline.value("t.state.tracks.get('chords').selected") == 0


def test_plays_with_the_playhead_at_the_sound(timeline):
    timeline.page.keyboard.press(" ")
    timeline.until("t.state.playing && t.state.time > 0.3")
    errors = timeline.page.evaluate("""async () => {
        const audio = document.querySelector('.as-timeline audio'), errors = [];
        window.addEventListener('audioscope:time', ({detail}) => errors.push(Math.abs(detail.time - audio.currentTime)));
        while (errors.length < 30) await new Promise(requestAnimationFrame);
        return errors;
    }""")
    assert max(errors) <= LARGEST_PLAYHEAD_ERROR
    timeline.page.keyboard.press(" ")
    timeline.until("!t.state.playing")
    expect(timeline.page.locator(".as-live")).to_contain_text("Words:")


def test_keys(timeline):
    key = timeline.page.keyboard.press
    key("End")
    assert timeline.time() == timeline.duration()
    key("Home")
    assert timeline.time() == 0
    key("ArrowRight")
    key("ArrowRight")
    stepped = timeline.time()
    assert stepped > 0
    key("ArrowLeft")
    assert timeline.time() == pytest.approx(stepped / 2)
    key("+")
    assert timeline.value("t.view.span / t.view.duration") == pytest.approx(0.5)
    key("-")
    assert timeline.value("t.view.whole") is True
    key("l")
    assert timeline.value("t.state.loop.end") == pytest.approx(timeline.duration())
    key("Escape")
    assert timeline.value("t.state.loop") is None


def test_keys_are_left_to_text_fields(timeline):
    timeline.page.locator("#heard textarea").click()
    timeline.page.keyboard.press("End")
    timeline.page.keyboard.press("l")
    assert timeline.time() == 0
    assert timeline.value("t.state.loop") is None


def test_up_and_down_walk_the_items_of_a_track(timeline):
    timeline.page.get_by_role("button", name="Words", exact=True).focus()
    timeline.page.keyboard.press("ArrowDown")
    timeline.page.keyboard.press("ArrowDown")
    assert timeline.value("t.state.tracks.get('words').selected") == 1
    assert timeline.time() == pytest.approx(timeline.duration() / 32, abs=0.001)


def test_a_drag_on_the_wave_loops_and_the_loop_is_kept_to(timeline):
    mouse = timeline.page.mouse
    mouse.move(*timeline.point(".as-wave", 0.2))
    mouse.down()
    mouse.move(*timeline.point(".as-wave", 0.23))
    mouse.move(*timeline.point(".as-wave", 0.24))
    mouse.up()
    start, end = timeline.value("[t.state.loop.start, t.state.loop.end]")
    assert [start, end] == pytest.approx([0.2 * timeline.duration(), 0.24 * timeline.duration()], abs=0.03)
    timeline.heard(f"loop {start:.2f} {end:.2f}")
    timeline.page.evaluate("""window.returns = 0; let before = 0;
        window.addEventListener('audioscope:time', ({detail}) => { returns += detail.time < before; before = detail.time; })""")
    timeline.value(f"t.seek({start})")
    timeline.page.keyboard.press(" ")
    timeline.page.wait_for_function("window.returns >= 2")
    assert timeline.time() <= end + 0.1


def test_a_loop_to_the_end_of_the_clip_goes_on(timeline):
    timeline.page.keyboard.press("l")
    timeline.value("t.seek(t.view.duration - 0.3)")
    timeline.page.keyboard.press(" ")
    timeline.until("t.state.playing && t.state.time > 0.05 && t.state.time < 1")


def test_a_loop_handle_moves_an_end(timeline):
    timeline.page.keyboard.press("l")
    box = timeline.page.locator(".as-loop i").last.bounding_box()
    mouse = timeline.page.mouse
    mouse.move(box["x"] + box["width"] / 2 - 1, box["y"] + 60)
    mouse.down()
    mouse.move(*timeline.point(".as-wave", 0.6))
    mouse.move(*timeline.point(".as-wave", 0.5))
    mouse.up()
    assert timeline.value("t.state.loop.end / t.view.duration") == pytest.approx(0.5, abs=0.02)
    assert timeline.value("t.state.loop.start") == 0


def test_two_clicks_on_an_item_loop_it(timeline):
    timeline.page.mouse.dblclick(*timeline.point("[data-track=chords]", 19 / 32))
    part = timeline.duration() / 32
    assert timeline.value("[t.state.loop.start, t.state.loop.end]") == pytest.approx([18 * part, 20 * part], abs=0.001)


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


def test_a_spectrogram_takes_the_place_of_the_wave(timeline):
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


def test_tracks_fold_and_stay_folded_when_replaced(timeline):
    name = timeline.page.get_by_role("button", name="Notes", exact=True)
    expect(name).to_have_attribute("aria-expanded", "true")
    name.click()
    expect(name).to_have_attribute("aria-expanded", "false")
    expect(timeline.page.locator("[data-track=notes] canvas")).to_be_hidden()
    timeline.press("Tracks")
    timeline.until("t.state.tracks.get('notes').folded")


def test_says_what_it_is_to_a_screen_reader(timeline):
    page = timeline.page
    slider = page.get_by_role("slider", name="Position")
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", f"0.0 seconds of {timeline.duration():.1f} seconds")
    expect(page.get_by_role("img", name="Words: 16 items")).to_be_visible()
    expect(page.get_by_role("img", name="Tags: 120 frames")).to_be_visible()
    page.get_by_role("button", name="Play", exact=True).focus()
    order = []
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.innerText || document.activeElement.getAttribute('aria-label')"))
    assert order == ["Position", "Wave", "Sections", "Words"]


def test_streams_without_losing_zoom_or_playback(timeline):
    timeline.page.keyboard.press(" ")
    timeline.value("t.showRange(0, t.view.duration / 2)")
    timeline.press("Stream")
    timeline.until(f"t.state.tracks.get('streamed')?.items.length === {STREAMED_WORDS}")
    assert timeline.value("t.state.playing") is True
    assert timeline.value("t.view.span / t.view.duration") == pytest.approx(0.5)
    assert timeline.value("t.state.tracks.size") == len(KINDS) + 1


def test_python_seeks_loops_and_selects(timeline):
    timeline.press("Command")
    timeline.until("t.state.tracks.get('words').selected === 3")
    assert timeline.time() == pytest.approx(3 * timeline.duration() / 32, abs=0.001)
    assert timeline.value("[t.state.loop.start, t.state.loop.end]") == [1, 2]


def test_other_parts_of_the_page_seek_and_follow(timeline):
    timeline.page.evaluate("""window.addEventListener('audioscope:time', ({detail}) => { window.told = detail; });
        window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time: 1.5}}))""")
    assert timeline.page.evaluate("told") == {"time": 1.5, "playing": False, "duration": timeline.duration()}


def test_another_clip_takes_the_tracks_away_and_ignores_late_ones(timeline):
    timeline.press("Show hour")
    timeline.until("t.view.duration === 3600")
    assert timeline.value("t.state.tracks.size") == 0
    timeline.press("Tracks")
    timeline.press("Nothing")
    expect(timeline.page.get_by_text("No clip yet")).to_be_visible()
    assert timeline.value("t.state.tracks.size") == 0


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


def test_20_000_items_scroll_and_zoom_as_fast_as_an_empty_page_draws(open_page, browser):
    timeline = open_page()
    timeline.press("Show hour")
    timeline.until("t.view.duration === 3600")
    timeline.press("Many items")
    timeline.until("[...t.state.tracks.values()].reduce((sum, track) => sum + track.items.length, 0) === 20000")
    empty = browser.new_page()
    ratios = []
    for _ in range(3):
        nothing = empty.evaluate(FRAME_RATE, [FRAMES_MEASURED, False])
        ratios.append(timeline.page.evaluate(FRAME_RATE, [FRAMES_MEASURED, True]) / nothing)
    empty.close()
    print(f"frame rate, relative to an empty page: {ratios}")
    assert max(ratios) >= 0.9


PAINTED = """row => {
    const canvas = document.querySelector(row + ' canvas');
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0);
}"""
DOTS = """(row => {
    const canvas = document.querySelector(row + ' canvas');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return data.reduce((sum, value, place) => (sum + value * (place % 251)) % 1000003, 0);
})"""
FRAME_RATE = """async ([frames, moving]) => {
    const t = document.querySelector('.as-timeline')?.timeline;
    await new Promise(requestAnimationFrame);
    const begin = performance.now();
    for (let i = 1; i <= frames; i++) {
        const part = i / frames, span = 3600 * Math.pow(0.02, Math.abs(1 - 2 * part));
        if (moving) t.showRange((3600 - span) * part, span);
        await new Promise(requestAnimationFrame);
    }
    return 1000 * frames / (performance.now() - begin);
}"""


def painted(timeline: Timeline, row: str) -> bool:
    return bool(timeline.page.evaluate(PAINTED, row))


def dots(timeline: Timeline, row: str) -> int:
    return int(timeline.page.evaluate(f"{DOTS}('{row}')"))
