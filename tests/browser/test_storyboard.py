"""Storyboards and films in a real browser."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from pipelines.film.film import FRAME_RATE
from pipelines.pictures.png_metadata import options_from_png
from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.picture_actions import LONG_MS, opened, rough

pytestmark = [pytest.mark.browser, pytest.mark.models]


def storyboard(page: Page) -> Page:
    """A small, rough storyboard of the clip."""
    rough(page)
    page.locator("#draw-storyboard").click()
    expect(page.locator('#storyboard [data-state="done"]')).to_be_visible(timeout=LONG_MS)
    expect(page.locator("#make-film")).to_be_visible()
    return page


def test_a_storyboard_has_a_picture_for_each_part_of_the_clip(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    page = storyboard(opened(new_page(), app))
    scenes = page.locator("#storyboard li")
    expect(scenes).to_have_count(2)
    expect(scenes.nth(1)).to_contain_text("0:07.9")
    expect(page.locator("#storyboard .summary")).to_contain_text("2 of 2 pictures")
    expect(page.get_by_role("button", name="Storyboard", exact=True).last).to_be_visible()  # its track
    with page.expect_download() as download:
        scenes.nth(1).get_by_role("link", name="PNG").click()
    download.value.save_as(tmp_path / "scene.png")
    options = options_from_png(tmp_path / "scene.png")
    assert options.steps == 3 and options.start is not None and options.start >= 2
    scenes.nth(1).locator("button").click()
    expect(page.locator(".as-slider")).not_to_have_attribute("aria-valuenow", "0")


def test_a_film_interpolates_between_the_pictures_with_the_sound(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    page = storyboard(opened(new_page(), app))
    page.get_by_label("Interpolation steps").click()
    page.get_by_role("option", name="1", exact=True).click()
    page.locator("#make-film").click()
    expect(page.locator('#film [data-state="done"]')).to_be_visible(timeout=LONG_MS)
    video = page.locator("#film video")
    expect(video).to_have_js_property("readyState", 4)
    duration, width, height = video.evaluate("film => [film.duration, film.videoWidth, film.videoHeight]")
    assert (duration, width, height) == (pytest.approx(7.9, abs=0.1), 256, 256)
    video.click()  # the timeline plays, and the film with it
    page.wait_for_function("document.querySelector('.as-timeline').timeline.state.time > 1")
    video.click()
    page.wait_for_function("!document.querySelector('.as-timeline').timeline.state.playing")
    times = "[document.querySelector('.as-timeline').timeline.state.time, document.querySelector('#film video').currentTime]"
    sound, picture = page.evaluate(times)
    assert picture == pytest.approx(sound, abs=0.2) and video.evaluate("film => film.paused && film.muted")
    page.locator("#storyboard li button").nth(1).click()
    page.wait_for_function("document.querySelector('#film video').currentTime > 2")
    with page.expect_download() as download:
        page.locator("#film").get_by_role("link", name="MP4").click()
    download.value.save_as(tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert len(film.streams.audio) == 1
    assert len(frames) == round(7.912 * FRAME_RATE)
    first, middle, last = (frames[place].astype(float) for place in (0, len(frames) // 2, -1))
    assert np.abs(first - last).mean() > 5
    assert np.abs(middle - first).mean() > 2 and np.abs(middle - last).mean() > 2
    with page.expect_download() as download:
        page.locator("#film").get_by_role("link", name="GIF").click()
    download.value.save_as(tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as gif:
        assert getattr(gif, "n_frames", 1) > 50


def test_a_storyboard_of_one_sound_is_one_picture(app: RunningApp, new_page: NewPage) -> None:
    page = opened(new_page(), app, "Speech")
    rough(page)
    page.locator("#draw-storyboard").click()
    expect(page.locator("#storyboard .summary")).to_contain_text("one scene joined", timeout=LONG_MS)
    expect(page.locator("#storyboard li")).to_have_count(1)
