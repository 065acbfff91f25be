"""The app in a real browser: a clip goes in, words come out, Stop stops, and errors are sentences."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import BrowserType, Page, expect

from tests.app_process import RunningApp, running_app
from tests.browser.conftest import CHROMIUM, FLAGS, NewPage
from tests.recordings import EXAMPLES, librivox_sentences

pytestmark = [pytest.mark.browser, pytest.mark.models]
REPETITIONS = 12
ENDINGS = ("txt", "srt", "vtt", "lrc", "tsv", "json")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes of sentences: long enough to be stopped."""
    sentences = [soundfile.read(sentence.path) for sentence in librivox_sentences()]
    path = tmp_path_factory.mktemp("long") / "five-minutes.wav"
    soundfile.write(path, np.concatenate([samples for samples, _ in sentences] * REPETITIONS), sentences[0][1])
    return path


def visit(page: Page, app: RunningApp, theme: str = "light") -> Page:
    page.goto(f"{app.address}/?__theme={theme}")
    expect(page.get_by_role("button", name="Upload")).to_be_visible()
    expect(page.locator(".pill")).to_contain_text("CPU")
    return page


def upload(page: Page, path: Path) -> None:
    page.locator(".clip-file").set_input_files(path)
    expect(page.locator(".as-name")).to_have_text(path.name)


def take_example(page: Page, name: str) -> None:
    page.get_by_role("button", name="Examples").click()
    page.locator(".clip-examples").get_by_role("button", name=name).click()


def state(page: Page, name: str) -> None:
    expect(page.locator(f'#transcript-summary [data-state="{name}"]')).to_be_visible()


