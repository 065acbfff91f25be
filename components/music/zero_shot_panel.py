"""Zero-shot tags: how well labels that a person writes fit the clip, and where they fit best."""

from __future__ import annotations

import html
from collections.abc import Iterator

import gradio as gr
import numpy as np

from components.clip.clip_input import ClipInput
from components.page.markup import failure_markup
from components.page.seekable import build_seekable, seek_button
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from models.specs.model_spec import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.tagging.zero_shot import LabelOptions, LabelScores, score_labels
from pipelines.wording.certainty import percent
from pipelines.wording.times import clock_time
from services import Services


def build_zero_shot_panel(services: Services, clip: ClipInput) -> None:
    """Build the section, folded."""
    with gr.Accordion("Zero-shot tags", open=False, elem_id="zero-shot-tags"):
        labels = gr.Textbox(label="Labels, separated by commas", max_length=2000)
        models = [("Automatic", AUTO)]
        models += [(spec.title, spec.key) for spec in services.runtime.catalog.models("zero_shot_tags")]
        model = gr.Dropdown(models, value=AUTO, label="Model")
        with gr.Row(elem_classes="actions"):
            run = gr.Button("Score", min_width=0, elem_id="score-labels")
            stop = gr.Button("Stop", interactive=False, min_width=0, elem_id="stop-scoring")
        result = build_seekable("label-scores")
    work = _ZeroShotWork(services, TabJob(services, "labels", [run, stop]))
    work.job.on(run.click, clip.state, work.run, [clip.state, labels, model], [result])


class _ZeroShotWork:
    """The handler of the section's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self.job = job

    def run(self, clip: AudioClip | None, labels: str, model: str, request: gr.Request) -> Iterator[str]:
        """Stream the table of scores."""
        services, should_stop = self._services, self.job.current(request)
        try:
            if clip is None:
                raise NoClip
            wanted = tuple(label.strip() for label in labels.split(",") if label.strip())
            for now in score_labels(clip, wanted, LabelOptions(model), services.runtime, should_stop):
                yield label_scores_markup(now)
        except Exception as error:
            yield failure_markup(sentence_for(error))


def label_scores_markup(now: LabelScores) -> str:
    """Return the labels, best first, each with probability, clearest moment and similarity."""
    rows = []
    for score in now.clip:
        column = now.labels.index(score.label)
        best = float(now.times[int(np.argmax(now.probabilities[:, column]))])
        rows.append(
            f'<tr><th scope="row">{html.escape(score.label)}</th><td class="sure"><meter max="1" value="{score.probability:.2f}">'
            f"</meter> {percent(score.probability)}</td><td>{seek_button(clock_time(best, 1), best)}</td>"
            f'<td class="rest">similarity {score.similarity:.2f}</td></tr>'
        )
    table = f'<table class="facts"><tbody>{"".join(rows)}</tbody></table>' if rows else ""
    return f'{table}<p class="summary" data-state="{now.state}">{html.escape(now.model)} · {now.elapsed:.1f} s</p>'
