"""What the panel draws, from records made by hand."""

from __future__ import annotations

import html
import re
from typing import Any

import gradio as gr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.embeddings.logit_lens_markup import summary_markup, token_markup, words_markup
from components.embeddings.logit_lens_panel import _Panel, put_attention, put_words
from components.page.tab_job import TabJob
from components.timeline.timeline import TimelineFeed
from pipelines.clip.clip import AudioClip
from pipelines.interpretability.follow_words import FollowedWords
from pipelines.interpretability.logit_lens import NEAREST, TokenPaths, record_dtype
from services import Services

LAYERS, WIDTH, FRAMES = 3, 4, 40


def paths_of(*tokens: bytes) -> TokenPaths:
    """Tokens that lead in the last layer only, each listening to a place of its own, the first to the last place."""
    records = np.zeros(len(tokens), record_dtype(LAYERS, WIDTH, FRAMES))
    random = np.random.default_rng(0)
    for number, (token, record) in enumerate(zip(tokens, records, strict=True)):
        record["token"], record["probability"], record["heard"] = token, 0.4 + number / 20, 0.5
        record["nearest"] = b" other"
        record["nearest"][-1, 0] = token
        record["nearest_probability"] = np.linspace(0.9, 0.1, NEAREST)
        record["rank"] = [41_999, 3, 0]
        record["read"] = record["hidden"] = random.normal(size=(LAYERS, WIDTH))
        record["attention"] = 0.001
        record["attention"][FRAMES - 4 * number - 2] = 1
    return TokenPaths(records, 0.02, start=1.0, end=1.0 + 0.02 * FRAMES)


def followed(paths: TokenPaths | None, state: Any = "done", **changes: Any) -> FollowedWords:
    return FollowedWords(state, 1.0, 1.8, paths, "A model", "because", "MIT", "float32", "CPU", 2.0, **changes)


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


PATHS = paths_of(b"<|en|>", b" Dash", b"wood", b",", b" <b>&")


def test_words_are_written_as_they_are_read() -> None:
    markup = words_markup(followed(PATHS), chosen=2)
    sentence, _, grid = markup.partition("</p>")
    assert text_of(sentence).split() == ["English", "Dashwood,", "<b>&"]
    assert re.findall(r'aria-pressed="true"', markup) == ['aria-pressed="true"']
    assert 'data-token="2" tabindex="0"' in markup
    assert grid.count("<tr>") == 1 + len(PATHS.tokens)
    assert "<b>&" not in markup
    assert "All words" not in words_markup(followed(PATHS, "writing"))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("loading", "Getting the model ready …"),
        ("stopped", "Stopped before anything was written."),
        ("done", "Nobody speaks between 0:01.0 and 0:01.8, so there are no words to follow."),
    ],
)
def test_without_words_a_sentence_says_why(state: str, sentence: str) -> None:
    assert text_of(words_markup(followed(None, state))) == sentence


def test_a_token_shows_its_layers_its_moment_and_its_path() -> None:
    markup = token_markup(PATHS, 1)
    assert 'data-seek="1.680"' in markup
    assert "leads from layer 2 of 2 on" in markup
    assert "50% of its attention went to the sound" in markup
    assert markup.count('class="own"') == 1
    assert markup.count('class="formed"') == 1
    assert "42,000" in markup
    assert markup.count("<circle") == LAYERS
    assert markup.count("<polyline") == len(PATHS.tokens)
    assert "nan" not in markup


@given(st.lists(st.binary(min_size=1, max_size=6).map(lambda token: token.replace(b"\0", b"x")), min_size=1, max_size=6))
def test_any_bytes_can_be_shown(tokens: list[bytes]) -> None:
    paths = paths_of(*tokens)
    for markup in (words_markup(followed(paths)), *(token_markup(paths, index) for index in range(len(tokens)))):
        assert markup.count("<td") == markup.count("</td")
        assert not re.search(r"<(?!/?(p|span|button|details|summary|div|table|thead|tbody|tr|th|td|h3|svg|polygon|polyline"
                             r"|circle|title|text|g|figure|figcaption)\b)", markup)  # fmt: skip


def test_one_line_says_it_all() -> None:
    line = text_of(summary_markup(followed(PATHS)))
    assert "English (0.40) · 3 words in 5 tokens, most often formed in layer 2 (100%)" in line
    assert "A model, float32 on CPU, MIT · 0:01.0–0:01.8 in 2.0 s" in line
    assert "computed before" in text_of(summary_markup(followed(PATHS, from_store=True)))
    assert "<progress" in summary_markup(followed(PATHS, "writing"))
    assert "stopped at" in summary_markup(followed(PATHS, "stopped"))


def test_the_timeline_gets_words_in_order_and_the_attention_of_one() -> None:
    feed = TimelineFeed("clip")
    put_words(feed, PATHS)
    put_attention(feed, PATHS, 1)
    tracks = feed.value()["tracks"]
    words = tracks["followed-words"]
    assert "Dashwood," in words
    assert "en" not in re.findall(r'"([^"]*)"', words.split("\n")[1])
    assert '"rows":["Dash"]' in tracks["attention"]


@pytest.mark.parametrize("index", [5, -1, "1", True, 1.0, None])
def test_tokens_that_are_not_there_change_nothing(services: Services, speech: AudioClip, index: object) -> None:
    with gr.Blocks():
        panel = _Panel(services, TabJob(services, "test", [gr.Button(), gr.Button()]))
    token, timeline = panel.choose(speech, followed(PATHS), gr.EventData(None, {"index": index}))
    assert token == timeline == gr.skip()
    token, timeline = panel.choose(speech, followed(PATHS), gr.EventData(None, {"index": 4}))
    assert "token-head" in token
    assert timeline["token"] == speech.content_hash
