"""All hidden states of Qwen2-Audio's language model for one window of a clip and a plain prompt, as its authors publish it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from models.errors import InvalidOption, UnknownModel
from models.model_catalog import ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO, ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.interpretability.audio_llm import WINDOW_SECONDS, WORKING_BYTES, HiddenStates, hidden_states
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import ModelUse, model_fields
from pipelines.jobs.result import LEFT_OUT
from pipelines.language_models.prompting import SAMPLE_RATE, Prompt, check_text, model_inputs

PUBLISHED_PROMPT = "Describe the music:"
"""Text behind the audio in the plain prompt of Qwen2-Audio."""
MAX_NEW_TOKENS = 256


@dataclass(frozen=True)
class PromptStatesOptions:
    """Options of `read_prompt_states`."""

    model: str = AUTO
    """Key of one of `prompt_models`, or 'auto'."""
    prompt: str = PUBLISHED_PROMPT
    """Text behind the audio."""
    start: float = 0.0
    """Start of the window, in seconds of the clip."""
    max_new_tokens: int = 64
    """Maximum length of the answer, in tokens."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PromptStatesProgress(ModelUse):
    """How far the job is; the last one of a run is the result."""

    state: Literal["loading", "done", "stopped"]
    start: float
    """Start of the window, in seconds of the clip."""
    end: float
    """End of the window, in seconds of the clip."""
    states: HiddenStates | None = field(default=None, metadata=LEFT_OUT)

    @property
    def position(self) -> float:
        """Seconds of the clip that are done."""
        return self.end if self.states else self.start


def prompt_models(catalog: ModelCatalog) -> tuple[ModelSpec, ...]:
    """Return the models whose prompts can be read, best first."""
    return tuple(spec for spec in catalog.models("embed_audio") if spec.encoder and spec.encoder.family == "qwen2_audio")


@in_cluster("embeddings", model="options.model")
def read_prompt_states(
    clip: AudioClip,
    options: PromptStatesOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[PromptStatesProgress]:
    """Read one window with the plain prompt, without a chat template: ten snapshots a second, so that the caller can stop.

    Raises:
        InvalidOption: the start lies outside the clip, the text is empty, too long or has control tokens, or the answer is to
            have less than 1 or more than `MAX_NEW_TOKENS` tokens.
        UnknownModel: the model is none of `prompt_models`.
        ModelError: the model cannot be loaded; see `ModelCache.lease`.
    """
    began = clock()
    if not 0 <= options.start < clip.duration:
        raise InvalidOption("start", options.start, f"seconds from 0 to {clip.duration:.1f}")
    if not 1 <= options.max_new_tokens <= MAX_NEW_TOKENS:
        raise InvalidOption("max_new_tokens", options.max_new_tokens, f"1 to {MAX_NEW_TOKENS}")
    options = replace(options, prompt=check_text("prompt", options.prompt))
    choice = _choice(runtime.catalog, options.model)
    fields = model_fields([choice.spec], runtime.catalog.device, choice.reason)
    end = min(clip.duration, options.start + WINDOW_SECONDS)
    now = PromptStatesProgress(state="loading", start=options.start, end=end, **fields)
    yield now

    def job(stopped: Callable[[], bool]) -> Generator[HiddenStates, None, None]:
        sound = np.array(clip.waveform(SAMPLE_RATE)[round(now.start * SAMPLE_RATE) : round(now.end * SAMPLE_RATE)])
        with runtime.cache.lease(choice.spec, working_bytes=WORKING_BYTES, should_stop=stopped) as (model,):
            inputs = model_inputs(model, replace(choice.spec, prompt_style="plain"), Prompt(options.prompt, (sound,)))
            yield hidden_states(model, inputs, options.max_new_tokens)

    for states in in_background(job, should_stop):
        now = replace(now, states=states or now.states, elapsed=clock() - began)
        yield now
    yield replace(now, state="done" if now.states else "stopped", elapsed=clock() - began)


def save_prompt_states(path: Path, states: HiddenStates) -> None:
    """Write an NPZ file: prompt [layers, positions, width], generated [layers, tokens - 1, width], is_audio, tokens."""
    np.savez(path, prompt=states.prompt, generated=states.generated, is_audio=states.is_audio, tokens=np.array(states.tokens))


def _choice(catalog: ModelCatalog, model: str) -> ModelChoice:
    keys = tuple(spec.key for spec in prompt_models(catalog))
    if not keys or model not in (AUTO, *keys):
        raise UnknownModel(model, (AUTO, *keys))
    return catalog.choose("embed_audio", keys[0] if model == AUTO else model)
