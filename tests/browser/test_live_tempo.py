"""The tempo of what is being recorded, in a real browser whose microphone plays the example of music."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import librosa
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserType, Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.page_actions import visit
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]

RATE = 48_000
TEMPO = re.compile(r"Tempo 9[4-8] BPM")
WATCH = """() => {
    const dot = document.querySelector('.clip-tempo i');
    window.flashes = [];
    new MutationObserver(() => { if (dot.classList.contains('on')) flashes.push(performance.now() / 1000); })
        .observe(dot, {attributes: true});
    window.contexts = [];
    window.AudioContext = class extends AudioContext { constructor() { super(); contexts.push(this); } };
}"""

FLASHES_ON_BEATS = f"""() => {{
    const gaps = flashes.slice(1).map((time, i) => time - flashes[i]).slice(-5).sort((a, b) => a - b);
    return gaps.length === 5 && Math.abs(gaps[2] - {60 / 96}) < 0.1;
}}"""
"""The last flashes follow each other at the music's beats; a page that was held up catches up with several at once."""


@pytest.fixture
def played_to(chromium: BrowserType, tmp_path: Path) -> Iterator[Browser]:
    """A browser whose microphone records the example of music, again and again."""
    y, _ = librosa.load(EXAMPLES / "music.ogg", sr=RATE, duration=20.0)
    soundfile.write(tmp_path / "microphone.wav", y, RATE, "PCM_16")
    microphone = f"--use-file-for-fake-audio-capture={tmp_path / 'microphone.wav'}"
    browser = chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, microphone])
    yield browser
    browser.close()


def recording_page(browser: Browser, app: RunningApp, **options: str) -> tuple[Page, list[str]]:
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.grant_permissions(["microphone"])
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    visit(page, app)
    page.evaluate(WATCH)
    page.get_by_role("button", name="Record", exact=True).click()
    return page, complaints


def test_the_tempo_is_shown_and_flashes_until_the_recording_stops(app: RunningApp, played_to: Browser) -> None:
    page, complaints = recording_page(played_to, app)
    tempo = page.locator(".clip-tempo")
    expect(tempo).to_be_hidden()
    expect(tempo).to_have_text(TEMPO)
    page.wait_for_function(FLASHES_ON_BEATS)
    page.get_by_role("button", name="Stop recording").click()
    expect(tempo).to_be_hidden()
    expect(page.locator(".as-name")).to_contain_text("Recording")
    assert page.evaluate("contexts.map(context => context.state)") == ["closed"]
    count = page.evaluate("flashes.length")
    page.wait_for_timeout(1_500)
    assert page.evaluate("flashes.length") == count
    assert complaints == []


def test_the_dot_rests_where_less_motion_is_wanted(app: RunningApp, played_to: Browser) -> None:
    page, complaints = recording_page(played_to, app, reduced_motion="reduce")
    expect(page.locator(".clip-tempo")).to_have_text(TEMPO)
    page.wait_for_timeout(1_500)
    assert page.evaluate("flashes") == []
    page.get_by_role("button", name="Stop recording").click()
    assert complaints == []
