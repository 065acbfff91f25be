"""Own words: how well labels that a person writes fit the clip, and where they fit best."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from components.clip.clip_input import ClipInput
from components.music import labels
from components.page.markup import failure_markup
from components.page.model_choices import ModelChoices, titled, within_reach
from components.page.seekable import build_seekable, seek_button
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from models.specs.model_spec import AUTO
from pipelines.bundle.contents import BundleContents, OwnWords
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.questions.label_matching import MatchedLabels, MatchedWords
from pipelines.questions.own_words import BY_MEANING, find_words
from pipelines.tagging.zero_shot import LabelOptions, LabelScores
from pipelines.wording.certainty import MIN_POSSIBLE, percent
from pipelines.wording.grammar import listed
from pipelines.wording.times import clock_time
from services import Services

Update = tuple[Any, ...]
"""(table, `OwnWords`)."""


def build_zero_shot_panel(services: Services, clip: ClipInput, model_choices: ModelChoices) -> None:
    """Build the section, folded."""
    catalog, found = services.runtime.catalog, gr.State(None)
    with gr.Accordion(labels.OWN_WORDS, open=False, elem_id="zero-shot-tags"):
        words = gr.Textbox(label=labels.WORDS, placeholder=labels.WORDS_EXAMPLE, max_length=2000)
        fixed = [(labels.AUTOMATIC, AUTO), (labels.BY_MEANING, BY_MEANING)]
        model = model_choices.build(lambda: within_reach(catalog, "zero_shot_tags", titled), fixed, labels.MODEL, "words-model")
        with gr.Row(elem_classes="actions"):
            run = gr.Button(labels.FIND, min_width=0, elem_id="score-labels")
            stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-scoring")
        result = build_seekable("label-scores")
    work = _WordsWork(services, TabJob(services, "labels", [run, stop], panes=clip.panes))
    work.job.keep([result, found], lambda opened, request: ("", None))
    work.job.on([run.click, words.submit], clip.state, work.run, [clip.state, words, model], [result, found])
    clip.bundled.add([found], _collected, [result, found], _restored)


class _WordsWork:
    """The handler of the section's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self.job = job

    def run(self, clip: AudioClip | None, words: str, model: str, request: gr.Request) -> Iterator[Update]:
        """Stream the table of scores."""
        runtime, should_stop = self._services.runtime, self.job.current(request)
        try:
            if clip is None:
                raise NoClip
            wanted = tuple(word.strip() for word in words.split(",") if word.strip())
            for now in find_words(clip, wanted, LabelOptions(model), runtime, should_stop):
                yield _shown(now)
        except Exception as error:
            yield failure_markup(sentence_for(error)), gr.skip()


def _shown(now: LabelScores | MatchedLabels) -> Update:
    if isinstance(now, MatchedLabels):
        return matches_markup(now), OwnWords(matches=now)
    return label_scores_markup(now), OwnWords(scores=now)


def _collected(clip: AudioClip, found: OwnWords | None) -> dict[str, Any]:
    return {"own_words": found}


def _restored(clip: AudioClip, contents: BundleContents, person: str) -> Update | None:
    found = contents.own_words and (contents.own_words.scores or contents.own_words.matches)
    return _shown(found) if found else None


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
    return _table(rows) + _summary(now)


def matches_markup(now: MatchedLabels) -> str:
    """Return the words, each with the labels that were sought instead, their score without a number, and the clearest moment."""
    about = f'<p class="summary">{labels.ABOUT_MEANING}</p>' if now.state == "done" else ""
    return about + _table([_match(match) for match in now.matches]) + _summary(now)


def _match(match: MatchedWords) -> str:
    name = f'<th scope="row">{html.escape(match.words)}</th>'
    if match.score is None or match.time is None:
        return f'<tr>{name}<td colspan="3">{labels.NO_LABEL}</td></tr>'
    named = html.escape(listed([f"“{label}”" for label in match.labels], "or"))
    if match.score < MIN_POSSIBLE:
        return f'<tr>{name}<td>{labels.NOT_FOUND}</td><td></td><td class="rest">{labels.SOUGHT.format(labels=named)}</td></tr>'
    bar = f'<meter max="1" value="{match.score:.2f}"></meter> {labels.GUESS}'
    return (
        f'<tr>{name}<td class="sure">{bar}</td><td>{seek_button(clock_time(match.time, 1), match.time)}</td>'
        f'<td class="rest">{labels.AS_LABEL.format(labels=named)}</td></tr>'
    )


def _table(rows: list[str]) -> str:
    return f'<table class="facts"><tbody>{"".join(rows)}</tbody></table>' if rows else ""


def _summary(now: LabelScores | MatchedLabels) -> str:
    return f'<p class="summary" data-state="{now.state}">{html.escape(now.model)} · {now.elapsed:.1f} s</p>'
