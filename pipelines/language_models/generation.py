"""Text from a language model, token by token, with Stop between two tokens.

The model's `generate` runs in a thread of its own, because it calls back where a pipeline iterates. Leaving the iteration waits
until that thread has ended, at most one token later: only then does the model go back to the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from models.arrays import MAX_SEED
from models.errors import InvalidOption
from models.loading.loaders import ProcessedModel
from pipelines.jobs.background import reported_steps

WORKING_BYTES = 2 * 2**30
"""Keys and values of a few thousand tokens of a model of 8 billion parameters, its logits for a prompt, and an audio encoder's
activations."""
MAX_NEW_TOKENS = 2048
ANSWER = "answer"
"""Text of the turns with which a chat template is tried."""
INCOMPLETE = "\ufffd"
"""Decoded from the first bytes of a character while the others are still to come."""


@dataclass(frozen=True)
class SamplingOptions:
    """How the next token is chosen."""

    do_sample: bool = False
    """False chooses the most probable token and leaves `temperature`, `top_p`, `top_k` and `seed` without effect."""
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
    """Raise InvalidOption for a value that no model can use."""
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
    if not 0 <= options.seed <= MAX_SEED:
        raise InvalidOption("seed", options.seed, f"0 to {MAX_SEED}")


def generate_text(
    language_model: ProcessedModel, inputs: Any, options: SamplingOptions, should_stop: Callable[[], bool]
) -> Generator[str, None, None]:
    """Yield the text so far after each token.

    Raises:
        InvalidOption: the prompt and the new tokens do not fit the model's context.
    """
    _check_length(language_model.model, inputs, options)
    tokenizer = tokenizer_of(language_model)
    control_tokens = frozenset(tokenizer.get_added_vocab().values())
    tokens: list[int] = []
    with closing(_new_tokens(language_model, inputs, options, should_stop)) as new_tokens:
        for token in new_tokens:
            if token not in control_tokens:
                tokens.append(token)
            yield str(tokenizer.decode(tokens)).rstrip(INCOMPLETE)


def tokenizer_of(language_model: ProcessedModel) -> Any:
    """Return the tokenizer, which some processors hold and others are."""
    return getattr(language_model.processor, "tokenizer", language_model.processor)


def end_token_ids(language_model: ProcessedModel) -> list[int]:
    """Return the tokens that end an answer, ascending: those of the checkpoint, of its tokenizer and of its chat template.

    A thinker that is loaded without its talker has none in its generation configuration (QwenLM/Qwen2.5-Omni, issue 371), and
    some checkpoints name the end of a text there, but not that of a turn.
    """
    tokenizer = tokenizer_of(language_model)
    named = language_model.model.generation_config.eos_token_id
    of_checkpoint = [] if named is None else [named] if isinstance(named, int) else named
    ids = {*of_checkpoint, tokenizer.eos_token_id, _end_of_turn(language_model.processor, tokenizer)}
    return sorted(number for number in ids if number is not None)


def _end_of_turn(processor: Any, tokenizer: Any) -> int | None:
    """Return the control token that the chat template puts after an answer, or None."""
    if processor.chat_template is None:
        return None
    content = ANSWER if processor is tokenizer else [{"type": "text", "text": ANSWER}]
    turns = [{"role": role, "content": content} for role in ("user", "assistant")]
    after = processor.apply_chat_template(turns, tokenize=False).rpartition(ANSWER)[2].lstrip()
    vocabulary = tokenizer.get_added_vocab()
    return next((vocabulary[token] for token in sorted(vocabulary, key=len, reverse=True) if after.startswith(token)), None)


def _check_length(model: Any, inputs: Any, options: SamplingOptions) -> None:
    length, limit = inputs["input_ids"].shape[1], model.config.get_text_config().max_position_embeddings
    if length + options.max_new_tokens > limit:
        raise InvalidOption(
            "prompt", f"{length} tokens with its sound, {options.max_new_tokens} to come", f"{limit} tokens with this model"
        )


def _new_tokens(
    language_model: ProcessedModel, inputs: Any, options: SamplingOptions, should_stop: Callable[[], bool]
) -> Generator[int, None, None]:
    """Yield each new token of `generate` as it is made."""

    def work(report: Callable[[int], None]) -> None:
        import torch

        model = language_model.model
        with torch.inference_mode():
            model.generate(
                **inputs,
                generation_config=greedy_config(language_model, options.max_new_tokens, options.repetition_penalty),
                logits_processor=_sampling_processors(options) if options.do_sample else None,
                streamer=_ReportingStreamer(report),
            )

    return reported_steps(work, should_stop)


class _ReportingStreamer:
    """Streamer of `generate`, which calls it with the prompt and then with each new token."""

    def __init__(self, report: Callable[[int], None]) -> None:
        self._report = report
        self._prompt_came = False

    def put(self, tokens: Any) -> None:
        """Report a token [1]; skip the prompt [1, tokens], which comes first."""
        if self._prompt_came:
            self._report(int(tokens[0]))
        self._prompt_came = True

    def end(self) -> None:
        """Do nothing: `generate` returns after this."""


def greedy_config(language_model: ProcessedModel, max_new_tokens: int, repetition_penalty: float = 1.0) -> Any:
    """Return the settings of a greedy search for `generate`; the sampling settings of the checkpoint have no effect on it."""
    from transformers import GenerationConfig

    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        repetition_penalty=repetition_penalty,
        eos_token_id=end_token_ids(language_model),
        pad_token_id=tokenizer_of(language_model).pad_token_id,
        do_sample=False,
        temperature=1.0,
        top_p=1.0,
        top_k=50,
    )


def _sampling_processors(options: SamplingOptions) -> Any:
    """Return the processors of logits that turn the greedy search into sampling."""
    from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    processors = LogitsProcessorList([TemperatureLogitsWarper(options.temperature)])
    if options.top_k:
        processors.append(TopKLogitsWarper(options.top_k))
    if options.top_p < 1:
        processors.append(TopPLogitsWarper(options.top_p))
    processors.append(GumbelNoise(options.seed))
    return processors


class GumbelNoise:
    """Noise on logits, with which the largest logit is distributed as their softmax (the Gumbel-max trick).

    `generate` itself samples from torch's global generator: a seed there would hold for all threads, and none would repeat.
    """

    def __init__(self, seed: int) -> None:
        import torch

        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return scores [1, vocabulary] with −log of exponential noise added."""
        import torch

        # In single precision one draw in 2**24 is zero, and a vocabulary has 2**17 tokens. Apple's GPUs have no other.
        noise = torch.empty(scores.shape, dtype=torch.float64).exponential_(generator=self._generator)
        return scores - noise.log().to(scores.device, torch.float32)
