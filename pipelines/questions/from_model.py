"""Questions about a clip in free text, one after the other, to a model that hears it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.model_catalog import AUTO
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.stopping import never_stop
from pipelines.clip.chunking import cut_into_pieces
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.language_models.generation import (
    WORKING_BYTES,
    SamplingOptions,
    check_sampling,
    stream_text,
)
from pipelines.language_models.prompting import (
    AUDIO_LIMITS,
    SAMPLE_RATE,
    Prompt,
    Turn,
    check_text,
    model_inputs,
)

SHORTEST_PART_SECONDS = 0.1
MAX_TURNS = 50


@dataclass(frozen=True)
class QuestionOptions(SamplingOptions):
    """What the person can choose: the model, the part of the clip that it hears, and how it takes its tokens."""

    model: str = AUTO
    start: float = 0.0
    """Seconds."""
    end: float | None = None
    """Seconds; None for the end of the clip."""


@dataclass(frozen=True)
class AnswerSoFar:
    """What is known so far; the last one of a run is the result."""

    question: str
    text: str = ""
    start: float = 0.0
    """Seconds: where the part begins that the model hears."""
    end: float = 0.0
    """Seconds."""
    model: str = ""
    """Title of the model in use."""
    model_reason: str = ""
    licence: str = ""
    dtype: str = ""
    """Of the weights: a number format, or how they are quantised."""
    device: str = ""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["loading", "answering", "done", "stopped"] = "loading"

    @property
    def turn(self) -> Turn:
        """For the history of the next question."""
        return Turn(self.question, self.text)


def ask(
    clip: AudioClip,
    history: tuple[Turn, ...],
    question: str,
    options: QuestionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[AnswerSoFar]:
    """Ask a model about `clip` after the turns of `history`, oldest first: a snapshot for every token.

    Raises:
        InvalidOption: before any model is touched, but for control tokens and for more text than the model can read.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    check_sampling(options)
    question = check_text("question", question)
    if len(history) > MAX_TURNS:
        raise InvalidOption("history", f"{len(history)} turns", f"up to {MAX_TURNS} turns: begin anew")
    choice = runtime.catalog.choose("answer_questions", options.model, WORKING_BYTES)
    spec = choice.spec
    start, end = _part(clip, options, spec)
    now = AnswerSoFar(
        question,
        start=start,
        end=end,
        model=spec.title,
        model_reason=choice.reason,
        licence=spec.licence,
        dtype=spec.quantization or spec.dtype(runtime.catalog.device),
        device=runtime.catalog.device.upper(),
    )
    yield now
    prepare = partial(model_inputs, spec=spec, prompt=Prompt(question, _sounds(clip, start, end, spec), history))
    for text in in_background(lambda stopped: stream_text(runtime.cache, spec, prepare, options, stopped), should_stop):
        if text is not None:
            now = replace(now, text=text, state="answering")
        now = replace(now, elapsed=clock() - began)
        yield now
    yield replace(now, state="stopped" if should_stop() else "done", elapsed=clock() - began)


def _part(clip: AudioClip, options: QuestionOptions, spec: ModelSpec) -> tuple[float, float]:
    """Start and end in seconds of what the model is to hear; raises InvalidOption if it cannot."""
    end = clip.duration if options.end is None else min(options.end, clip.duration)
    part = f"{options.start:.2f} to {end:.2f} s"
    if not 0 <= options.start <= end - SHORTEST_PART_SECONDS:
        raise InvalidOption("part", part, f"times between 0 and {clip.duration:.2f} s, the start before the end")
    longest = AUDIO_LIMITS[spec.architecture].seconds
    if end - options.start > longest:
        raise InvalidOption("part", part, f"up to {longest:.0f} s, with {spec.title}: choose a part of the clip")
    return options.start, end


def _sounds(clip: AudioClip, start: float, end: float, spec: ModelSpec) -> tuple[FloatArray, ...]:
    """The part in as many sounds as the model needs to hear it."""
    waveform = clip.waveform(SAMPLE_RATE)
    pieces = cut_into_pieces(end - start, (), AUDIO_LIMITS[spec.architecture].window_seconds)
    return tuple(waveform[round((start + a) * SAMPLE_RATE) : round((start + b) * SAMPLE_RATE)] for a, b in pieces)
