"""Transcription in a real browser: jobs, Stop, dictation and several files."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import BrowserType, Page, expect

from tests.app_process import RunningApp
from tests.browser.conftest import CHROMIUM, FLAGS, REPETITIONS, NewPage
from tests.browser.page_actions import load_example, upload, visit, wait_for_state
from tests.recordings import EXAMPLES, librivox_sentences

pytestmark = [pytest.mark.browser, pytest.mark.models]
ENDINGS = ("txt", "srt", "vtt", "lrc", "tsv", "json", "rttm")


def test_upload_and_transcribe(app: RunningApp, new_page: NewPage, unknown_clip: Path) -> None:
    page = visit(new_page(), app)
    expect(page.locator("#transcript")).to_contain_text("Choose a clip above")
    upload(page, unknown_clip)
    expect(page.locator("#transcript")).to_contain_text("Press Transcribe")
    page.get_by_role("button", name="Transcribe", exact=True).click()
    wait_for_state(page, "done")
    expect(page.locator("#transcript li")).to_contain_text("Mr. John Dashwood had then leisure")
    expect(page.locator("#transcript-summary")).to_contain_text("Whisper base (offline), int8 on CPU, MIT")
    expect(page.locator("#transcript-summary")).to_contain_text("7.1 s of audio in")


def test_words_arrive_while_decoding_and_stop_keeps_them(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    page = visit(new_page(), app)
    upload(page, long_clip)
    page.get_by_role("button", name="Transcribe", exact=True).click()
    expect(page.locator("#transcript li").first).to_be_visible()
    wait_for_state(page, "decoding")
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_disabled()
    page.locator("#stop-transcribing").click()
    wait_for_state(page, "stopped")
    count = page.locator("#transcript li").count()
    assert 1 <= count < REPETITIONS * 5
    expect(page.locator("#transcript-summary")).to_contain_text("stopped at")
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_enabled()

    line = page.locator("#transcript li").first
    line.get_by_role("button", name="Edit this line").click(force=True)
    page.keyboard.press("Control+A")
    page.keyboard.type("An edited line.")
    page.keyboard.press("Enter")
    expect(line.locator(".mark.edited")).to_be_visible()
    page.get_by_role("button", name="Transcribe", exact=True).click()
    expect(page.locator("#transcript li").nth(count)).to_be_visible()  # it goes on after the lines that are there
    expect(line.locator(".text")).to_have_text("An edited line.")
    page.locator("#stop-transcribing").click()
    wait_for_state(page, "stopped")


def test_another_clip_ends_the_job_and_shows_nothing_of_it(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    page = visit(new_page(), app)
    upload(page, long_clip)
    page.get_by_role("button", name="Transcribe", exact=True).click()
    expect(page.locator("#transcript li").first).to_be_visible()
    load_example(page, "Music")
    page.get_by_role("button", name="Transcribe", exact=True).click()
    expect(page.locator("#transcript")).to_contain_text("No speech was found")
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_enabled()
    expect(page.locator("#transcript")).to_contain_text("No speech was found")
    expect(page.locator("#transcript li")).to_have_count(0)


def test_of_clips_chosen_at_once_the_last_is_shown_and_can_be_transcribed(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.evaluate("for (const index of [2, 1, 0]) document.querySelector(`.clip-examples [data-index='${index}']`).click()")
    expect(page.locator(".as-name")).to_have_text("Speech")
    wait_for_state(page, "done")
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_enabled()
    expect(page.locator(".as-name")).to_have_text("Speech")


def test_stop_ends_only_this_persons_job(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    first, second = visit(new_page(), app), visit(new_page(), app)
    upload(first, long_clip)
    upload(second, librivox_sentences()[3].path)
    first.get_by_role("button", name="Transcribe", exact=True).click()
    wait_for_state(first, "decoding")
    second.get_by_role("button", name="Transcribe", exact=True).click()
    expect(second.locator("#transcript-summary")).to_contain_text("Whisper base")
    first.locator("#stop-transcribing").click()
    wait_for_state(first, "stopped")
    wait_for_state(second, "done")
    expect(second.locator("#transcript")).to_contain_text("amiable woman")
    expect(second.locator(".as-name")).not_to_have_text(long_clip.name)


def test_a_closed_page_frees_its_model(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    leaving, staying = visit(new_page(), app), visit(new_page(), app)
    upload(leaving, long_clip)
    leaving.get_by_role("button", name="Transcribe", exact=True).click()
    wait_for_state(leaving, "decoding")
    leaving.close()
    staying.get_by_role("tab", name="Models").click()
    expect(staying.locator("#residents")).to_contain_text("idle for")


def test_a_known_clip_brings_its_words_back_at_once(app: RunningApp, new_page: NewPage) -> None:
    first = visit(new_page(), app)
    upload(first, librivox_sentences()[1].path)
    first.get_by_role("button", name="Transcribe", exact=True).click()
    wait_for_state(first, "done")
    later = visit(new_page(), app)
    upload(later, librivox_sentences()[1].path)
    wait_for_state(later, "done")
    expect(later.locator("#transcript-summary")).to_contain_text("computed before")
    expect(later.get_by_role("button", name="Words")).to_be_visible()
    upload(later, EXAMPLES / "blackbird.ogg")
    expect(later.locator("#transcript li")).to_have_count(0)
    expect(later.get_by_role("button", name="Words")).to_have_count(0)


SILENCE_SECONDS = 120
MAX_TAIL_SECONDS = 2.0


@pytest.fixture
def spoken_to(chromium: BrowserType, tmp_path: Path) -> Iterator[Page]:
    """A page in a browser whose microphone records two sentences, and then silence."""
    pause, silence = np.zeros(2 * 16_000), np.zeros(SILENCE_SECONDS * 16_000)
    sentences = [soundfile.read(librivox_sentences()[index].path)[0] for index in (1, 4)]
    soundfile.write(tmp_path / "microphone.wav", np.concatenate([sentences[0], pause, sentences[1], silence]), 16_000, "PCM_16")
    microphone = f"--use-file-for-fake-audio-capture={tmp_path / 'microphone.wav'}"
    browser = chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, microphone])
    context = browser.new_context()
    context.grant_permissions(["microphone"])
    yield context.new_page()
    browser.close()


def test_dictation_writes_while_one_speaks_and_becomes_a_clip(app: RunningApp, spoken_to: Page) -> None:
    page = visit(spoken_to, app)
    page.get_by_role("button", name="Dictate").click()
    expect(page.get_by_role("button", name="Stop dictating")).to_be_visible()
    assert "Choose a clip" not in page.locator("#transcript").inner_text()
    page.wait_for_function("document.querySelector('.dictation-level').ariaValueNow > -40")
    expect(page.locator("#transcript .partial")).to_contain_text(re.compile("he ", re.IGNORECASE))
    expect(page.locator("#transcript li")).to_have_count(2)
    page.get_by_role("button", name="Stop dictating").click()
    expect(page.locator(".dictation-level")).to_be_hidden()
    expect(page.locator(".as-name")).to_contain_text("Dictation")
    wait_for_state(page, "done")
    expect(page.locator("#transcript .partial")).to_be_hidden()
    expect(page.locator("#transcript li").first).to_contain_text(re.compile("was|might", re.IGNORECASE))
    expect(page.get_by_role("button", name="Words")).to_be_visible()
    expect(page.get_by_role("button", name="Dictate")).to_be_enabled()
    state = "document.querySelector('.as-timeline').timeline.state"
    end_of_speech = page.evaluate(f"Math.max(...{state}.tracks.get('speech').items.map(([, end]) => end))")
    duration = page.evaluate("document.querySelector('.as-timeline').timeline.view.duration")
    assert duration - end_of_speech < MAX_TAIL_SECONDS


def test_several_files_become_one_archive_that_outlives_a_reload(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound at all")
    page = visit(new_page(), app)
    page.get_by_role("button", name="Several files").click()
    spoken_file = librivox_sentences()[1].path
    page.locator("#queue input[type=file]").set_input_files([spoken_file, broken, EXAMPLES / "blackbird.ogg"])
    expect(page.locator("#queue")).to_contain_text("blackbird")
    page.get_by_role("button", name="Transcribe all").click()
    expect(page.locator("#queue-table")).to_contain_text("2 of 3 done")
    expect(page.locator("#queue-table tr[data-state=failed]")).to_contain_text("can be read as sound")
    expect(page.locator("#queue-table")).to_contain_text("no speech: this sounds like")
    expect(page.get_by_role("button", name="Transcribe all")).to_be_enabled()
    page.reload()
    expect(page.locator("#queue-table")).to_contain_text("2 of 3 done")
    with page.expect_download() as download:
        page.locator("#queue-zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == sorted(f"{spoken_file.stem}.{ending}" for ending in ENDINGS)
        assert "young man" in archive.read(f"{spoken_file.stem}.txt").decode()
    expect(page.get_by_role("button", name="Transcribe all")).to_be_enabled()
    page.locator("#queue-table").get_by_role("button", name=spoken_file.name).click()
    expect(page.locator(".as-name")).to_have_text(spoken_file.name)
    expect(page.locator("#transcript li")).to_contain_text("young man")
