"""Questions about the clip, answered from its measurements or by an audio language model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from components.clip.clip_input import ClipInput
from components.music import labels
from components.music.caption_markup import turn_markup
from components.page.gpu_estimate import build_gpu_estimate, connect_gpu_estimate
from components.page.markup import failure_markup
from components.page.model_choices import ModelChoices, Offer, titled, within_reach
from components.page.seekable import build_seekable
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from models.specs.model_spec import AUTO
from pipelines.bundle.contents import AskedQuestion, BundleContents
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.description.caption import FROM_FACTS, choose_listener
from pipelines.description.description import ClipDescription
from pipelines.description.findings import ClipFindings
from pipelines.language_models.prompting import Turn
from pipelines.questions.from_measurements import answer_question
from pipelines.questions.from_model import QuestionOptions, answer_gpu_seconds, ask
from services import Services

FROM_MEASUREMENTS = "From the measurements, as you chose."


@dataclass(frozen=True)
class _Asked:
    """One question with its answer, what answered, and the places of the clip that show it, in seconds."""

    turn: Turn
    by: str
    spans: tuple[tuple[float, float], ...] = ()

    @property
    def markup(self) -> str:
        """The question and the answer as HTML."""
        return turn_markup(self.turn.question, self.turn.answer or "…", self.by, self.spans)


def build_question_panel(services: Services, clip: ClipInput, description: gr.State, model_choices: ModelChoices) -> None:
    """Build the question line and the list of answers; `description` holds the clip's `ClipDescription`."""
    asked = gr.State(())
    with gr.Column(elem_id="questions", min_width=0):
        turns = build_seekable("turns")
        with gr.Row(elem_classes="actions"):
            question = gr.Textbox(label=labels.QUESTION, placeholder=labels.QUESTION_EXAMPLE, max_length=500, scale=3)
            fixed = [(labels.AUTOMATIC, AUTO), (labels.MEASUREMENTS, FROM_FACTS)]
            with gr.Column(min_width=220, scale=1):  # the line below the dropdown stays below it
                model = model_choices.build(partial(_answering, services), fixed, labels.MODEL)
        with gr.Row(elem_classes="actions"):
            run = gr.Button(labels.ASK, min_width=0, elem_id="ask")
            stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-asking")
        estimate = build_gpu_estimate(services.runtime)
    connect_gpu_estimate(estimate, clip.state, [model], partial(_gpu_seconds, services))
    job = TabJob(services, "questions", [run, stop], panes=clip.panes)
    job.keep([turns, asked], lambda opened, request: ("", ()))
    clip.bundled.add([asked], _collected, [turns, asked], _restored)
    work = _QuestionWork(services, job)
    inputs = [clip.state, description, asked, question, model]
    job.on([run.click, question.submit], clip.state, work.run, inputs, [turns, asked, question])


def _answering(services: Services) -> Offer:
    return within_reach(services.runtime.catalog, "answer_questions", titled)


def _gpu_seconds(services: Services, clip: AudioClip, model: str) -> float:
    chosen = choose_listener("answer_questions", model, services.runtime.catalog).model
    return 0.0 if chosen == FROM_FACTS else answer_gpu_seconds(chosen, services.runtime.catalog)


class _QuestionWork:
    """The handler of the panel's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job

    def run(
        self,
        clip: AudioClip | None,
        description: ClipDescription | None,
        asked: tuple[_Asked, ...],
        question: str,
        model: str,
        request: gr.Request,
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Stream the answer below the earlier ones."""
        before = "".join(turn.markup for turn in asked)
        try:
            if clip is None:
                raise NoClip
            new, is_cleared = None, False
            should_stop = self._job.current(request)
            listener = choose_listener("answer_questions", model, self._services.runtime.catalog)
            if listener.model == FROM_FACTS:
                answers = iter([_from_facts(clip, description, question, listener.remark or FROM_MEASUREMENTS)])
            else:
                answers = self._by_model(clip, asked, question, listener.model, should_stop)
            for new in answers:
                # The line is cleared with the first snapshot, so that the next question can be written during a long answer.
                yield before + new.markup, gr.skip(), gr.skip() if is_cleared else ""
                is_cleared = True
            if new is not None:
                yield gr.skip(), (*asked, new), gr.skip()
        except Exception as error:
            yield before + failure_markup(sentence_for(error)), gr.skip(), gr.skip()

    def _by_model(
        self, clip: AudioClip, asked: tuple[_Asked, ...], question: str, model: str, should_stop: Any
    ) -> Iterator[_Asked]:
        services, history = self._services, tuple(turn.turn for turn in asked)
        options = QuestionOptions(model=model)
        for now in ask(clip, history, question, options, services.runtime, should_stop):
            by = f"{now.model}, {now.dtype} on {now.device}, {now.licence} · {now.elapsed:.1f} s"
            yield _Asked(now.turn, by, ((now.start, now.end),) if now.is_part else ())


def _from_facts(clip: AudioClip, description: ClipDescription | None, question: str, by: str) -> _Asked:
    findings = description.findings if description else ClipFindings(clip.duration)
    answer = answer_question(question, findings)
    text = answer.text if description else f"{answer.text} {labels.DESCRIBE_FIRST}"
    return _Asked(Turn(question, text), by, answer.spans)


def _collected(clip: AudioClip, asked: tuple[_Asked, ...]) -> dict[str, Any]:
    return {"questions": tuple(AskedQuestion(one.turn.question, one.turn.answer, one.by, one.spans) for one in asked)}


def _restored(clip: AudioClip, contents: BundleContents, person: str) -> tuple[Any, ...] | None:
    asked = tuple(_Asked(Turn(one.question, one.answer), one.by, one.spans) for one in contents.questions)
    return ("".join(one.markup for one in asked), asked) if asked else None
