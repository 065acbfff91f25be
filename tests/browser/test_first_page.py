"""The page before there is a clip, and what leads away from it."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import expect

from tests.app_process import ROOT, RunningApp, running_app
from tests.browser.conftest import NewPage
from tests.browser.page_actions import take_example, upload, visit
from tests.pipelines.clip.links.link_server import link_server
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.models]
LONG_MS = 120_000
LINKS_DEMO = Path(__file__).parent / "links_demo.py"
PASTE = """([target, text, name]) => {
  const clipboardData = new DataTransfer();
  if (name) clipboardData.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
  else clipboardData.setData('text/plain', text);
  document.querySelector(target).dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}));
}"""
DROP_FOLDER = """(names) => {
  const file = (name) => ({isFile: true, name, file: (resolve) => resolve(new File(['none'], name))});
  const read = [names.map(file), []];
  const folder = {isDirectory: true, createReader: () => ({readEntries: (resolve) => resolve(read.shift())})};
  const drop = new Event('drop');
  drop.dataTransfer = {types: ['Files'], files: [], items: [{webkitGetAsEntry: () => folder}, {webkitGetAsEntry: () => null}]};
  window.dispatchEvent(drop);
}"""
"""A drop of a folder, which a page cannot make, with files that hold no sound."""


def test_the_api_page_opens_beside_the_clip(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    upload(page, EXAMPLES / "blackbird.ogg")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="API and MCP").click()
    documentation = opened.value
    expect(documentation.get_by_role("dialog")).to_contain_text("read_clip")
    expect(documentation.get_by_role("dialog")).to_contain_text("MCP Server URL")
    expect(page.locator(".as-name")).to_have_text("blackbird.ogg")
    expect(page.get_by_label("Gradio footer navigation")).to_be_hidden()


def test_each_example_opens_its_tab_and_runs_it(app: RunningApp, new_page: NewPage) -> None:
    for name, tab, done in (
        ("Speech", "Transcribe", '#transcript-summary [data-state="done"]'),
        ("Music", "Music & sound", '#music-summary [data-state="done"]'),
        ("A sound", "Sound to image", '#picture-summary [data-state="done"]'),
    ):
        page = visit(new_page(), app)
        take_example(page, name)
        expect(page.locator(".as-name")).to_have_text(name)
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        expect(page.locator(done)).to_be_visible(timeout=LONG_MS)
        page.close()


def test_the_open_tab_runs_on_a_new_clip_if_that_is_wanted(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    music = tmp_path / "music.wav"  # a clip that no other test transcribes: its results would be shown at once
    y, sr = soundfile.read(EXAMPLES / "music.ogg", frames=10 * 44_100)
    soundfile.write(music, y, sr)
    page = visit(new_page(), app)
    page.get_by_role("tab", name="Music & sound").click()
    upload(page, EXAMPLES / "blackbird.ogg")
    expect(page.locator("#caption")).to_contain_text("Press Describe")
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_label("Run the open tab on every new clip").check()
    page.reload()
    page.get_by_role("tab", name="Music & sound").click()
    upload(page, music)
    expect(page.locator('#music-summary [data-state="done"]')).to_be_visible(timeout=LONG_MS)
    expect(page.locator("#transcript-summary")).to_be_empty()


def test_what_is_advanced_stands_below_the_main_button(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    for tab in ("Transcribe", "Music & sound", "Sound to image", "Embeddings"):
        page.get_by_role("tab", name=tab).click()
        controls = page.locator(".controls:visible").first
        main, more = (
            controls.locator("button.primary").bounding_box(),
            controls.get_by_text("Advanced", exact=True).bounding_box(),
        )
        assert main and more, tab
        assert main["y"] + main["height"] <= more["y"], tab


def test_several_files_and_folders_become_clips_of_the_history(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    page = visit(new_page(), app)
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear listener")
    false = tmp_path / "false.wav"
    false.write_text("Dear listener")
    page.locator(".clip-file").set_input_files([EXAMPLES / "blackbird.ogg", letter, EXAMPLES / "speech.flac", false])
    expect(page.locator(".clip-note")).to_have_text("1 more in History · 2 could not be read")
    expect(page.locator(".as-name")).to_have_text("blackbird.ogg")
    page.get_by_role("button", name="History").click()
    expect(page.locator(".clip-history li")).to_have_count(2)
    expect(page.locator(".clip-history")).to_contain_text("speech.flac")
    page.keyboard.press("Escape")
    page.evaluate(DROP_FOLDER, [letter.name, "one.flac", "other.flac"])
    expect(page.locator(".clip-note")).to_have_text("0 more in History · 3 could not be read")


def test_a_file_or_a_link_is_pasted_anywhere_but_into_a_text_field(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.evaluate(PASTE, ["#transcript", "http://127.0.0.1/bird.wav"])
    expect(page.get_by_text("This link leads to a private or reserved address")).to_be_visible()
    page.evaluate(PASTE, ["#transcript", "some words"])
    expect(page.get_by_text("The clipboard holds neither a file nor a link.")).to_be_visible()
    page.evaluate(PASTE, [".clip-link input", "http://127.0.0.1/other.wav"])
    expect(page.get_by_text("The clipboard holds neither a file nor a link.")).to_be_visible()
    content = base64.b64encode((EXAMPLES / "blackbird.ogg").read_bytes()).decode()
    page.evaluate(PASTE, ["body", content, "pasted.ogg"])
    expect(page.locator(".as-name")).to_have_text("pasted.ogg")


def test_a_link_is_opened_after_it_was_checked_and_a_slow_one_can_be_stopped(tmp_path: Path, new_page: NewPage) -> None:
    with (
        link_server() as server,
        running_app(tmp_path, script=LINKS_DEMO, PYTHONPATH=f"{tmp_path / 'site'}{os.pathsep}{ROOT}") as app,
    ):
        server.files = {
            "/moved/bird.ogg": ("audio/ogg", (EXAMPLES / "blackbird.ogg").read_bytes()),
            "/page": ("text/html", b"<p>A page"),
        }
        server.redirects = {"/bird": "/moved/bird.ogg", "/away": "http://0.0.0.0:8080/bird.ogg"}
        page = visit(new_page(), app)
        link = page.get_by_label("Link to an audio or video file")
        for path, sentence in (
            ("/page", "leads to a web page"),
            ("/away", "private or reserved address"),
            ("/none", "answered 404"),
        ):
            link.fill(server.link(path))
            link.press("Enter")
            expect(page.locator(".clip-note")).to_contain_text(sentence)
        link.fill(server.link("/drip"))
        link.press("Enter")
        expect(page.locator(".clip-fetch")).to_contain_text("kB")
        page.locator(".clip-fetch-stop").click()
        expect(page.locator(".clip-note")).to_have_text("Stopped.")
        expect(page.locator(".clip-fetch")).to_be_hidden()
        link.fill(server.link("/bird"))
        page.get_by_role("button", name="Open link").click()
        expect(page.locator(".as-name")).to_have_text("bird.ogg")
        page.close()
