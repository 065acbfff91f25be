"""The logit lens: the top tokens of each layer while a model generates, and the part of the audio that each token attends to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from components.clip.clip_input import ClipInput
from components.embeddings import labels
from components.embeddings.logit_lens_markup import lens_summary_markup, token_markup, token_words_markup
from components.page.events import QUIET, QUIET_EACH
from components.page.markup import failure_markup
from components.page.page_script import page_script
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.timeline.items import WordItem
from components.timeline.timeline import TimelineFeed, event_field
from components.timeline.tracks import HeatmapTrack, WordTrack
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.interpretability.logit_lens import LogitLensTrace
from pipelines.interpretability.tracing import (
    LogitLensOptions,
    LogitLensProgress,
    trace_window,
    traceable_models,
)
from services import Services

EMPTY = f'<p class="empty">{labels.NO_TOKENS}</p>'
MAX_WINDOW_SECONDS = 30.0
"""A longer clip has a control for the start of the window."""
REDRAW_SECONDS = 0.25
"""Minimum time between two drawings while tokens are generated."""
WORDS_TRACK, ATTENTION_TRACK = "traced-words", "attention"

Update = tuple[Any, ...]
"""(words, token, summary, timeline, traced)."""


def build_logit_lens_panel(services: Services, clip: ClipInput) -> None:
    """Build the choice of the model, the button, the words, and the chosen token."""
    traced = gr.State(None)
    with gr.Column(elem_id="logit-lens", min_width=0):
        with gr.Row(elem_classes="actions"):
            models = [
                (f"{spec.title} · {spec.licence.split(' (')[0]}", spec.key) for spec in traceable_models(services.runtime.catalog)
            ]
            model = gr.Dropdown(models, value=models[0][1], label=labels.MODEL, min_width=280, scale=0)
            start = gr.Number(0, label=labels.START, minimum=0, step=1, min_width=120, scale=0, visible=False)
        with gr.Row(elem_classes="actions"):
            run = gr.Button(labels.RUN_LENS, min_width=168, scale=0, elem_id="run-logit-lens")
            stop = gr.Button(labels.STOP, interactive=False, min_width=80, scale=0, elem_id="stop-logit-lens")
        words = _build("lens-words", EMPTY)
        token = _build("lens-token", "")
        summary = gr.HTML(elem_id="lens-summary", apply_default_css=False)
    panel = _Panel(services, TabJob(services, "logit-lens", (run, stop), panes=clip.panes))
    shown = [words, token, summary, clip.timeline, traced]
    panel.job.on(run.click, clip.state, panel.run, [clip.state, model, start], shown)
    words.chosen(panel.choose, [clip.state, traced], [token, clip.timeline], queue=False, **QUIET_EACH)
    panel.job.keep([words, token, summary, traced], lambda opened, request: (EMPTY, "", "", None))
    clip.state.change(_start_control, clip.state, start, queue=False, **QUIET)


def _build(elem_id: str, value: str) -> gr.HTML:
    return gr.HTML(value, elem_id=elem_id, js_on_load=page_script("embeddings/logit_lens"), apply_default_css=False)


class _Panel:
    """The handlers of the panel's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self.job = job

    def run(self, clip: AudioClip | None, model: str, start: float | None, request: gr.Request) -> Iterator[Update]:
        """Stream the tokens, then select the first."""
        services = self._services
        try:
            if clip is None:
                raise NoClip
            should_stop = self.job.current(request)
            options = LogitLensOptions(model, float(start or 0))
            yield from _streamed(clip, trace_window(clip, options, services.runtime, should_stop))
        except Exception as error:
            yield gr.skip(), gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip()

    def choose(self, clip: AudioClip | None, traced: LogitLensProgress | None, event: gr.EventData) -> tuple[Any, Any]:
        """Show the token that was chosen on the page; an invalid index, perhaps of a replaced trace, changes nothing."""
        if clip is None or traced is None or traced.trace is None:
            return gr.skip(), gr.skip()
        index = event_field(event, "index")
        if type(index) is not int or not 0 <= index < len(traced.trace.tokens):
            return gr.skip(), gr.skip()
        timeline = TimelineFeed(clip.content_hash, "embeddings")
        put_attention(timeline, traced.trace, index)
        return token_markup(traced.trace, index), timeline.value()


def _start_control(clip: AudioClip | None) -> gr.Number:
    """Return the control for the start of the window, which a long clip has."""
    return gr.Number(value=0, visible=clip is not None and clip.duration > MAX_WINDOW_SECONDS)


def put_words(timeline: TimelineFeed, trace: LogitLensTrace) -> None:
    """Add a track of the words at their attention peaks."""
    spoken = sorted((word for word in trace.words if word.first_token > 0 or not trace.language), key=lambda word: word.start)
    items = tuple(
        WordItem(word.start, word.end, word.text, float(trace.records["prob"][word.first_token : word.end_token].min()))
        for word in spoken
    )
    timeline.put(WordTrack(id=WORDS_TRACK, name=labels.WORDS_TRACK, items=items))


def put_attention(timeline: TimelineFeed, trace: LogitLensTrace, index: int) -> None:
    """Add a track of one token's attention, 1 at its maximum."""
    token = trace.tokens[index]
    scores = (token.attention / token.attention.max())[:, np.newaxis]
    rows = (token.text.strip() or "␣",)
    timeline.put(
        HeatmapTrack(
            id=ATTENTION_TRACK,
            name=labels.ATTENTION_TRACK,
            colour="accent",
            hop=trace.frame_seconds,
            start=trace.start,
            rows=rows,
            scores=scores,
        )
    )


def _streamed(clip: AudioClip, progress: Iterator[LogitLensProgress]) -> Iterator[Update]:
    """Turn progress into updates of the page, four a second at most."""
    drawn_at, drawn = 0.0, None
    for now in progress:
        if now.state in ("done", "stopped"):
            yield _ended(clip, now)
        elif now.trace is not drawn and time.monotonic() - drawn_at >= REDRAW_SECONDS:
            drawn_at, drawn = time.monotonic(), now.trace
            newest = len(now.trace.tokens) - 1 if now.trace else 0
            token = token_markup(now.trace, newest) if now.trace else ""
            yield token_words_markup(now, newest), token, lens_summary_markup(now), gr.skip(), gr.skip()
        else:
            yield gr.skip(), gr.skip(), lens_summary_markup(now), gr.skip(), gr.skip()


def _ended(clip: AudioClip, now: LogitLensProgress) -> Update:
    if now.trace is None:
        return token_words_markup(now), "", lens_summary_markup(now), gr.skip(), now
    first = 1 if now.trace.language and len(now.trace.tokens) > 1 else 0
    timeline = TimelineFeed(clip.content_hash, "embeddings")
    put_words(timeline, now.trace)
    put_attention(timeline, now.trace, first)
    return token_words_markup(now, first), token_markup(now.trace, first), lens_summary_markup(now), timeline.value(), now
