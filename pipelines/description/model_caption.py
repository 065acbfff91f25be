"""Descriptions of music by language models that hear it, or that read the facts and tags found in it.

A clip that is longer than what the model hears at once is described piece by piece; then the same model, if it follows
instructions, sums up what it wrote. Each sentence keeps the span of time that the model heard when it wrote it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from models.arrays import FloatArray
from models.cache.model_cache import ModelCache
from models.errors import InvalidOption
from models.model_catalog import AUTO, ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.stopping import never_stop
from pipelines.clip.chunking import Span, cut_into_pieces
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import ClipResults
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
    check_text,
    model_inputs,
)
from pipelines.music.analysis import MusicFacts
from pipelines.music.chord_recognition import Chord
from pipelines.music.music_tagging import MusicTags
from pipelines.music.tag_table import KINDS
from pipelines.wording.times import clock_time

CHAT_PROMPT = "Describe this music: its genre, mood, instruments, rhythm and structure."
PLAIN_PROMPT = "Describe the music:"
"""As the base model of Qwen2-Audio is asked, behind the sound."""
SUMMARY_PROMPT = (
    "These are descriptions of consecutive parts of one recording, each with its start and end:\n\n{}\n\n"
    "Sum them up in one paragraph that describes the whole recording and how it develops. Use only what they say."
)
SUMMARY_TOKENS = 4096
"""Of the descriptions that are summed up at once, at most; it fits the context of every model here."""


@dataclass(frozen=True)
class CaptionOptions(SamplingOptions):
    """What the person can choose: the model, what it is asked, and how it takes its tokens."""

    model: str = AUTO
    prompt: str = ""
    """Empty for the usual one, which differs from model to model; some models take none."""


@dataclass(frozen=True)
class Sentence:
    """One sentence, and the part of the clip that it was written about."""

    text: str
    start: float
    """Seconds."""
    end: float
    """Seconds."""


@dataclass(frozen=True)
class MusicDescription:
    """What is known so far; the last one of a run is the result."""

    duration: float
    """Of the clip, in seconds."""
    pieces: tuple[Span, ...] = ()
    """The parts that are described one after the other."""
    sentences: tuple[Sentence, ...] = ()
    """Of all pieces, in order; the last one may not be complete yet."""
    summary: str = ""
    """Of all pieces, if there are several and the model follows instructions."""
    model: str = ""
    """Title of the model in use."""
    model_reason: str = ""
    licence: str = ""
    dtype: str = ""
    """Of the weights: a number format, or how they are quantised."""
    device: str = ""
    position: float = 0.0
    """How far the job is, in seconds of the clip; the summary is still to come at the end."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    state: Literal["loading", "describing", "summing up", "done", "stopped"] = "loading"
    from_store: bool = False
    """Whether it was computed earlier; `elapsed` is what it took then."""

    @property
    def text(self) -> str:
        """The summary, or the sentences where there is none."""
        return self.summary or " ".join(sentence.text for sentence in self.sentences)


RESULTS = ClipResults("description", MusicDescription)


