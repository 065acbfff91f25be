"""Text from a language model, token by token, with Stop between two tokens.

The model's `generate` runs in a thread of its own, because it calls back where a pipeline wants to iterate. Whoever leaves the
iteration waits until that thread has ended, at most one token later: only then does the model go back to the cache.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from models.cache.model_cache import ModelCache
from models.errors import InvalidOption, OutOfMemory
from models.loading.loaders import ProcessedModel
from models.specs.model_spec import ModelSpec

WORKING_BYTES = 2 * 2**30
"""Keys and values of a few thousand tokens of a model of 8 billion parameters, its logits for a prompt, and an audio encoder's
activations."""
MAX_NEW_TOKENS = 2048
LARGEST_SEED = 2**32 - 1
INCOMPLETE = "\ufffd"
"""What the first bytes of a character are decoded to while the others are still to come."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SamplingOptions:
    """How the next token is taken."""

    do_sample: bool = False
    """False takes the likeliest token and leaves `temperature`, `top_p`, `top_k` and `seed` without effect."""
    temperature: float = 0.7
    top_p: float = 0.9
    top_k: int = 50
    """0 for all tokens."""
    repetition_penalty: float = 1.1
    """1 for none; as in CTRL (Keskar et al. 2019)."""
    max_new_tokens: int = 256
    seed: int = 0
    """The same seed on the same device gives the same text."""


def check_sampling(options: SamplingOptions) -> None:
    """Raise InvalidOption for what no model can do."""
    if not 0 < options.temperature <= 2:
        raise InvalidOption("temperature", options.temperature, "more than 0 and up to 2")
    if not 0 < options.top_p <= 1:
        raise InvalidOption("top p", options.top_p, "more than 0 and up to 1")
    if not 0 <= options.top_k <= 1000:
        raise InvalidOption("top k", options.top_k, "0 for all tokens, or up to 1000")
    if not 1 <= options.repetition_penalty <= 2:
        raise InvalidOption("repetition penalty", options.repetition_penalty, "1 to 2")
    if not 1 <= options.max_new_tokens <= MAX_NEW_TOKENS:
        raise InvalidOption("number of new tokens", options.max_new_tokens, f"1 to {MAX_NEW_TOKENS}")
    if not 0 <= options.seed <= LARGEST_SEED:
        raise InvalidOption("seed", options.seed, f"0 to {LARGEST_SEED}")


