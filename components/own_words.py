"""Tags in the person's own words: how well each fits the clip, and where it fits best."""

from __future__ import annotations

import html
from collections.abc import Iterator

import gradio as gr
import numpy as np

from components.clip_input import ClipInput
from components.seekable import build_seekable, seek_button
from components.services import QUIET, Services, borrowing
from components.transcription_summary import clock_time, failure_markup
from components.user_errors import sentence_for
from models.errors import NoClip
from models.model_catalog import AUTO
from pipelines.audio_clip import AudioClip
from pipelines.zero_shot_tagging import WordOptions, WordScores, score_words

SESSION_SUFFIX = "/words"


def build_own_words(services: Services, clip: ClipInput) -> None:
    """The folded section."""
    with gr.Accordion("In your own words", open=False, elem_id="own-words"):
        words = gr.Textbox(label="Words or short descriptions, with commas between them", max_length=2000)
        models = [("Automatic: the best that fits", AUTO)]
        models += [(spec.title, spec.key) for spec in services.catalog.models("zero_shot_tags")]
        model = gr.Dropdown(models, value=AUTO, label="Compared by")
        run = gr.Button("Compare", min_width=0, elem_id="compare-words")
        result = build_seekable("word-scores")
    job = _WordsJob(services)
    run.click(job.begin, inputs=clip.state, queue=False, **QUIET).then(
        job.run,
        inputs=[clip.state, words, model],
        outputs=result,
        **borrowing(services),
        **QUIET,
    )


class _WordsJob:
    """The handlers of the section's events."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def begin(self, clip: AudioClip | None, request: gr.Request) -> None:
        """A press on Compare ends the comparison before."""
        self._services.stop_flags.stop(_session(request))
        self._services.stop_flags.begin(_session(request), clip.content_hash if clip else "")

    def run(self, clip: AudioClip | None, words: str, model: str, request: gr.Request) -> Iterator[str]:
        """Stream the table."""
        services = self._services
        try:
            if clip is None:
                raise NoClip
            wanted = tuple(word.strip() for word in words.split(",") if word.strip())
            with services.stop_flags.job(_session(request)) as should_stop:
                parts = services.catalog, services.cache, services.features, should_stop
                for now in score_words(clip, wanted, WordOptions(model), *parts):
                    yield words_markup(now)
        except Exception as error:
            yield failure_markup(sentence_for(error))


def _session(request: gr.Request) -> str:
    return f"{request.session_hash}{SESSION_SUFFIX}"


def words_markup(now: WordScores) -> str:
    """The words, best first, each with its share, its similarity and its best moment."""
    rows = []
    for score in now.clip:
        column = now.words.index(score.word)
        best = float(now.times[int(np.argmax(now.probabilities[:, column]))])
        rows.append(
            f'<tr><th scope="row">{html.escape(score.word)}</th><td class="sure"><meter max="1" value="{score.probability:.2f}">'
            f"</meter> {score.probability:.2f}</td><td>{seek_button(clock_time(best), best)}</td>"
            f'<td class="rest">similarity {score.similarity:.2f}</td></tr>'
        )
    table = f'<table class="facts"><tbody>{"".join(rows)}</tbody></table>' if rows else ""
    return f'{table}<p class="summary" data-state="{now.state}">{html.escape(now.model)} · {now.elapsed:.1f} s</p>'
