"""The answer to a question about a clip, by an audio language model or from the measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.chunking import Span
from pipelines.clip.clip import AudioClip
from pipelines.description.caption import FROM_FACTS, choose_listener
from pipelines.description.description import DescriptionOptions, describe_clip
from pipelines.jobs.result import Result
from pipelines.language_models.prompting import Turn
from pipelines.questions.from_measurements import answer_question
from pipelines.questions.from_model import QuestionOptions, ask


@dataclass(frozen=True)
class ClipAnswer(Result):
    """The answer to a question."""

    text: str
    spans: tuple[Span, ...]
    """(start, end) in seconds of the places that the answer is about."""
    model: str
    """Title of the model, or 'facts' for the measurements."""
    remark: str = ""
    """One sentence where 'auto' took the measurements because no model fits; else ''."""


def answer_about(
    clip: AudioClip,
    question: str,
    options: QuestionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    history: tuple[Turn, ...] = (),
) -> ClipAnswer:
    """Answer a question about `clip`.

    Args:
        clip: the audio.
        question: in English.
        options: model ('auto', 'facts' for the measurements, or a key of the catalogue), part of the clip, sampling.
        runtime: catalogue, models and feature store.
        should_stop: asked for every step.
        history: earlier turns, oldest first, for a model.

    Raises:
        InvalidOption, ModelError: see `ask`.
    """
    listener = choose_listener("answer_questions", options.model, runtime.catalog)
    if listener.model == FROM_FACTS:
        *_, described = describe_clip(clip, DescriptionOptions(), runtime, should_stop)
        answer = answer_question(question, described.findings)
        return ClipAnswer(answer.text, answer.spans, FROM_FACTS, listener.remark)
    *_, said = ask(clip, history, question, options, runtime, should_stop)
    return ClipAnswer(said.text, ((said.start, said.end),), said.model)