def stream_text(
    cache: ModelCache,
    spec: ModelSpec,
    prepare: Callable[[ProcessedModel], Any],
    options: SamplingOptions,
    should_stop: Callable[[], bool],
) -> Generator[str, None, None]:
    """The text so far after each token, from the inputs that `prepare` makes with the model on loan; nothing once it is stopped.

    Out of memory evicts every idle model, and the text begins once more.

    Raises:
        OutOfMemory: it happened again.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
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


def generate_text(
    language_model: ProcessedModel, inputs: Any, options: SamplingOptions, should_stop: Callable[[], bool]
) -> Generator[str, None, None]:
    """The text so far after each token.

    Raises:
        InvalidOption: the prompt and the new tokens do not fit the model's context.
    """
    _check_length(language_model.model, inputs, options)
    tokenizer = tokenizer_of(language_model)
    control_tokens = frozenset(tokenizer.get_added_vocab().values())
    generation = _Generation(language_model.model, tokenizer.pad_token_id, inputs, options, should_stop)
    tokens: list[int] = []
    try:
        while (token := generation.next_token()) is not None:
            if token not in control_tokens:
                tokens.append(token)
            yield str(tokenizer.decode(tokens)).rstrip(INCOMPLETE)
    finally:
        generation.close()


def tokenizer_of(language_model: ProcessedModel) -> Any:
    """The tokenizer, which some processors hold and others are."""
    return getattr(language_model.processor, "tokenizer", language_model.processor)


def _check_length(model: Any, inputs: Any, options: SamplingOptions) -> None:
    length, limit = inputs["input_ids"].shape[1], model.config.get_text_config().max_position_embeddings
    if length + options.max_new_tokens > limit:
        raise InvalidOption(
            "prompt", f"{length} tokens with its sound, {options.max_new_tokens} to come", f"{limit} tokens with this model"
        )


class _Generation:
    """One run of `generate` in a thread; it is also the streamer and the stopping criterion that `generate` calls."""

    def __init__(
        self, model: Any, pad_token_id: int, inputs: Any, options: SamplingOptions, should_stop: Callable[[], bool]
    ) -> None:
        self._should_stop = should_stop
        self._closed = threading.Event()
        self._outbox: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
        self._prompt_came = False
        arguments = (model, pad_token_id, inputs, options)
        self._thread = threading.Thread(target=self._run, args=arguments, name="generate", daemon=True)
        self._thread.start()

    def next_token(self) -> int | None:
        """The next token as soon as there is one, None at the end; an error of `generate` is raised here."""
        token = self._outbox.get()
        if isinstance(token, BaseException):
            raise token
        return token

    def close(self) -> None:
        """Stop after the token that is being made, and wait for it."""
        self._closed.set()
        self._thread.join()

    def put(self, tokens: Any) -> None:
        """Take the prompt [1, tokens] first, then each new token [1]."""
        if self._prompt_came:
            self._outbox.put(int(tokens[0]))
        self._prompt_came = True

    def end(self) -> None:
        """Know that there are no more tokens."""
        self._outbox.put(None)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Whether to stop: bool [1]."""
        import torch

        stop = self._closed.is_set() or self._should_stop()
        return torch.full((len(input_ids),), stop, dtype=torch.bool, device=input_ids.device)

    def _run(self, model: Any, pad_token_id: int, inputs: Any, options: SamplingOptions) -> None:
        import torch
        from transformers import StoppingCriteriaList

        try:
            with torch.inference_mode():
                model.generate(
                    **inputs,
                    generation_config=_generation_config(options, pad_token_id),
                    logits_processor=_sampling_processors(options, model.device) if options.do_sample else None,
                    stopping_criteria=StoppingCriteriaList([self]),
                    streamer=self,
                )
        except BaseException as error:
            self._outbox.put(error)


def _generation_config(options: SamplingOptions, pad_token_id: int) -> Any:
    """Greedy search; what a checkpoint says of sampling must not mix with the options."""
    from transformers import GenerationConfig

    return GenerationConfig(
        max_new_tokens=options.max_new_tokens,
        repetition_penalty=options.repetition_penalty,
        pad_token_id=pad_token_id,
        do_sample=False,
        temperature=1.0,
        top_p=1.0,
        top_k=50,
    )


def _sampling_processors(options: SamplingOptions, device: Any) -> Any:
    """What turns the greedy search among logits into sampling."""
    from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    processors = LogitsProcessorList([TemperatureLogitsWarper(options.temperature)])
    if options.top_k:
        processors.append(TopKLogitsWarper(options.top_k))
    if options.top_p < 1:
        processors.append(TopPLogitsWarper(options.top_p))
    processors.append(GumbelNoise(options.seed, device))
    return processors


class GumbelNoise:
    """Noise on logits, with which the largest one is distributed as their softmax (the Gumbel-max trick).

    `generate` itself samples from torch's global generator: a seed there would hold for all threads, and none would repeat.
    """

    def __init__(self, seed: int, device: Any) -> None:
        import torch

        self._generator = torch.Generator(device).manual_seed(seed)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores [1, vocabulary] with −log of exponential noise added."""
        import torch

        # In single precision one draw in 2**24 is zero, and a vocabulary has 2**17 tokens.
        noise = torch.empty_like(scores, dtype=torch.float64).exponential_(generator=self._generator)
        return scores - noise.log()
