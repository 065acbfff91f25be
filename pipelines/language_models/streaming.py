"""Text from a language model that is borrowed for it, here or on ZeroGPU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from models.cache.model_cache import ModelCache
from models.errors import OutOfMemory
from models.loading.loaders import ProcessedModel
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.jobs.gpu_calls import gpu_steps
from pipelines.jobs.gpu_seconds import token_seconds
from pipelines.language_models.generation import WORKING_BYTES, SamplingOptions, generate_text

PROMPT_SECONDS = 2.0
"""Estimated GPU time for the sound and the prompt of a text."""

log = logging.getLogger(__name__)


def stream_text(
    runtime: ModelRuntime,
    spec: ModelSpec,
    prepare: Callable[[ProcessedModel], Any],
    options: SamplingOptions,
    should_stop: Callable[[], bool],
) -> Generator[str, None, None]:
    """Yield the text so far after each token, from the inputs that `prepare` makes with the model on loan; nothing after a stop.

    When memory runs out, every idle model is evicted and the text begins once more. On ZeroGPU a text is one call, for which
    `prepare` and `options` are pickled.

    Raises:
        OutOfMemory: it happened again.
        ModelError: the model cannot be had; see `ModelCache.lease`.
        GpuRefused: see `gpu_steps`.
    """
    work = partial(_text_or_again, spec, prepare, options)
    yield from gpu_steps(work, runtime, spec, text_seconds(spec, options), should_stop)


def text_seconds(spec: ModelSpec, options: SamplingOptions) -> float:
    """Return the estimated GPU time of a text of the longest allowed length."""
    return PROMPT_SECONDS + options.max_new_tokens * token_seconds(spec)


def _text_or_again(
    spec: ModelSpec,
    prepare: Callable[[ProcessedModel], Any],
    options: SamplingOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
) -> Generator[str, None, None]:
    cache = runtime.cache
    try:
        yield from _text_on_loan(cache, spec, prepare, options, should_stop)
    except OutOfMemory as error:
        log.warning("%s One more try with everything idle evicted.", error)
    else:
        return
    yield from _text_on_loan(cache, spec, prepare, options, should_stop)


def _text_on_loan(
    cache: ModelCache,
    spec: ModelSpec,
    prepare: Callable[[ProcessedModel], Any],
    options: SamplingOptions,
    should_stop: Callable[[], bool],
) -> Generator[str, None, None]:
    with cache.lease(spec, working_bytes=WORKING_BYTES, should_stop=should_stop) as (language_model,):
        if not should_stop():
            yield from generate_text(language_model, prepare(language_model), options, should_stop)