@dataclass(frozen=True)
class _Written:
    """The text so far about a part of the clip."""

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
    """Let a model listen to `clip` and describe it: a snapshot for every token, and ten a second in between.

    `sections` [(start, end), …] in seconds say where a long clip may be cut; without them it is cut evenly. The same request to
    the same model gives the earlier result at once.

    Raises:
        InvalidOption: before any model is touched, but for control tokens in the prompt.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    check_sampling(options)
    choice = runtime.catalog.choose("describe_music", options.model, WORKING_BYTES)
    prompt = _prompt(options, choice.spec)
    pieces = cut_into_pieces(clip.duration, sections, AUDIO_LIMITS[choice.spec.architecture].window_seconds)
    describer = _Describer(clip, prompt, pieces, choice.spec, options, runtime.cache)
    yield from _run(clip, options, choice, runtime.catalog, pieces, prompt, describer.steps, should_stop, clock)


def _prompt(options: CaptionOptions, spec: ModelSpec) -> str:
    """What the model is asked; raises InvalidOption if it cannot be asked that."""
    if spec.prompt_style == "sound":
        if options.prompt:
            raise InvalidOption("prompt", options.prompt, f"nothing, with {spec.title}, which takes no words")
        return ""
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
    """Let a language model put into words what `facts` and `tags` say of `clip`: a snapshot for every token.

    Raises:
        InvalidOption, ModelError: see `describe_music`.
    """
    check_sampling(options)
    choice = runtime.catalog.choose("write_text", options.model, WORKING_BYTES)
    prompt = prompt_from_facts(check_text("prompt", options.prompt or INSTRUCTION), facts, tags)
    whole = (0.0, clip.duration)

    def write(stopped: Callable[[], bool]) -> Generator[_Written, None, None]:
        prepare = partial(model_inputs, spec=choice.spec, prompt=Prompt(prompt))
        for text in stream_text(runtime.cache, choice.spec, prepare, options, stopped):
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
    """The stored result, or the snapshots of `job` and then its result, which is stored."""
    began = clock()
    spec, dtype = choice.spec, choice.spec.quantization or choice.spec.dtype(catalog.device)
    key = replace(options, model=spec.key, prompt=prompt), spec.source, dtype, pieces
    if known := RESULTS.find(clip, key):
        yield replace(known, model_reason=choice.reason, from_store=True)
        return
    now = MusicDescription(
        clip.duration,
        pieces,
        model=spec.title,
        model_reason=choice.reason,
        licence=spec.licence,
        dtype=dtype,
        device=catalog.device.upper(),
    )
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
    """The description with what was written last; `texts` holds what was written about each piece."""
    if step is None:
        return now
    if step.is_summary:
        return replace(now, summary=step.text, position=now.duration, state="summing up")
    texts[step.span] = step.text
    sentences = tuple(Sentence(sentence, *span) for span, text in texts.items() for sentence in sentences_of(text))
    return replace(now, sentences=sentences, position=step.span[0], state="describing")


class _Describer:
    """One clip and one model that hears it. Each lease is for one text, so that others get their turn between two pieces."""

    def __init__(
        self,
        clip: AudioClip,
        prompt: str,
        pieces: tuple[Span, ...],
        spec: ModelSpec,
        options: CaptionOptions,
        cache: ModelCache,
    ) -> None:
        self._waveform: FloatArray = clip.waveform(SAMPLE_RATE)
        self._prompt = prompt
        self._pieces = pieces
        self._spec = spec
        self._options = options
        self._cache = cache

    def steps(self, stopped: Callable[[], bool]) -> Generator[_Written, None, None]:
        """The text about each piece as it grows, then the summary as it grows."""
        descriptions = []
        for start, end in self._pieces:
            sound = self._waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
            description = yield from self._write(Prompt(self._prompt, (sound,)), (start, end), stopped)
            descriptions.append(description)
        if self._spec.prompt_style == "chat":
            yield from self._sum_up(descriptions, stopped)

    def _sum_up(self, descriptions: list[_Written], stopped: Callable[[], bool]) -> Generator[_Written, None, None]:
        """Groups of descriptions are summed up, then groups of their summaries, until there is one."""
        at_once = max(2, SUMMARY_TOKENS // self._options.max_new_tokens)
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
        """The text as it grows; returns the whole."""
        written = _Written("", span, is_summary)
        prepare = partial(model_inputs, spec=self._spec, prompt=prompt)
        for text in stream_text(self._cache, self._spec, prepare, self._options, stopped):
            written = _Written(text, span, is_summary)
            yield written
        return written


INSTRUCTION = (
    "Describe this piece of music in one paragraph of plain English for a listener. Use only the facts below: "
    "mention no instrument, mood, tempo, key or chord that they do not name, and invent no title or artist."
)


MAX_CHORDS = 16


CHORD_QUALITIES = {"maj": "", "min": "m"}
"""Harte's names as musicians write them."""


def prompt_from_facts(instruction: str, facts: MusicFacts, tags: MusicTags) -> str:
    """The instruction and, line by line, what is known; what is not known has no line."""
    return "\n".join([instruction, "", "Facts:", *(f"- {line}" for line in fact_lines(facts, tags))])


def fact_lines(facts: MusicFacts, tags: MusicTags) -> tuple[str, ...]:
    """What is known of the clip, one fact in each line."""
    lines = [f"Length: {clock_time(round(facts.duration))}"]
    if facts.tempo:
        lines.append(f"Tempo: {facts.tempo.bpm:.0f} BPM")
    if facts.beats:
        lines.append(f"Time signature: {facts.beats.metre}")
    if facts.key:
        lines.append(f"Key: {facts.key.name}")
    if progression := _progression(facts.chords):
        lines.append(f"Chords: {progression}")
    for kind in KINDS:
        if names := ", ".join(tag.name for tag in tags.of_kind(kind)):
            lines.append(f"{kind.capitalize()}: {names}")
    if facts.vocals and facts.vocals.present is False:
        lines.append("Vocals: none, instrumental")
    if len(facts.sections) > 1:
        lines.append(
            "Sections: "
            + ", ".join(f"{s.label} from {clock_time(round(s.start))} to {clock_time(round(s.end))}" for s in facts.sections)
        )
    return tuple(lines)


def _progression(chords: tuple[Chord, ...]) -> str:
    """The first chords in order, e.g. 'Am – F – C – G'."""
    names = [_chord_name(chord.name) for chord in chords if chord.name != "N"]
    return " – ".join(names[:MAX_CHORDS])


def _chord_name(harte: str) -> str:
    root, quality = harte.split(":")
    return root + CHORD_QUALITIES.get(quality, quality)


SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'“‘(]?[^\Wa-z\d_])|(?<=[。！？])\s*|\s*\n+\s*")
"""A full stop before a small letter or a digit ends no sentence: 'approx. 120 BPM'."""


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of `text`, the last one perhaps not complete yet."""
    return tuple(sentence for sentence in SENTENCE_END.split(text.strip()) if sentence)
