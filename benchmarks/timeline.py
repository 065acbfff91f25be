"""Frame rate of the timeline with an hour of audio and 20,000 items, against an empty page in the same browser."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.report import Figure, at_least
from components.page.theme import style_markup
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.timeline.demo import build_demo
from tests.browser.timeline.shown_page import HOUR_SAMPLE_RATE, SPEECH, Timeline

ROUNDS = 3
FRAMES = 90
BOUND = 0.9
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


def figures() -> list[Figure]:
    """Return the best ratio of a few rounds: other load can only lower the frame rate."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = build_demo(SPEECH, Path(folder), HOUR_SAMPLE_RATE)
        _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, head=style_markup(), allowed_paths=[folder])
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        ratio = max(frame_rate_ratios(browser, str(address)))
        browser.close()
        demo.close()
    return [at_least("frame rate while 20,000 items scroll and zoom, against an empty page", ratio, BOUND)]


def frame_rate_ratios(browser: Browser, address: str) -> list[float]:
    """Measure the frames per second of the moving timeline relative to an empty page, in turn."""
    page, empty = browser.new_page(), browser.new_page()
    page.goto(address)
    timeline = Timeline(page)
    timeline.press("Show hour")
    timeline.until("t.view.duration === 3600")
    timeline.press("Many items")
    timeline.until("[...t.state.tracks.values()].reduce((sum, track) => sum + track.items.length, 0) === 20000")
    ratios = []
    for _ in range(ROUNDS):
        nothing = empty.evaluate(FRAME_RATE, [FRAMES, False])
        ratios.append(page.evaluate(FRAME_RATE, [FRAMES, True]) / nothing)
    return ratios
