"""The markup of the logit lens, from hand-made records."""

from __future__ import annotations

import html
import re
from typing import Any

import gradio as gr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.embeddings.logit_lens_markup import lens_summary_markup, token_markup, token_words_markup
from components.embeddings.logit_lens_panel import _Panel, put_attention, put_words
from components.page.tab_job import TabJob
from components.timeline.timeline import TimelineFeed
from pipelines.clip.clip import AudioClip
from pipelines.interpretability.logit_lens import TOP_TOKENS, LogitLensTrace, record_dtype
from pipelines.interpretability.tracing import LogitLensProgress
from services import Services

LAYERS, WIDTH, FRAMES = 3, 4, 40


def trace_of(*tokens: bytes) -> LogitLensTrace:
    """Tokens that are first in the last layer only, with attention peaks in reverse order."""
    records = np.zeros(len(tokens), record_dtype(LAYERS, WIDTH, FRAMES))
    random = np.random.default_rng(0)
    for number, (token, record) in enumerate(zip(tokens, records, strict=True)):
        record["token"], record["prob"], record["audio_attention"] = token, 0.4 + number / 20, 0.5
        record["top_tokens"] = b" other"
        record["top_tokens"][-1, 0] = token
        record["top_probs"] = np.linspace(0.9, 0.1, TOP_TOKENS)
        record["rank"] = [41_999, 3, 0]
        record["normed"] = record["hidden"] = random.normal(size=(LAYERS, WIDTH))
        record["attention"] = 0.001
        record["attention"][FRAMES - 4 * number - 2] = 1
    return LogitLensTrace(records, 0.02, start=1.0, end=1.0 + 0.02 * FRAMES)


def progress(trace: LogitLensTrace | None, state: Any = "done", **changes: Any) -> LogitLensProgress:
    return LogitLensProgress(
        state=state,
        start=1.0,
        end=1.8,
        trace=trace,
        model="A model",
        model_reason="because",
        licence="MIT",
        dtype="float32",
        device="CPU",
        elapsed=2.0,
        **changes,
    )


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


TRACE = trace_of(b"<|en|>", b" Dash", b"wood", b",", b" <b>&")


def test_words_are_buttons_of_escaped_tokens() -> None:
    markup = token_words_markup(progress(TRACE), chosen=2)
    sentence, _, grid = markup.partition("</p>")
    assert text_of(sentence).split() == ["English", "Dashwood,", "<b>&"]
    assert re.findall(r'aria-pressed="true"', markup) == ['aria-pressed="true"']
    assert 'data-token="2" tabindex="0"' in markup
    assert grid.count("<tr>") == 1 + len(TRACE.tokens)
    assert "<b>&" not in markup
    assert "All tokens" not in token_words_markup(progress(TRACE, "writing"))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("loading", "Loading the model …"),
        ("stopped", "Stopped before the first token."),
        ("done", "No speech between 0:01.0 and 0:01.8, so there are no tokens."),
    ],
)
def test_without_tokens_a_sentence_gives_the_reason(state: str, sentence: str) -> None:
    assert text_of(token_words_markup(progress(None, state))) == sentence


def test_a_token_has_its_layers_its_time_and_its_trajectory() -> None:
    markup = token_markup(TRACE, 1)
    assert 'data-seek="1.680"' in markup
    assert "top token from layer 2 of 2 on" in markup
    assert "50 % of its attention on the audio" in markup
    assert markup.count('class="own"') == 1
    assert markup.count('class="formed"') == 1
    assert "42,000" in markup
    assert markup.count("<circle") == LAYERS
    assert markup.count("<polyline") == len(TRACE.tokens)
    assert "nan" not in markup


@given(st.lists(st.binary(min_size=1, max_size=6).map(lambda token: token.replace(b"\0", b"x")), min_size=1, max_size=6))
def test_any_bytes_give_valid_markup(tokens: list[bytes]) -> None:
    trace = trace_of(*tokens)
    for markup in (token_words_markup(progress(trace)), *(token_markup(trace, index) for index in range(len(tokens)))):
        assert markup.count("<td") == markup.count("</td")
        assert not re.search(r"<(?!/?(p|span|button|details|summary|div|table|thead|tbody|tr|th|td|h2|svg|polygon|polyline"
                             r"|circle|title|text|g|figure|figcaption)\b)", markup)  # fmt: skip


def test_the_summary_is_one_line() -> None:
    line = text_of(lens_summary_markup(progress(TRACE)))
    assert "English (40 % sure) · 3 words in 5 tokens, prediction depth most often layer 2 (100 %)" in line
    assert "A model, float32 on CPU, MIT · 0:01.0–0:01.8 in 2.0 s" in line
    assert "computed before" in text_of(lens_summary_markup(progress(TRACE, from_store=True)))
    assert "<progress" in lens_summary_markup(progress(TRACE, "writing"))
    assert "stopped at" in lens_summary_markup(progress(TRACE, "stopped"))


def test_the_timeline_has_the_words_in_order_and_one_attention() -> None:
    feed = TimelineFeed("clip", "music")
    put_words(feed, TRACE)
    put_attention(feed, TRACE, 1)
    tracks = feed.value()["tracks"]
    words = tracks["traced-words"]
    assert "Dashwood," in words
    assert "en" not in re.findall(r'"([^"]*)"', words.split("\n")[1])
    assert '"rows":["Dash"]' in tracks["attention"]


@pytest.mark.parametrize("index", [5, -1, "1", True, 1.0, None])
def test_indices_out_of_range_change_nothing(services: Services, speech: AudioClip, index: object) -> None:
    with gr.Blocks():
        panel = _Panel(services, TabJob(services, "test", [gr.Button(), gr.Button()]))
    token, timeline = panel.choose(speech, progress(TRACE), gr.EventData(None, {"index": index}))
    assert token == timeline == gr.skip()
    token, timeline = panel.choose(speech, progress(TRACE), gr.EventData(None, {"index": 4}))
    assert "token-head" in token
    assert timeline["token"] == speech.content_hash
