"""What was lost stands under the clip, and tracks and sides can be chosen there."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Route, expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, upload, visit
from tests.pipelines.clip.sound_files import encode, tone, write_tracks

pytestmark = pytest.mark.browser

RATE = 16_000
JOBS = "**/queue/join*"
"""Requests by which the page asks for the work of an event."""


def test_what_was_lost_stands_under_the_clip(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    damaged = encode(tmp_path / "tone.mp3", tone(20.0, channels=1), "mp3", "libmp3lame")
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2 : len(content) // 2 + len(content) // 20] = bytes(len(content) // 20)
    damaged.write_bytes(bytes(content))
    page = visit(new_page(), app)
    upload(page, damaged)
    expect(page.locator(".clip-notes")).to_contain_text("could not be read")
    load_example(page, "Speech")
    expect(page.locator(".clip-notes")).to_have_count(0)


def test_a_track_is_chosen_by_its_title(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    tracks = [("eng", "Film", tone(3.0, RATE, 1)[0]), ("deu", "Kommentar", tone(2.0, RATE, 1)[0])]
    page = visit(new_page(), app)
    upload(page, write_tracks(tmp_path / "film.mkv", tracks, default=0))
    menu = page.get_by_label("Track")
    expect(menu).to_have_value("0")
    menu.select_option(label="2: Kommentar, deu, mono")
    expect(page.locator(".as-facts")).to_contain_text("0:02")
    expect(menu).to_have_value("1")
    # History is opened before the reloaded page shows the clip, and stays as it is when the answer comes.
    held: list[Route] = []
    is_open = Event()
    page.route(JOBS, lambda route: route.continue_() if is_open.is_set() else held.append(route))
    page.reload()
    page.get_by_role("button", name="History").click()
    entry = page.locator(".clip-history").get_by_role("button", name="film.mkv").nth(0).element_handle()
    is_open.set()
    for route in held:
        route.continue_()
    expect(menu).to_have_value("1")
    entry.click()
    expect(page.locator(".clip-note")).to_be_empty()
    expect(menu).to_have_value("1")
    menu.select_option(index=0)
    expect(page.locator(".as-facts")).to_contain_text("0:03")


def test_one_of_two_unlike_sides_is_chosen(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    sides = np.random.default_rng(0).normal(0, 0.1, (2, 3 * RATE)).astype(np.float32)
    sides[0, RATE:] *= 0.01  # one speaks, then the other
    sides[1, :RATE] *= 0.01
    page = visit(new_page(), app)
    upload(page, encode(tmp_path / "two.wav", sides, "wav", "pcm_s16le", RATE))
    expect(page.locator(".clip-notes")).to_contain_text("are different recordings")
    page.get_by_label("Channels").select_option("Right side")
    expect(page.locator(".clip-notes")).to_contain_text("This is the right side alone.")
    page.get_by_label("Channels").select_option("Both sides")
    expect(page.locator(".clip-notes")).to_contain_text("are different recordings")


@pytest.mark.parametrize("width", [1440, 1024, 920])
def test_a_long_name_and_its_facts_leave_the_buttons_free(app: RunningApp, new_page: NewPage, tmp_path: Path, width: int) -> None:
    page = visit(new_page(width), app)
    path = tmp_path / f"{'a_long_name_' * 8}.wav"
    soundfile.write(path, tone(2.0).T, RATE)
    upload(page, path)
    facts, buttons = page.locator(".as-meta").bounding_box(), page.locator(".clip-bar").bounding_box()
    assert facts and buttons
    assert facts["x"] + facts["width"] <= buttons["x"]
