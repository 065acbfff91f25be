"""Words as they form: what each layer of a model would have written, and which moment of the sound each word came from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from components.clip.clip_input import ClipInput
from components.embeddings.logit_lens_markup import summary_markup, token_markup, words_markup
from components.page.events import QUIET, QUIET_EACH
from components.page.markup import failure_markup
from components.page.page_script import page_script
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.timeline.timeline import TimelineFeed, event_field
from components.timeline.tracks import HeatmapTrack, Word, WordTrack
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.interpretability.follow_words import (
    FollowedWords,
    FollowOptions,
    follow_words,
    following_models,
)
from pipelines.interpretability.logit_lens import TokenPaths
from services import Services

EMPTY = '<p class="empty">Words will form here, layer by layer. Choose a clip with speech, then press Follow the words.</p>'
LONGEST_WINDOW_SECONDS = 30.0
"""A longer clip has a control for where to begin."""
REDRAW_SECONDS = 0.25
"""Between two drawings while words are written."""
WORDS_TRACK, ATTENTION_TRACK = "followed-words", "attention"

Update = tuple[Any, ...]
"""(words, token, summary, timeline, followed)."""


def build_token_paths_panel(services: Services, clip: ClipInput) -> None:
    """Button, words, and what is known of the chosen one."""
    followed = gr.State(None)
    with gr.Column(elem_id="token-paths", min_width=0):
        gr.HTML("<h2>Words as they form</h2>", apply_default_css=False)
        with gr.Row(elem_classes="actions"):
            models = [
                (f"{spec.title} · {spec.licence.split(' (')[0]}", spec.key) for spec in following_models(services.runtime.catalog)
            ]
            model = gr.Dropdown(models, value=models[0][1], label="Written by", min_width=280, scale=0)
            start = gr.Number(0, label="From, seconds", minimum=0, step=1, min_width=120, scale=0, visible=False)
        with gr.Row(elem_classes="actions"):
            run = gr.Button("Follow the words", min_width=168, scale=0, elem_id="follow-words")
            stop = gr.Button("Stop", interactive=False, min_width=80, scale=0, elem_id="stop-following")
        words = _build("followed-words", EMPTY)
        token = _build("followed-token", "")
        summary = gr.HTML(elem_id="followed-summary", apply_default_css=False)
    panel = _Panel(services, TabJob(services, "token-paths", (run, stop)))
    shown = [words, token, summary, clip.timeline, followed]
    panel.job.on(run.click, clip.state, panel.run, [clip.state, model, start], shown)
    words.chosen(panel.choose, [clip.state, followed], [token, clip.timeline], queue=False, **QUIET_EACH)
    clip.state.change(panel.empty, clip.state, [words, token, summary, followed, start], queue=False, **QUIET)


def _build(elem_id: str, value: str) -> gr.HTML:
    return gr.HTML(value, elem_id=elem_id, js_on_load=page_script("embeddings/logit_lens"), apply_default_css=False)


class _Panel:
    """The handlers of the panel's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self.job = job

    def run(self, clip: AudioClip | None, model: str, start: float | None, request: gr.Request) -> Iterator[Update]:
        """Stream the words, then show the first of them."""
        services = self._services
        try:
            if clip is None:
                raise NoClip
            should_stop = self.job.current(request)
            options = FollowOptions(model, float(start or 0))
            yield from _streamed(clip, follow_words(clip, options, services.runtime, should_stop))
        except Exception as error:
            yield gr.skip(), gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip()

    def choose(self, clip: AudioClip | None, followed: FollowedWords | None, event: gr.EventData) -> tuple[Any, Any]:
        """A token was chosen on the page; one that is not there, perhaps of words that have just gone, changes nothing."""
        if clip is None or followed is None or followed.paths is None:
            return gr.skip(), gr.skip()
        index = event_field(event, "index")
        if type(index) is not int or not 0 <= index < len(followed.paths.tokens):
            return gr.skip(), gr.skip()
        timeline = TimelineFeed(clip.content_hash)
        put_attention(timeline, followed.paths, index)
        return token_markup(followed.paths, index), timeline.value()

    def empty(self, clip: AudioClip | None, request: gr.Request) -> tuple[Any, ...]:
        """Another clip: nothing is known of it yet, and a job on the one before ends."""
        if self.job.goes_on(clip, request):
            return (gr.skip(),) * 5
        is_long = clip is not None and clip.duration > LONGEST_WINDOW_SECONDS
        return EMPTY, "", "", None, gr.Number(value=0, visible=is_long)


def put_words(timeline: TimelineFeed, paths: TokenPaths) -> None:
    """The words where the model listened while it wrote them."""
    spoken = sorted((word for word in paths.words if word.first > 0 or not paths.language), key=lambda word: word.start)
    items = tuple(
        Word(word.start, word.end, word.text, float(paths.records["probability"][word.first : word.last].min()))
        for word in spoken
    )
    timeline.put(WordTrack(id=WORDS_TRACK, name="Heard at", items=items))


def put_attention(timeline: TimelineFeed, paths: TokenPaths, index: int) -> None:
    """The attention of one token, 1 at its highest."""
    token = paths.tokens[index]
    scores = (token.attention / token.attention.max())[:, np.newaxis]
    rows = (token.text.strip() or "␣",)
    timeline.put(
        HeatmapTrack(
            id=ATTENTION_TRACK,
            name="Attention",
            colour="accent",
            hop=paths.frame_seconds,
            start=paths.start,
            rows=rows,
            scores=scores,
        )
    )


def _streamed(clip: AudioClip, snapshots: Iterator[FollowedWords]) -> Iterator[Update]:
    """Snapshots as updates of the page, four a second while there is something new."""
    drawn_at, drawn = 0.0, None
    for now in snapshots:
        if now.state in ("done", "stopped"):
            yield _ended(clip, now)
        elif now.paths is not drawn and time.monotonic() - drawn_at >= REDRAW_SECONDS:
            drawn_at, drawn = time.monotonic(), now.paths
            newest = len(now.paths.tokens) - 1 if now.paths else 0
            token = token_markup(now.paths, newest) if now.paths else ""
            yield words_markup(now, newest), token, summary_markup(now), gr.skip(), gr.skip()
        else:
            yield gr.skip(), gr.skip(), summary_markup(now), gr.skip(), gr.skip()


def _ended(clip: AudioClip, now: FollowedWords) -> Update:
    if now.paths is None:
        return words_markup(now), "", summary_markup(now), gr.skip(), now
    first = 1 if now.paths.language and len(now.paths.tokens) > 1 else 0
    timeline = TimelineFeed(clip.content_hash)
    put_words(timeline, now.paths)
    put_attention(timeline, now.paths, first)
    return words_markup(now, first), token_markup(now.paths, first), summary_markup(now), timeline.value(), now
