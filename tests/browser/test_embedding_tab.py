"""The tab Embeddings in a real browser, with the offline encoders: a map in one click, further views, clips, and files."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import load_example, visit
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]
LONG_MS = 240_000
SUMMARY = "#embedding-summary"


def shown(page: Page, app: RunningApp, encoder: str = "YAMNet (offline)", example: str = "A sound") -> Page:
    """The page shows the map of an example, after one click on Show."""
    visit(page, app)
    load_example(page, example)
    expect(page.locator(".as-name")).to_have_text(example)
    page.get_by_role("tab", name="Embeddings").click()
    expect(page.get_by_text("Press Show for a map of the clip above")).to_be_visible()
    if encoder:
        choose(page, "#encoder", encoder)
    page.locator("#show-embedding").click()
    done(page)
    return page


def done(page: Page) -> None:
    expect(page.locator(f"{SUMMARY} [data-state=done]")).to_be_visible(timeout=LONG_MS)


def choose(page: Page, box: str, option: str) -> None:
    page.locator(box).get_by_role("combobox").click()
    page.get_by_role("option", name=option, exact=True).click()


def open_view(page: Page, name: str) -> None:
    page.locator("#embedding-views").get_by_role("tab", name=name).click()


def test_a_map_in_one_click_and_its_views_when_they_are_opened(app: RunningApp, new_page: NewPage) -> None:
    page = shown(new_page(), app, encoder="")
    for fact in ("Whisper base", "512 dimensions", "50 Hz", "PCA explains", "MIT"):
        expect(page.locator(SUMMARY)).to_contain_text(fact)
    expect(page.locator("#embedding-similarity img")).to_have_count(0)
    frames = page.evaluate("document.querySelector('.em').map.state.map.times.length")
    assert frames == pytest.approx(50 * page.evaluate("document.querySelector('.as-timeline').timeline.view.duration"), abs=1)
    x, y = page.evaluate("(() => { const s = document.querySelector('.em').map.state; return [s.x[40], s.y[40]]; })()")
    page.locator(".em-over").click(position={"x": x, "y": y})
    expect(page.locator("#similar-frames")).to_contain_text("Frames most similar to")
    page.evaluate("document.querySelector('audio').pause()")
    open_view(page, "Self-similarity")
    page.locator("#embedding-similarity [data-end]").click(position={"x": 100, "y": 10})
    page.wait_for_function("document.querySelector('.as-timeline').timeline.state.playing")
    open_view(page, "Dimensions")
    expect(page.locator("#embedding-dimensions figure")).to_have_count(3)
    choose(page, "#encoder-layer", "layer 2")
    expect(page.locator(SUMMARY)).to_contain_text("layer 2")
    done(page)
    expect(page.locator("#embedding-dimensions figure")).to_have_count(3)
    open_view(page, "Layers")
    page.locator("#compare-layers").click()
    expect(page.locator("#embedding-layers td[style]")).to_have_count(49, timeout=LONG_MS)


def test_other_colours_and_maps_follow_without_show(app: RunningApp, new_page: NewPage) -> None:
    page = shown(new_page(), app)
    same_map = "document.querySelector('.em').map.state.map.id"
    before = page.evaluate(same_map)
    choose(page, "#map-colour", "Tag")
    expect(page.locator(".em-legend")).to_contain_text("Sound")
    assert page.evaluate(same_map) == before
    choose(page, "#map-colour", "Chord")
    expect(page.locator(SUMMARY)).to_contain_text("no chord was found in it")
    choose(page, "#map-colour", "Loudness")
    expect(page.locator(".em-legend")).to_contain_text("dB")
    page.locator("#map-dimensions").get_by_label("3D").check()
    page.wait_for_function("document.querySelector('.em').map.state.map.dimensions === 3")
    load_example(page, "Speech")
    expect(page.get_by_text("Press Show for a map of the clip above")).to_be_visible()


def test_a_control_that_moves_on_during_a_job_is_followed_to_its_last_place(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    load_example(page, "Music")
    page.get_by_role("tab", name="Embeddings").click()
    choose(page, "#map-method", "t-SNE")
    page.locator("#show-embedding").click()
    choose(page, "#map-method", "PCA")
    expect(page.locator(SUMMARY)).to_contain_text("PCA explains", timeout=LONG_MS)
    expect(page.locator("#show-embedding")).to_be_enabled()
    for method in ("t-SNE", "Spectral", "PCA"):
        choose(page, "#map-method", method)
    expect(page.locator("#show-embedding")).to_be_enabled()
    expect(page.locator(SUMMARY)).to_contain_text("PCA explains")


def test_clips_are_compared_and_found_again_in_the_library(app: RunningApp, new_page: NewPage) -> None:
    page = shown(new_page(), app)
    open_view(page, "Clips")
    page.locator("#add-to-library").click()
    expect(page.locator("#near-clips")).to_contain_text("Added: 1 clip", timeout=LONG_MS)
    page.locator("#other-clips input[type=file]").set_input_files(EXAMPLES / "speech.flac")
    expect(page.locator("#compared-clips")).to_contain_text("2 clips on one map")
    expect(page.locator(".em-legend")).to_contain_text("speech.flac", timeout=LONG_MS)
    done(page)
    page.evaluate("(() => { const m = document.querySelector('.em').map; m.play(m.state.map.starts[1] + 4); })()")
    expect(page.locator(".as-name")).to_have_text("speech.flac")
    page.wait_for_function("document.querySelector('.as-timeline').timeline.state.playing")
    page.wait_for_function("document.querySelector('.em').map.state.map.clips[0] === 'speech.flac'")
    assert page.evaluate("document.querySelector('.as-timeline').timeline.state.time") > 1.5
    expect(page.locator("#similar-frames")).to_contain_text("Frames most similar to")
    expect(page.locator("#compared-clips")).to_contain_text("2 clips on one map")
    load_example(page, "Music")
    expect(page.locator(".as-name")).to_have_text("Music")
    expect(page.locator("#compared-clips")).to_be_empty()
    page.locator("#find-similar").click()
    expect(page.locator("#near-clips")).to_contain_text("A sound", timeout=LONG_MS)
    page.locator("#near-clips").get_by_role("button", name="A sound").press("Enter")
    expect(page.locator(".as-name")).to_have_text("A sound")
    page.wait_for_function("document.querySelector('.as-timeline').timeline.state.playing")
    expect(page.locator("#near-clips")).to_contain_text("Most similar to Music")


def test_embedding_and_map_are_exported(app: RunningApp, new_page: NewPage) -> None:
    page = shown(new_page(), app)
    open_view(page, "Export")
    files = {}
    for name in ("NPZ", "TSV for TensorBoard", "Map as PNG", "Map as web page"):
        with page.expect_download() as download:
            page.locator("#embedding-views").get_by_role("link", name=name).or_(
                page.locator("#embedding-views").get_by_role("button", name=name)
            ).first.click()
        files[name] = Path(download.value.path())
    with np.load(files["NPZ"]) as arrays:
        assert arrays["frames"].shape == (len(arrays["times"]), 1024)
        assert arrays["points"].shape == (len(arrays["times"]), 2)
    assert set(zipfile.ZipFile(files["TSV for TensorBoard"]).namelist()) == {"vectors.tsv", "metadata.tsv"}
    assert files["Map as PNG"].read_bytes().startswith(b"\x89PNG")
    assert "data:audio/mpeg;base64," in files["Map as web page"].read_text(encoding="utf-8")


def test_a_saved_view_brings_its_colours_back_and_labels_are_short(app: RunningApp, new_page: NewPage) -> None:
    page = shown(new_page(), app)
    expect(page.locator("#encoder-layer input")).to_have_value("Default layer")
    expect(page.locator("#about-encoder")).to_have_text("1024 dimensions · 2.08 frames per second · 1 layer · Apache-2.0")
    page.get_by_role("button", name="Save view").click()
    choose(page, "#map-colour", "Tag")
    expect(page.locator(".em-legend span")).to_have_text("Sound")
    page.get_by_role("searchbox", name="Search words, chords, tags").fill("bird")
    expect(page.locator(".em-count")).to_contain_text(re.compile(r"[1-9]\d* of"))
    page.get_by_role("button", name="View 1 · Time").click()
    expect(page.locator(".em-legend span")).to_have_text("Time")
    expect(page.locator("#map-colour input")).to_have_value("Time")


def test_show_without_a_clip_is_a_sentence(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.get_by_role("tab", name="Embeddings").click()
    page.locator("#show-embedding").click()
    expect(page.locator(SUMMARY)).to_contain_text("There is no clip yet")


def test_the_endpoints(app: RunningApp) -> None:
    client = Client(app.address, verbose=False)
    sound, speech = handle_file(str(EXAMPLES / "blackbird.ogg")), handle_file(str(EXAMPLES / "speech.flac"))
    path, facts = client.predict(audio=sound, encoder="yamnet", api_name="/embed_audio")
    with np.load(path) as arrays:
        assert arrays["frames"].shape == (facts["frames"], facts["width"])
        assert len(arrays["times"]) == facts["frames"]
    result = client.predict(audio=[sound, speech], encoder="yamnet", dimensions=3, api_name="/map_embeddings")
    assert set(result["clip_index"]) == {0, 1}
    assert {len(point) for point in result["points"]} == {3}
    assert len(result["points"]) == len(result["times"]) == sum(one["frames"] for one in result["embeddings"])
    for one in (sound, speech):
        found = client.predict(audio=one, add=True, api_name="/nearest_clips")
    assert "blackbird.ogg" in [near["clip"]["name"] for near in found["clips"]]
    with pytest.raises(Exception, match="takes pca, tsne, umap, spectral"):
        client.predict(audio=[sound], method="magic", api_name="/map_embeddings")
    with pytest.raises(Exception, match="There is no model called 'unknown'"):
        client.predict(audio=sound, encoder="unknown", api_name="/embed_audio")
