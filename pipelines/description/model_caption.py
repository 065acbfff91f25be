"""Descriptions of music by audio language models, or by text models that get the facts and tags of a clip.

A clip that is longer than a model's audio window is described piece by piece; then the same model, if it follows instructions,
summarises what it wrote. Each sentence keeps the times of the piece that it describes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from models.errors import InvalidOption
from models.model_catalog import ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO, ModelSpec
from models.stopping import never_stop
from pipelines.clip.chunking import Span, cut_into_pieces
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import ClipResults
from pipelines.description.fact_prompt import INSTRUCTION, prompt_from_facts
from pipelines.description.own_describer import NO_MUSIC, NOTHING_SURE, sure_text
from pipelines.jobs.background import in_background
from pipelines.jobs.model_use import ModelUse, model_fields
from pipelines.jobs.result import Result
from pipelines.language_models.generation import (
    WORKING_BYTES,
    SamplingOptions,
    check_sampling,
)
from pipelines.language_models.prompting import (
    AUDIO_LIMITS,
    Prompt,
    check_text,
    model_inputs,
)
from pipelines.language_models.streaming import stream_text
from pipelines.music.encoder_states import audio_prompt
from pipelines.music.facts import MusicFacts
from pipelines.music.tags.music_tagging import has_music
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.wording.times import clock_time

CHAT_PROMPT = "Describe this music: its genre, mood, instruments, rhythm and structure."
PLAIN_PROMPT = "Describe the music:"
"""Prompt for the base model of Qwen2-Audio; it follows the audio."""
STATES_PROMPT = "Describe the music."
"""Prompt for a model that reads states of encoders, as its training data have it."""
SUMMARY_PROMPT = (
    "These are descriptions of consecutive parts of one recording, each with its start and end:\n\n{}\n\n"
    "Sum them up in one paragraph that describes the whole recording and how it develops. Use only what they say."
)
MAX_SUMMARY_TOKENS = 4096
"""Maximum length of the descriptions that are summarised at once; it fits the context of every model here."""
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'“‘(]?[^\Wa-z\d_])|(?<=[。！？])\s*|\s*\n+\s*")
"""A full stop before a lower-case letter or a digit ends no sentence: 'approx. 120 BPM'."""


@dataclass(frozen=True)
class CaptionOptions(SamplingOptions):
    """Model, prompt and sampling of a description."""

    model: str = AUTO
    prompt: str = ""
    """Empty for the usual one, which differs between models; some models take none."""


@dataclass(frozen=True)
class Sentence(Result):
    """One sentence, and the part of the clip that it describes."""

    text: str
    start: float
    """Seconds."""
    end: float
    """Seconds."""


@dataclass(frozen=True)
class MusicDescription(ModelUse):
    """A snapshot of a description; the last one of a run is the result."""

    duration: float
    """Duration of the clip in seconds."""
    pieces: tuple[Span, ...] = ()
    """(start, end) in seconds of the pieces that are described one after the other."""
    sentences: tuple[Sentence, ...] = ()
    """Sentences of all pieces, in order; the last one may be incomplete."""
    summary: str = ""
    """Summary of all pieces, if there are several and the model follows instructions."""
    position: float = 0.0
    """Progress in seconds of the clip; at its end the summary is still to come."""
    state: Literal["loading", "describing", "summarising", "done", "stopped"] = field(default="loading", kw_only=True)

    @property
    def text(self) -> str:
        """The summary, or the sentences where there is none."""
        return self.summary or " ".join(sentence.text for sentence in self.sentences)


RESULTS = ClipResults("description", MusicDescription)


@dataclass(frozen=True)
class _Written:
    """The text so far about a piece of the clip."""

    text: str
    span: Span
    is_summary: bool = False


Job = Callable[[Callable[[], bool]], Generator[_Written, None, None]]


def describe_music(
    clip: AudioClip,
    options: CaptionOptions,
    sections: tuple[Span, ...],
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[MusicDescription]:
    """Describe `clip` with an audio language model: yield a snapshot for every token, and ten a second in between.

    The same request to the same model gives the earlier result at once.

    Args:
        clip: the audio.
        options: model, prompt and sampling.
        sections: (start, end) in seconds of the parts between which a long clip may be cut; () to cut it evenly.
        runtime: catalogue, models and feature store.
        should_stop: asked for every token.
        clock: seconds, for `elapsed`.

    Raises:
        InvalidOption: before a model is loaded, except for control tokens in the prompt.
        ModelError: the model cannot be loaded; see `ModelCache.lease`.
    """
    check_sampling(options)
    choice = runtime.catalog.choose("describe_music", options.model, WORKING_BYTES)
    prompt = _prompt(options, choice.spec)
    pieces = cut_into_pieces(clip.duration, sections, AUDIO_LIMITS[choice.spec.architecture].window_seconds)
    describer = _Describer(clip, prompt, pieces, choice.spec, options, runtime)
    yield from _run(clip, options, choice, runtime.catalog, pieces, prompt, describer.steps, should_stop, clock)


def _prompt(options: CaptionOptions, spec: ModelSpec) -> str:
    """Return the prompt; raise InvalidOption if the model takes none."""
    if spec.prompt_style == "sound":
        if options.prompt:
            raise InvalidOption("prompt", options.prompt, f"nothing, with {spec.title}, which takes no words")
        return ""
    if spec.state_encoders:
        return check_text("prompt", options.prompt or STATES_PROMPT)
    return check_text("prompt", options.prompt or (PLAIN_PROMPT if spec.prompt_style == "plain" else CHAT_PROMPT))


def describe_from_facts(
    clip: AudioClip,
    facts: MusicFacts,
    tags: MusicTags,
    options: CaptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[MusicDescription]:
    """Describe `clip` with a text model that gets `facts` and `tags`: yield a snapshot for every token.

    Raises:
        InvalidOption, ModelError: see `describe_music`.
    """
    check_sampling(options)
    choice = runtime.catalog.choose("write_text", options.model, WORKING_BYTES)
    prompt = prompt_from_facts(check_text("prompt", options.prompt or INSTRUCTION), facts, tags)
    whole = (0.0, clip.duration)

    def write(stopped: Callable[[], bool]) -> Generator[_Written, None, None]:
        prepare = partial(model_inputs, spec=choice.spec, prompt=Prompt(prompt))
        for text in stream_text(runtime, choice.spec, prepare, options, stopped):
            yield _Written(text, whole)

    yield from _run(clip, options, choice, runtime.catalog, (whole,), prompt, write, should_stop, clock)


def _run(
    clip: AudioClip,
    options: CaptionOptions,
    choice: ModelChoice,
    catalog: ModelCatalog,
    pieces: tuple[Span, ...],
    prompt: str,
    job: Job,
    should_stop: Callable[[], bool],
    clock: Callable[[], float],
) -> Iterator[MusicDescription]:
    """Yield the stored result, or the snapshots of `job` and then its result, which is stored."""
    began = clock()
    spec, fields = choice.spec, model_fields([choice.spec], catalog.device, choice.reason)
    key = replace(options, model=spec.key, prompt=prompt), spec.source, fields["dtype"], pieces
    if known := RESULTS.find(clip, key):
        yield replace(known, model_reason=choice.reason, from_store=True)
        return
    now = MusicDescription(clip.duration, pieces, **fields)
    yield now
    texts: dict[Span, str] = {}
    for step in in_background(job, should_stop):
        now = replace(_with(now, step, texts), elapsed=clock() - began)
        yield now
    if should_stop():
        yield replace(now, state="stopped", elapsed=clock() - began)
        return
    now = replace(now, state="done", position=clip.duration, elapsed=clock() - began)
    RESULTS.store(clip, key, now)
    yield now


def _with(now: MusicDescription, step: _Written | None, texts: dict[Span, str]) -> MusicDescription:
    """Return the snapshot with the latest text; `texts` holds the text about each piece."""
    if step is None:
        return now
    if step.is_summary:
        return replace(now, summary=step.text, position=now.duration, state="summarising")
    texts[step.span] = step.text
    sentences = tuple(Sentence(sentence, *span) for span, text in texts.items() for sentence in sentences_of(text))
    return replace(now, sentences=sentences, position=step.span[0], state="describing")


class _Describer:
    """One clip and one audio language model. Each lease is for one text, so that other jobs get their turn between two pieces."""

    def __init__(
        self,
        clip: AudioClip,
        prompt: str,
        pieces: tuple[Span, ...],
        spec: ModelSpec,
        options: CaptionOptions,
        runtime: ModelRuntime,
    ) -> None:
        self._clip = clip
        self._prompt = prompt
        self._pieces = pieces
        self._spec = spec
        self._options = options
        self._runtime = runtime

    def steps(self, stopped: Callable[[], bool]) -> Generator[_Written, None, None]:
        """Yield the text about each piece as it grows, then the summary as it grows."""
        if self._spec.state_encoders and not has_music(self._clip, self._runtime, stopped):
            yield _Written(NO_MUSIC, (0.0, self._clip.duration))
            return
        descriptions = []
        for start, end in self._pieces:
            prompt = audio_prompt(self._prompt, self._clip, ((start, end),), self._spec, self._runtime, stopped)
            description = yield from self._write(prompt, (start, end), stopped)
            descriptions.append(description)
        if self._spec.prompt_style == "chat":
            yield from self._summarise(descriptions, stopped)

    def _summarise(self, descriptions: list[_Written], stopped: Callable[[], bool]) -> Generator[_Written, None, None]:
        """Summarise groups of descriptions, then groups of their summaries, until there is one."""
        at_once = max(2, MAX_SUMMARY_TOKENS // self._options.max_new_tokens)
        while len(descriptions) > 1 and not stopped():
            summaries = []
            for first in range(0, len(descriptions), at_once):
                group = descriptions[first : first + at_once]
                parts = "\n\n".join(
                    f"{clock_time(round(part.span[0]))} to {clock_time(round(part.span[1]))}: {part.text}" for part in group
                )
                span = (group[0].span[0], group[-1].span[1])
                summary = yield from self._write(Prompt(SUMMARY_PROMPT.format(parts)), span, stopped, is_summary=True)
                summaries.append(summary)
            descriptions = summaries

    def _write(
        self, prompt: Prompt, span: Span, stopped: Callable[[], bool], is_summary: bool = False
    ) -> Generator[_Written, None, _Written]:
        """Yield the text as it grows; return the whole."""
        written = _Written("", span, is_summary)
        if prompt.states:
            for sure, _ in sure_text(self._runtime, self._spec, prompt, self._options, stopped):
                written = _Written(sure or NOTHING_SURE, span)
                yield written
            return written
        prepare = partial(model_inputs, spec=self._spec, prompt=prompt)
        for text in stream_text(self._runtime, self._spec, prepare, self._options, stopped):
            written = _Written(text, span, is_summary)
            yield written
        return written


def sentences_of(text: str) -> tuple[str, ...]:
    """Split `text` into sentences; the last one may be incomplete."""
    return tuple(sentence for sentence in SENTENCE_END.split(text.strip()) if sentence)
