"""Playing, seeking and looping in a real browser, with real audio."""

import pytest
from playwright.sync_api import expect

from tests.browser.timeline.shown_page import KINDS, SPEECH

pytestmark = pytest.mark.browser

MAX_PLAYHEAD_ERROR = 0.03  # seconds


def test_says_what_to_do_without_a_clip(open_page):
    page = open_page().page
    expect(page.get_by_text("No clip yet")).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_disabled()
    expect(page.locator(".as-body")).to_be_hidden()


def test_names_the_clip(timeline):
    expect(timeline.page.locator(".as-top")).to_contain_text(SPEECH.name)
    expect(timeline.page.locator(".as-top")).to_contain_text("mono · 16 kHz")


def test_a_click_on_any_track_seeks(timeline):
    shortest = 1.0 + 5 / 1000 * timeline.duration()  # a short item is played from its start
    for kind in KINDS:
        timeline.value("t.seek(0)")
        timeline.until("t.state.time === 0")
        x, y = timeline.point(f"[data-track={kind}]", 0.6)
        timeline.page.mouse.click(x, y)
        timeline.until("t.state.time > 0")
        assert timeline.time() == pytest.approx(0.6 * timeline.duration(), abs=shortest), kind
        assert timeline.value("Math.abs(t.state.time - document.querySelector('.as-timeline audio').currentTime) < 0.001")


def test_a_click_on_the_sound_seeks_exactly_and_tells_python(timeline):
    for row, fraction in ((".as-ruler", 0.25), (".as-wave", 0.5)):
        timeline.page.mouse.click(*timeline.point(row, fraction))
        timeline.received(f"seek {timeline.time():.2f}")
        assert timeline.time() == pytest.approx(timeline.duration() * fraction, abs=timeline.duration() / 400), row


def test_plays_with_the_playhead_at_the_sound(timeline):
    timeline.page.keyboard.press(" ")
    timeline.until("t.state.playing && t.state.time > 0.3")
    errors = timeline.page.evaluate("""async () => {
        const audio = document.querySelector('.as-timeline audio'), errors = [];
        window.addEventListener('audioscope:time', ({detail}) => errors.push(Math.abs(detail.time - audio.currentTime)));
        while (errors.length < 30) await new Promise(requestAnimationFrame);
        return errors;
    }""")
    assert max(errors) <= MAX_PLAYHEAD_ERROR
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
    timeline.page.locator("#received textarea").click()
    timeline.page.keyboard.press("End")
    timeline.page.keyboard.press("l")
    assert timeline.time() == 0
    assert timeline.value("t.state.loop") is None


def test_a_drag_on_the_wave_loops_and_the_loop_is_kept_to(timeline):
    mouse = timeline.page.mouse
    mouse.move(*timeline.point(".as-wave", 0.2))
    mouse.down()
    mouse.move(*timeline.point(".as-wave", 0.23))
    mouse.move(*timeline.point(".as-wave", 0.24))
    mouse.up()
    start, end = timeline.value("[t.state.loop.start, t.state.loop.end]")
    assert [start, end] == pytest.approx([0.2 * timeline.duration(), 0.24 * timeline.duration()], abs=0.03)
    timeline.received(f"loop {start:.2f} {end:.2f}")
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


def test_python_seeks_loops_and_selects(timeline):
    timeline.press("Command")
    timeline.until("t.state.tracks.get('words').selected === 3")
    assert timeline.time() == pytest.approx(3 * timeline.duration() / 32, abs=0.001)
    assert timeline.value("[t.state.loop.start, t.state.loop.end]") == [1, 2]


def test_other_parts_of_the_page_seek_and_follow(timeline):
    timeline.page.evaluate("""window.addEventListener('audioscope:time', ({detail}) => { window.detail = detail; });
        window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time: 1.5}}))""")
    assert timeline.page.evaluate("window.detail") == {"time": 1.5, "playing": False, "duration": timeline.duration()}


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
    assert order == ["Position", "Waveform", "Sections", "Words"]
