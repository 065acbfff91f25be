"""What our own audio language model says, without the claims that it is unsure of."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial

from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.jobs.gpu_calls import gpu_steps
from pipelines.language_models.claim_certainty import sure_sentences
from pipelines.language_models.generation import WORKING_BYTES, SamplingOptions, generate_text
from pipelines.language_models.prompting import Prompt, model_inputs
from pipelines.language_models.streaming import text_seconds

NO_MUSIC = "This model describes music only, and no music was found in this clip."
NOTHING_SURE = "This model is not sure of anything in this music."
UNSURE = "Not sure, but perhaps: {}"


def sure_text(
    runtime: ModelRuntime, spec: ModelSpec, prompt: Prompt, options: SamplingOptions, should_stop: Callable[[], bool]
) -> Generator[tuple[str, str], None, None]:
    """Yield once (the sentences that the model is sure of, its whole text); nothing after a stop.

    Raises:
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    work = partial(_sure_text, spec, prompt, options)
    yield from gpu_steps(work, runtime, spec, text_seconds(spec, options), should_stop)


def _sure_text(
    spec: ModelSpec, prompt: Prompt, options: SamplingOptions, runtime: ModelRuntime, should_stop: Callable[[], bool]
) -> Generator[tuple[str, str], None, None]:
    with runtime.cache.lease(spec, working_bytes=WORKING_BYTES, should_stop=should_stop) as (language_model,):
        if should_stop():
            return
        inputs = model_inputs(language_model, spec, prompt)
        *_, whole = "", *generate_text(language_model, inputs, options, should_stop)
        yield sure_sentences(language_model, inputs, whole), whole
