"""Questions about a clip in free text, one after the other, to an audio language model."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from models.errors import InvalidOption
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO, ModelSpec
from models.stopping import never_stop
from pipelines.clip.chunking import Span, cut_into_pieces
from pipelines.clip.clip import AudioClip
from pipelines.description.own_describer import NO_MUSIC, UNSURE, sure_text
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import ModelUse, model_fields
from pipelines.language_models.generation import (
    WORKING_BYTES,
    SamplingOptions,
    check_sampling,
)
from pipelines.language_models.prompting import (
    AUDIO_LIMITS,
    Turn,
    check_text,
    model_inputs,
)
from pipelines.language_models.streaming import stream_text, text_seconds
from pipelines.music.encoder_states import audio_prompt
from pipelines.music.tags.music_tagging import has_music
from pipelines.questions.describer_questions import OTHER_QUESTION, is_answerable
from pipelines.questions.part_parsing import split_part
from pipelines.questions.question_parsing import plain_words
from pipelines.wording.times import clock_time

MIN_PART_SECONDS = 0.1
"""Minimum duration of the part of a clip that a question is about."""
MOMENT_SECONDS = 5.0
"""How much before and after a moment the model gets, where a question names one: a note or a word alone says too little."""
PART = "The audio is the part from {} to {} of a longer recording."
"""Sentence before a question about a part: its times are those of the recording."""
MAX_TURNS = 50
"""Maximum number of turns in a history."""


@dataclass(frozen=True)
class QuestionOptions(SamplingOptions):
    """Model, part of the clip and sampling of an answer."""

    model: str = AUTO
    start: float = 0.0
    """Seconds."""
    end: float | None = None
    """Seconds; None for the end of the clip. Without start and end, the part is that which the question names, or all."""


@dataclass(frozen=True)
class AnswerSoFar(ModelUse):
    """A snapshot of an answer; the last one of a run is the result."""

    question: str
    text: str = ""
    start: float = 0.0
    """Start of the part that the model gets, in seconds."""
    end: float = 0.0
    """End of that part, in seconds."""
    is_part: bool = False
    """Whether that is less than the clip."""
    state: Literal["loading", "answering", "done", "stopped"] = field(default="loading", kw_only=True)

    @property
    def turn(self) -> Turn:
        """The turn for the history of the next question."""
        return Turn(self.question, self.text)


@in_cluster("questions", model="options.model")
def ask(
    clip: AudioClip,
    history: tuple[Turn, ...],
    question: str,
    options: QuestionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[AnswerSoFar]:
    """Ask an audio language model about `clip`: yield a snapshot for every token.

    Args:
        clip: the audio.
        history: earlier turns, oldest first, at most `MAX_TURNS`.
        question: the question in free text.
        options: model, part of the clip and sampling.
        runtime: catalogue, models and feature store.
        should_stop: asked for every token.
        clock: seconds, for `elapsed`.

    Raises:
        InvalidOption: before a model is loaded, except for control tokens and for text beyond the model's context.
        ModelError: the model cannot be loaded; see `ModelCache.lease`.
    """
    began = clock()
    check_sampling(options)
    question = check_text("question", question)
    if len(history) > MAX_TURNS:
        raise InvalidOption("history", f"{len(history)} turns", f"up to {MAX_TURNS} turns; start a new conversation")
    choice = runtime.catalog.choose("answer_questions", options.model, WORKING_BYTES)
    spec = choice.spec
    start, end = _part(clip, _with_named_part(options, question, clip.duration), spec)
    is_part = end - start < clip.duration
    fields = model_fields([spec], runtime.catalog.device, choice.reason)
    now = AnswerSoFar(question, start=start, end=end, is_part=is_part, **fields)
    yield now
    takes_part = is_part and spec.prompt_style == "chat"
    asked = f"{PART.format(clock_time(start, 1), clock_time(end, 1))} {question}" if takes_part else question

    answer = partial(_answer, asked, clip, history, (start, end), spec, options, runtime)
    for text in in_background(answer, should_stop):
        if text is not None:
            now = replace(now, text=text, state="answering")
        now = replace(now, elapsed=clock() - began)
        yield now
    yield replace(now, state="stopped" if should_stop() else "done", elapsed=clock() - began)


def _answer(
    question: str,
    clip: AudioClip,
    history: tuple[Turn, ...],
    span: Span,
    spec: ModelSpec,
    options: QuestionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
) -> Generator[str, None, None]:
    """Yield the answer as it grows; of a model that reads states at once, or why it has none."""
    if spec.state_encoders and not is_answerable(question):
        yield OTHER_QUESTION
        return
    if spec.state_encoders and not has_music(clip, runtime, should_stop):
        yield NO_MUSIC
        return
    prompt = audio_prompt(question, clip, _windows(*span, spec), spec, runtime, should_stop, history)
    if prompt.states:
        for sure, whole in sure_text(runtime, spec, prompt, options, should_stop):
            yield sure or UNSURE.format(whole)
        return
    yield from stream_text(runtime, spec, partial(model_inputs, spec=spec, prompt=prompt), options, should_stop)


def answer_gpu_seconds(model: str, catalog: ModelCatalog) -> float:
    """Return the estimated time of an answer on ZeroGPU, of the longest length; 0 for a model that lies elsewhere.

    Raises:
        UnknownModel, ModelError: see `ModelCatalog.choose`.
    """
    spec = catalog.choose("answer_questions", model, WORKING_BYTES).spec
    return text_seconds(spec, QuestionOptions()) if spec.on_zero_gpu else 0.0


def _with_named_part(options: QuestionOptions, question: str, duration: float) -> QuestionOptions:
    """Return options with the part that the question names, unless they name one themselves.

    Raises:
        InvalidOption: the part begins after the end of the clip.
    """
    part, _ = split_part(plain_words(question), duration) if (options.start, options.end) == (0.0, None) else (None, "")
    if part is None:
        return options
    if part.start > duration:
        raise InvalidOption("time in the question", clock_time(part.start), f"times up to {clock_time(duration)}, the clip's end")
    around = MOMENT_SECONDS if part.is_moment else 0.0
    return replace(options, start=max(0.0, part.start - around), end=part.end + around)


def _part(clip: AudioClip, options: QuestionOptions, spec: ModelSpec) -> tuple[float, float]:
    """Return start and end of the part in seconds; raise InvalidOption if it is empty or too long for the model."""
    end = clip.duration if options.end is None else min(options.end, clip.duration)
    part = f"{options.start:.2f} to {end:.2f} s"
    if not 0 <= options.start <= end - MIN_PART_SECONDS:
        raise InvalidOption("part", part, f"times between 0 and {clip.duration:.2f} s, the start before the end")
    longest = AUDIO_LIMITS[spec.architecture].seconds
    if end - options.start > longest:
        raise InvalidOption("part", part, f"up to {longest:.0f} s, with {spec.title}: choose a part of the clip")
    return options.start, end


def _windows(start: float, end: float, spec: ModelSpec) -> tuple[Span, ...]:
    """Return (start, end) in seconds of consecutive parts, each no longer than the model's audio window."""
    pieces = cut_into_pieces(end - start, (), AUDIO_LIMITS[spec.architecture].window_seconds)
    return tuple((start + first, start + last) for first, last in pieces)
