"""The tab that draws in a real browser, on the example of a sound."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, expect

from pipelines.pictures.png_metadata import OWN_KEYWORD, options_from_png
from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, visit
from tests.browser.picture_actions import TAB, draw, opened, unfold

pytestmark = [pytest.mark.browser, pytest.mark.models]


def downloaded(page: Page, folder: Path) -> Path:
    """The PNG of the first picture."""
    with page.expect_download() as download:
        page.locator("#pictures").get_by_role("link", name="PNG").first.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def drop(page: Page, file: Path) -> None:
    """A file on the upload that restores settings."""
    slot = page.locator("#restore-settings")
    if not slot.is_visible():
        unfold(page, "Restore settings")
    elif (remove := slot.get_by_label("Clear")).is_visible():
        remove.click()
    slot.locator("input[type=file]").set_input_files(file)


def test_one_press_draws_the_example_and_its_seed_draws_it_again(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    page = opened(new_page(), app)
    draw(page)
    expect(page.locator("#pictures li")).to_have_count(1)
    expect(page.locator("#picture-summary")).to_contain_text("tiny offline model")
    expect(page.locator("#picture-summary")).to_contain_text("Apache-2.0")
    expect(page.locator("#picture-concepts li").first).not_to_be_empty()
    expect(page.get_by_role("button", name="Picture", exact=True)).to_be_visible()  # the track that shows the part
    path = downloaded(page, tmp_path)
    first = path.read_bytes()
    with Image.open(path) as picture:
        pixels = np.asarray(picture, np.float64)
    assert pixels.std() > 10
    shown = page.locator("#pictures img").bounding_box()
    assert shown is not None
    assert shown["width"] >= 300
    expect(page.locator("#upscale")).to_be_disabled()
    expect(page.locator("#tabs")).to_contain_text("1 model out of reach")

    seed = page.locator("#picture-seed input, #picture-seed textarea")
    expect(seed).to_have_value("")
    page.locator("#pictures [data-seed]").click()
    expect(seed).not_to_have_value("")
    draw(page)
    assert downloaded(page, tmp_path).read_bytes() == first
    page.locator("#random-seed").click()
    draw(page)
    assert downloaded(page, tmp_path).read_bytes() != first


def test_stop_keeps_the_preview_and_gives_the_buttons_back(app: RunningApp, new_page: NewPage) -> None:
    page = opened(new_page(), app)
    unfold(page, "Advanced")
    page.locator("#picture-steps textarea, #picture-steps input").fill("100")
    page.get_by_label("Pictures", exact=True).click()
    page.get_by_role("option", name="8").click()
    page.locator("#draw").click()
    expect(page.locator("#pictures img").last).to_be_visible()
    page.locator("#stop-drawing").click()
    expect(page.locator("#picture-summary")).to_contain_text("stopped at step")
    expect(page.locator("#pictures img").last).to_be_visible()
    expect(page.locator("#draw")).to_be_enabled()
    expect(page.locator("#stop-drawing")).to_be_disabled()


def test_a_dropped_png_brings_words_settings_and_initial_image_back(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((200, 120)).convert("RGB").save(tmp_path / "start.png")
    page = opened(new_page(), app)
    words, hint = page.locator("#picture-prompt textarea"), page.locator(".hint")
    page.locator("#rewrite-prompt").click()
    expect(words).not_to_have_value("")
    expect(words).to_be_editable()
    expect(hint.first).to_contain_text("The prompt has no effect")
    words.fill("owl hooting at night")
    page.locator("#audio-weight input[type=range]").focus()
    page.keyboard.press("Home")
    expect(hint.first).to_contain_text("This small model does not know “night”.")
    words.fill("owl hooting")
    expect(hint.first).to_be_empty()
    unfold(page, "Advanced")
    page.locator("#picture-steps textarea, #picture-steps input").fill("5")
    page.locator("#picture-seed textarea, #picture-seed input").fill("11")
    page.locator("#initial-image input[type=file]").set_input_files(tmp_path / "start.png")
    expect(page.locator("#initial-image img")).to_be_visible()
    draw(page)
    path = downloaded(page, tmp_path)
    options = options_from_png(path)
    assert (options.prompt, options.steps, options.seed, options.audio_weight) == ("owl hooting", 5, 11, 0.0)

    other = opened(new_page(), app)
    drop(other, path)
    expect(other.locator("#restore-hint")).to_contain_text("settings are restored")
    expect(other.locator("#picture-prompt textarea")).to_have_value("owl hooting")
    expect(other.locator("#picture-seed textarea, #picture-seed input")).to_have_value("11")
    expect(other.locator("#audio-weight input[type=range]")).to_have_value("0")
    draw(other)
    assert downloaded(other, tmp_path).read_bytes() == path.read_bytes()
    with Image.open(path) as picture:
        chunks = PngInfo()
        chunks.add_text(OWN_KEYWORD, picture.info[OWN_KEYWORD])
        picture.save(tmp_path / "stripped.png", pnginfo=chunks)
    drop(other, tmp_path / "stripped.png")
    expect(other.locator("#restore-hint [role=alert]")).to_contain_text("the file has no initial image")


def test_a_foreign_png_sets_what_it_can_and_an_initial_image_is_shown_as_the_model_gets_it(
    app: RunningApp, new_page: NewPage, tmp_path: Path
) -> None:
    Image.new("RGB", (32, 32), "navy").save(tmp_path / "holiday.png")
    written = PngInfo()
    line = "Steps: 5, Sampler: Heun, CFG scale: 6.5, Seed: 4294967295, Size: 512x768, Model: barn"
    written.add_text("parameters", f"an owl\nNegative prompt: blurry\n{line}")
    Image.new("RGB", (32, 32), "navy").save(tmp_path / "barn.png", pnginfo=written)
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    (tmp_path / "letter.png").write_text("Dear viewer")
    page = opened(new_page(), app)
    drop(page, tmp_path / "holiday.png")
    hint = page.locator("#restore-hint")
    expect(hint.locator("[role=alert]")).to_contain_text("no settings inside")
    drop(page, tmp_path / "barn.png")
    expect(hint).to_contain_text("Restored from AUTOMATIC1111: prompt, negative prompt, seed, steps and guidance scale")
    expect(hint).to_contain_text("Not restored: size, model, sampler Heun.")
    expect(page.locator("#picture-prompt textarea")).to_have_value("an owl")
    expect(page.locator("#audio-weight input[type=range]")).to_have_value("0")
    unfold(page, "Advanced")
    expect(page.locator("#picture-steps textarea, #picture-steps input")).to_have_value("5")
    page.locator("#picture-prompt textarea").fill("owl " * 100 + "and a bright red balloon")
    draw(page)
    expect(page.locator("#picture-summary .overflow")).to_contain_text("and a bright red balloon”")

    image = page.locator("#initial-image")
    image.locator("input[type=file]").set_input_files(tmp_path / "letter.png")
    expect(page.locator("#image-hint [role=alert]")).to_contain_text("This initial image cannot be used (it is no PNG")
    expect(image.locator("img")).to_have_count(0)
    image.locator("input[type=file]").set_input_files(tmp_path / "clear.png")
    expect(page.locator("#image-hint [role=alert]")).to_have_count(0)
    expect(image.locator("img")).to_be_visible()
    with Image.open(BytesIO(page.request.get(image.locator("img").evaluate("image => image.src")).body())) as shown:
        assert shown.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_pictures_stay_in_the_gallery_and_another_concept_and_variations_are_a_click_away(
    app: RunningApp, new_page: NewPage
) -> None:
    page = opened(new_page(), app, "Music")
    draw(page)
    expect(page.locator("#picture-gallery li")).to_have_count(0)
    other = page.locator("#picture-concepts [data-concept]").first
    concept = other.get_attribute("data-concept")
    other.click()  # the first concept of this music is not clear
    expect(page.locator("#picture-gallery li")).to_have_count(1)
    expect(page.locator("#picture-prompt textarea")).to_have_value(str(concept))
    expect(page.locator("#draw")).to_be_enabled()
    seed = int(str(page.locator("#pictures [data-seed]").get_attribute("data-seed")))
    page.locator("#pictures [data-vary]").click()
    seeds = page.locator("#pictures [data-seed]")
    expect(seeds).to_have_count(4)
    expect(page.locator("#picture-gallery li")).to_have_count(2)
    found = seeds.evaluate_all("all => all.map(one => Number(one.dataset.seed))")
    assert found == [(seed + number) % 2**32 for number in range(1, 5)]
    expect(page.locator("#draw")).to_be_enabled()
    page.locator("#reset-settings").click()
    expect(page.locator("#picture-prompt textarea")).to_have_value("")
    expect(page.locator("#picture-seed").locator("textarea, input")).to_have_value("")
    load_example(page, "A sound")
    expect(page.locator("#picture-gallery")).to_be_hidden()


def test_keys_reach_every_control_the_loop_is_drawn_and_another_clip_clears_what_was_written(
    app: RunningApp, new_page: NewPage
) -> None:
    page = opened(new_page(), app)
    page.locator("#audio-weight input[type=range]").focus()
    wanted = ["rewrite-prompt", "picture-prompt", "picture-style", "draw", "draw-storyboard", "random-seed", "reuse-seed"]
    wanted += ["picture-seed", "picture-model"]
    reached = set()
    for _ in range(len(wanted) + 6):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('[id]:not([id^=component])')?.id"))
    assert set(wanted) <= reached

    page.locator(".as-slider").focus()
    page.keyboard.press("l")
    unfold(page, "Segment")
    page.locator("#picture-loop").click()
    expect(page.locator("#segment-start textarea, #segment-start input")).to_have_value("0.00")
    expect(page.locator("#segment-end textarea, #segment-end input")).not_to_have_value("")

    page.locator("#rewrite-prompt").click()
    expect(page.locator("#picture-prompt textarea")).not_to_have_value("")
    load_example(page, "Music")
    expect(page.locator("#picture-prompt textarea")).to_have_value("")
    expect(page.locator("#pictures")).to_contain_text("Press Draw")


def test_a_phone_shows_a_picture_that_is_drawn_and_scrolls_in_one_direction_only(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(width=390, height=844, touch=True), app)
    load_example(page, "A sound")
    page.get_by_role("tab", name=TAB).click()
    for fold in ("Segment", "Advanced", "Restore settings"):
        unfold(page, fold)
    draw(page)
    expect(page.locator("#pictures img")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
