"""The logit lens in a real browser with the real offline Whisper."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from components.page.page_script import page_script
from tests.browser.conftest import NewPage
from tests.browser.logit_lens_demo import launch
from tests.browser.page_actions import load_example, playhead, upload
from tests.recordings import librivox_sentences

pytestmark = [pytest.mark.browser, pytest.mark.models]
MAX_SCRIPT_BYTES = 6_000
PHONE = {"width": 390, "height": 844, "touch": True}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    demo, url = launch(tmp_path_factory.mktemp("demo"))
    yield url
    demo.close()


def traced(page: Page, address: str) -> Page:
    """Run the logit lens on the example."""
    page.goto(f"{address}?__theme=light")
    expect(page.locator("#lens-words")).to_contain_text("Choose a clip with speech")
    load_example(page, "Speech")
    expect(page.locator(".as-name")).to_have_text("Speech")
    page.locator("#run-logit-lens").click()
    state(page, "done")
    return page


def state(page: Page, name: str) -> None:
    expect(page.locator(f'#lens-summary [data-state="{name}"]')).to_be_visible()


def chosen(page: Page, word: str) -> None:
    expect(page.locator('.token[aria-pressed="true"]')).to_have_text(word)
    expect(page.locator(".token-head")).to_have_text(word)


def test_tokens_are_generated_chosen_played_and_cleared_by_another_clip(address: str, new_page: NewPage, tmp_path: Path) -> None:
    page = traced(new_page(), address)
    expect(page.locator(".lens-words")).to_contain_text("had then leisure to consider")
    expect(page.locator(".token.language")).to_have_text("English")
    for fact in ("English (99 % sure)", "42 words in 59 tokens", "Whisper base (offline), float32 on CPU, MIT", "0:00.0–0:15.4"):
        expect(page.locator("#lens-summary")).to_contain_text(fact)
    chosen(page, "And")
    # An index that a page makes up is ignored.
    page.evaluate("document.querySelector('[data-token=\"3\"]').dataset.token = 'x'")
    page.locator('[data-token="x"]').click()
    expect(page.locator(".token-head")).to_have_text("And")
    page.evaluate("document.querySelector('[data-token=x]').dataset.token = '3'")

    page.locator(".token", has_text="leisure").click()
    chosen(page, "leisure")
    expect(page.get_by_role("button", name="Attention", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Words (attention)", exact=True)).to_be_visible()
    rows = page.locator("#lens-token .lens tbody tr")
    expect(rows).to_have_count(7)
    expect(rows.last.locator(".own")).to_have_text("leisure")
    expect(rows.locator("th")).to_have_text(["Embedding", *(f"Layer {number}" for number in range(1, 7))])
    expect(page.locator("#lens-token .formed th")).to_have_text("Layer 6")
    check_keys(page)
    check_playing(page)

    # Another clip clears the panel, and a long one has a start.
    soundfile.write(tmp_path / "hum.wav", 0.1 * np.sin(np.arange(40 * 8000) / 10), 8000)
    upload(page, tmp_path / "hum.wav")
    expect(page.locator("#lens-words")).to_contain_text("Choose a clip with speech")
    expect(page.locator("#lens-token")).to_be_empty()
    page.get_by_label("Start (s)").fill("50")
    page.locator("#run-logit-lens").click()
    expect(page.locator('#lens-summary [role="alert"]')).to_contain_text("start cannot be")


def check_keys(page: Page) -> None:
    """Arrow keys move between tokens, and leave the playhead."""
    page.locator(".token", has_text="leisure").click()
    for key, word in (("ArrowRight", "to"), ("ArrowLeft", "leisure"), ("ArrowLeft", "then"), ("Home", "English"), ("End", ".")):
        page.keyboard.press(key)
        chosen(page, word)
        expect(page.locator('.token[tabindex="0"]')).to_be_focused()
    assert playhead(page) == 0


def check_playing(page: Page) -> None:
    """The time of a token and a click on its attention play from there."""
    page.locator(".token", has_text="leisure").click()
    chosen(page, "leisure")
    page.locator("#lens-token .seek").click()
    page.wait_for_function("document.querySelector('.as-timeline').timeline.state.time >= 2.3")
    expect(page.locator(".word.now")).not_to_have_count(0)
    box = page.locator(".token-strip").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)
    page.wait_for_function("document.querySelector('.as-timeline').timeline.state.time >= 7.6")
    page.evaluate("document.querySelector('audio').pause()")
    assert playhead(page) < 15
    expect(page.locator(".token-strip.now")).to_be_visible()


def test_without_speech_a_sentence_gives_the_reason_and_stop_keeps_the_tokens_so_far(
    address: str, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page()
    page.goto(address)
    page.locator("#run-logit-lens").click()
    expect(page.get_by_text("There is no clip yet")).to_be_visible()
    load_example(page, "A sound")
    page.locator("#run-logit-lens").click()
    expect(page.locator("#lens-words")).to_contain_text("No speech between 0:00.0 and 0:07.9")
    expect(page.get_by_label("Start (s)")).to_be_hidden()

    sentences = [soundfile.read(sentence.path) for sentence in librivox_sentences()[:4]]
    soundfile.write(tmp_path / "long.wav", np.concatenate([samples for samples, _ in sentences]), sentences[0][1])
    upload(page, tmp_path / "long.wav")
    page.locator("#run-logit-lens").click()
    expect(page.locator(".lens-words .token").nth(1)).to_be_visible()
    expect(page.locator("#run-logit-lens")).to_be_disabled()
    page.locator("#stop-logit-lens").click()
    state(page, "stopped")
    assert page.locator(".token").count() >= 2
    expect(page.locator("#run-logit-lens")).to_be_enabled()


def test_it_fits_a_phone(address: str, new_page: NewPage) -> None:
    page = traced(new_page(**PHONE), address)
    page.locator(".token", has_text="leisure").tap()
    chosen(page, "leisure")
    page.get_by_text("All tokens by layer").tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_script_is_small() -> None:
    assert len(page_script("embeddings/logit_lens").encode()) < MAX_SCRIPT_BYTES