def test_upload_and_transcribe(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    expect(page.locator("#transcript")).to_contain_text("Choose a clip above")
    upload(page, librivox_sentences()[0].path)
    expect(page.locator("#transcript")).to_contain_text("Press Transcribe")
    page.get_by_role("button", name="Transcribe", exact=True).click()
    state(page, "done")
    expect(page.locator("#transcript li")).to_contain_text("Mr. John Dashwood had then leisure")
    expect(page.locator("#transcript-summary")).to_contain_text("Whisper base (offline), int8 on CPU, MIT")
    expect(page.locator("#transcript-summary")).to_contain_text("7.1 s of audio in")


def test_an_example_gives_a_result_in_one_click(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    take_example(page, "Speech")
    state(page, "done")
    expect(page.locator("#transcript li")).to_have_count(2)
    take_example(page, "Music")
    expect(page.locator("#transcript")).to_contain_text("No speech was found")


def test_words_arrive_while_decoding_and_stop_keeps_them(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    page = visit(new_page(), app)
    upload(page, long_clip)
    page.get_by_role("button", name="Transcribe", exact=True).click()
    expect(page.locator("#transcript li").first).to_be_visible()
    state(page, "decoding")
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Stop", exact=True).click()
    state(page, "stopped")
    count = page.locator("#transcript li").count()
    assert 1 <= count < REPETITIONS * 5
    expect(page.locator("#transcript-summary")).to_contain_text("stopped at")
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_enabled()


def test_another_clip_ends_the_job_and_shows_nothing_of_it(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    page = visit(new_page(), app)
    upload(page, long_clip)
    page.get_by_role("button", name="Transcribe", exact=True).click()
    expect(page.locator("#transcript li").first).to_be_visible()
    take_example(page, "Music")
    expect(page.locator("#transcript")).to_contain_text("No speech was found")
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_enabled()
    expect(page.locator("#transcript")).to_contain_text("No speech was found")
    expect(page.locator("#transcript li")).to_have_count(0)


def test_of_clips_chosen_at_once_the_last_is_shown_and_can_be_transcribed(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.evaluate("for (const index of [0, 2, 1]) document.querySelector(`.clip-examples [data-index='${index}']`).click()")
    expect(page.locator(".as-name")).to_have_text("Music")
    expect(page.locator("#transcript")).to_contain_text("No speech was found")
    expect(page.get_by_role("button", name="Transcribe", exact=True)).to_be_enabled()
    expect(page.locator(".as-name")).to_have_text("Music")


def test_lines_corrected_at_once_are_all_kept(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    take_example(page, "Speech")
    state(page, "done")
    count = page.locator("#transcript li").count()
    assert count > 1
    page.evaluate("""async () => {
        const rows = () => document.querySelectorAll('#transcript li');
        for (let index = 0; index < rows().length; index += 1) {
            await new Promise(requestAnimationFrame);
            const row = rows()[index];
            row.dataset.before = 'yes';
            row.querySelector('.edit').click();
            const text = row.querySelector('[contenteditable]');
            text.textContent = `Kept ${text.textContent}`;
            text.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}));
        }
    }""")
    expect(page.locator("#transcript li[data-before]")).to_have_count(0)  # all were sent anew, by whoever has the text
    expect(page.locator("#transcript li", has_text="Kept")).to_have_count(count)


def test_a_line_that_is_being_corrected_keeps_its_text_while_another_is_sent(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    take_example(page, "Speech")
    state(page, "done")
    page.evaluate("""() => {
        const rows = document.querySelectorAll('#transcript li');
        rows[0].querySelector('.edit').click();
        const text = rows[0].querySelector('[contenteditable]');
        text.textContent = 'One whole';
        text.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}));
        rows[1].querySelector('.edit').click();
        rows[1].querySelector('[contenteditable]').textContent = 'Two half';
    }""")
    on_timeline = "document.querySelector('.as-timeline').timeline.state.tracks.get('speech').text.includes({!r})"
    page.wait_for_function(on_timeline.format("One whole"))
    page.locator("#transcript .editing [contenteditable]").press("Enter")
    page.wait_for_function(on_timeline.format("Two half"))
    expect(page.locator("#transcript li").nth(0)).to_contain_text("One whole")
    expect(page.locator("#transcript li").nth(1)).to_contain_text("Two half")


def test_stop_ends_only_this_persons_job(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    first, second = visit(new_page(), app), visit(new_page(), app)
    upload(first, long_clip)
    upload(second, librivox_sentences()[3].path)
    first.get_by_role("button", name="Transcribe", exact=True).click()
    state(first, "decoding")
    second.get_by_role("button", name="Transcribe", exact=True).click()
    expect(second.locator("#transcript-summary")).to_contain_text("Whisper base")
    first.get_by_role("button", name="Stop", exact=True).click()
    state(first, "stopped")
    state(second, "done")
    expect(second.locator("#transcript")).to_contain_text("amiable woman")
    expect(second.locator(".as-name")).not_to_have_text(long_clip.name)


def test_a_closed_page_frees_its_model(app: RunningApp, new_page: NewPage, long_clip: Path) -> None:
    leaving, staying = visit(new_page(), app), visit(new_page(), app)
    upload(leaving, long_clip)
    leaving.get_by_role("button", name="Transcribe", exact=True).click()
    state(leaving, "decoding")
    leaving.close()
    staying.get_by_role("tab", name="Models").click()
    expect(staying.locator("#residents")).to_contain_text("idle for")


def test_errors_are_sentences(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    page = visit(new_page(), app)
    page.get_by_role("button", name="Transcribe", exact=True).click()
    expect(page.get_by_text("There is no clip yet")).to_be_visible()
    letter = tmp_path / "letter.mp3"
    letter.write_text("Dear listener")
    page.locator(".clip-file").set_input_files(letter)
    expect(page.get_by_text("This file holds no sound although its name ends in .mp3")).to_be_visible()
    page.locator(".clip-file").set_input_files(EXAMPLES / "blackbird.ogg")
    expect(page.locator(".as-name")).to_have_text("blackbird.ogg")
    assert "Traceback" not in page.content()


def test_what_a_page_makes_up_is_refused(app: RunningApp, new_page: NewPage) -> None:
    """A page that lies about what it uploaded gets a sentence, not a file."""
    page = visit(new_page(), app)
    page.route("**/upload*", lambda route: route.fulfill(json=["/etc/passwd"]))
    page.locator(".clip-file").set_input_files(EXAMPLES / "blackbird.ogg")
    expect(page.get_by_text("not in the cache folder")).to_be_visible()


def test_a_known_clip_brings_its_words_back_at_once(app: RunningApp, new_page: NewPage) -> None:
    first = visit(new_page(), app)
    upload(first, librivox_sentences()[1].path)
    first.get_by_role("button", name="Transcribe", exact=True).click()
    state(first, "done")
    later = visit(new_page(), app)
    upload(later, librivox_sentences()[1].path)
    state(later, "done")
    expect(later.locator("#transcript-summary")).to_contain_text("computed before")
    expect(later.get_by_role("button", name="Words")).to_be_visible()
    upload(later, EXAMPLES / "blackbird.ogg")
    expect(later.locator("#transcript li")).to_have_count(0)
    expect(later.get_by_role("button", name="Words")).to_have_count(0)


def test_history_reopens_and_deletes_and_is_ones_own(app: RunningApp, new_page: NewPage) -> None:
    ann, bob = visit(new_page(), app), visit(new_page(), app)
    expect(ann.get_by_role("button", name="History")).to_be_hidden()
    upload(ann, librivox_sentences()[2].path)
    upload(ann, EXAMPLES / "blackbird.ogg")
    upload(bob, EXAMPLES / "blackbird.ogg")
    ann.reload()
    ann.get_by_role("button", name="History").click()
    expect(ann.locator(".clip-history li")).to_have_count(2)
    ann.locator(".clip-history").get_by_role("button", name=librivox_sentences()[2].path.name, exact=False).first.click()
    expect(ann.locator(".as-name")).to_have_text(librivox_sentences()[2].path.name)
    ann.get_by_role("button", name="History").click()
    ann.get_by_role("button", name="Delete blackbird.ogg").click()
    ann.get_by_role("button", name=f"Delete {librivox_sentences()[2].path.name}").click()
    expect(ann.get_by_text("No clip yet")).to_be_visible()
    expect(ann.get_by_role("button", name="History")).to_be_hidden()
    bob.reload()
    bob.get_by_role("button", name="History").click()
    expect(bob.locator(".clip-history li")).to_have_count(1)
    bob.locator(".clip-history button").first.click()
    expect(bob.locator(".as-name")).to_have_text("blackbird.ogg")


def test_a_history_entry_that_is_gone_says_so_and_leaves(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.evaluate(
        "localStorage.setItem('audioscope-history', JSON.stringify([{hash: '0'.repeat(32), name: 'old', duration: 1, time: 0}]))"
    )
    page.reload()
    page.get_by_role("button", name="History").click()
    page.locator(".clip-history button").first.click()
    expect(page.get_by_text("This clip is no longer kept here")).to_be_visible()
    expect(page.get_by_role("button", name="History")).to_be_hidden()


def test_the_loop_becomes_the_clip(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    take_example(page, "Music")
    expect(page.locator(".as-name")).to_have_text("Music")
    expect(page.get_by_role("button", name="Use loop")).to_be_hidden()
    page.evaluate("window.dispatchEvent(new CustomEvent('audioscope:loop', {detail: {start: 2, end: 5.5}}))")
    page.get_by_role("button", name="Use loop").click()
    expect(page.locator(".as-name")).to_have_text("Music 2.0–5.5 s")
    expect(page.locator(".as-facts")).to_contain_text("0:03.5")
    expect(page.locator(".as-facts")).to_contain_text("stereo")
    expect(page.get_by_role("button", name="Use loop")).to_be_hidden()


def spoken(page: Page, app: RunningApp) -> None:
    """The page shows the transcribed example of speech."""
    visit(page, app)
    take_example(page, "Speech")
    state(page, "done")
    expect(page.locator("#transcript li")).to_have_count(2)


def playhead(page: Page) -> float:
    return float(page.evaluate("document.querySelector('.as-timeline').timeline.state.time"))


def test_a_word_seeks_and_the_words_and_subtitles_follow(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    spoken(page, app)
    page.locator("#transcript .word", has_text="young").click()
    expect(page.locator("#transcript .word.hl")).to_be_visible()
    expect(page.locator("#transcript li.now")).to_contain_text("ill-disposed young man")
    expect(page.locator(".caption")).to_contain_text("young man")
    assert playhead(page) >= 7.3
    page.locator("#transcript .time").first.click()
    expect(page.locator("#transcript li.now")).to_contain_text("Dashwood")


def test_a_line_is_corrected_in_place_and_taken_home(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    spoken(page, app)
    line = page.locator("#transcript li").nth(1)
    line.hover()
    line.get_by_role("button", name="Correct this line").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("He was <b>not</b> an ill-disposed old man,")
    page.keyboard.press("Enter")
    expect(line.locator(".text")).to_have_text("He was <b>not</b> an ill-disposed old man,")
    expect(line.locator(".word", has_text="old")).to_be_visible()
    page.locator("#transcript .word", has_text="ill-disposed").first.click()
    expect(page.locator(".caption")).to_contain_text("old man")
    with page.expect_download() as download:
        page.get_by_role("link", name="SRT").or_(page.get_by_role("button", name="SRT")).first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "ill-disposed old man" in " ".join(text.split())
    assert "-->" in text
    assert download.value.suggested_filename == "Speech.srt"


def test_escape_leaves_a_line_as_it_was(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    spoken(page, app)
    line = page.locator("#transcript li").first
    before = line.locator(".text").inner_text()
    line.hover()
    line.get_by_role("button", name="Correct this line").click()
    page.keyboard.type("nonsense ")
    page.keyboard.press("Escape")
    expect(line.locator(".text")).to_have_text(before)


def test_a_line_is_decoded_again_with_other_options(app: RunningApp, new_page: NewPage) -> None:
    page = new_page()
    spoken(page, app)
    page.get_by_label("Model").click()
    page.get_by_role("option", name="Whisper tiny.en (offline)").click()
    line = page.locator("#transcript li").nth(1)
    line.get_by_role("button", name="Correct this line").click(force=True)
    page.keyboard.press("Control+A")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(line.locator(".text")).to_have_text("wrong")
    line.get_by_role("button", name="Decode this line again").click(force=True)
    expect(line).to_contain_text("young man")
    expect(page.locator("#transcript li").first).to_contain_text("Dashwood")


def test_recording_with_the_microphone(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.get_by_role("button", name="Record").click()
    expect(page.locator(".clip-note")).to_contain_text("Recording 2.")
    page.get_by_role("button", name="Stop recording").click()
    expect(page.locator(".as-name")).to_contain_text("Recording")
    expect(page.locator(".as-facts")).to_contain_text("48 kHz")


@pytest.fixture
def spoken_to(chromium: BrowserType, tmp_path: Path) -> Iterator[Page]:
    """A page in a browser whose microphone hears two sentences, again and again."""
    pause = np.zeros(2 * 16_000)
    sentences = [soundfile.read(librivox_sentences()[index].path)[0] for index in (1, 4)]
    soundfile.write(tmp_path / "microphone.wav", np.concatenate([sentences[0], pause, sentences[1], pause]), 16_000, "PCM_16")
    microphone = f"--use-file-for-fake-audio-capture={tmp_path / 'microphone.wav'}"
    browser = chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, microphone])
    context = browser.new_context()
    context.grant_permissions(["microphone"])
    yield context.new_page()
    browser.close()


def test_dictation_writes_while_one_speaks_and_becomes_a_clip(app: RunningApp, spoken_to: Page) -> None:
    page = visit(spoken_to, app)
    page.get_by_role("button", name="Dictate").click()
    expect(page.locator("#transcript .partial")).to_contain_text(re.compile("he ", re.IGNORECASE))
    expect(page.locator("#transcript li")).not_to_have_count(0)
    page.get_by_role("button", name="Stop dictating").click()
    expect(page.locator(".as-name")).to_contain_text("Dictation")
    state(page, "done")
    expect(page.locator("#transcript .partial")).to_be_hidden()
    expect(page.locator("#transcript li").first).to_contain_text(re.compile("he (was|might)", re.IGNORECASE))
    expect(page.get_by_role("button", name="Words")).to_be_visible()
    expect(page.get_by_role("button", name="Dictate")).to_be_enabled()


def test_several_files_become_one_archive(app: RunningApp, new_page: NewPage, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound at all")
    page = visit(new_page(), app)
    page.get_by_role("button", name="Several files").click()
    spoken_file = librivox_sentences()[1].path
    page.locator("#queue input[type=file]").set_input_files([spoken_file, broken, EXAMPLES / "blackbird.ogg"])
    expect(page.locator("#queue")).to_contain_text("blackbird")
    page.get_by_role("button", name="Transcribe all").click()
    expect(page.locator("#queue-table")).to_contain_text("2 of 3 done")
    expect(page.locator("#queue-table tr[data-state=failed]")).to_contain_text("no sound")
    expect(page.locator("#queue-table")).to_contain_text("no speech: this sounds like")
    with page.expect_download() as download:
        page.locator("#queue-zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == sorted(f"{spoken_file.stem}.{ending}" for ending in ENDINGS)
        assert "young man" in archive.read(f"{spoken_file.stem}.txt").decode()
    expect(page.get_by_role("button", name="Transcribe all")).to_be_enabled()


def test_the_status_panel_frees_models(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    take_example(page, "Speech")
    state(page, "done")
    page.get_by_role("tab", name="Models").click()
    expect(page.locator("#residents")).to_contain_text("Whisper base (offline)")
    expect(page.locator("#catalog")).to_contain_text("Systran/faster-whisper-large-v3")
    page.get_by_role("button", name="Free everything that is not in use").click()
    expect(page.locator("#residents")).to_contain_text("No model is loaded")
    expect(page.locator(".pill")).to_contain_text("no model loaded")


def test_the_keyboard_is_enough(app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(), app)
    page.get_by_role("button", name="Examples").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".clip-examples").get_by_role("button", name="Speech")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Examples")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    state(page, "done")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(theme: str, app: RunningApp, new_page: NewPage) -> None:
    page = visit(new_page(width=375, height=800, touch=True), app, theme)
    take_example(page, "Speech")
    state(page, "done")
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")
    box = page.locator(".pill").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 375
