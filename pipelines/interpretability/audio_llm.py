"""Hidden states and token traces of Qwen2-Audio's language model."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.hidden_states import eager_attention, hidden_state_selection
from models.loading.loaders import ProcessedModel
from models.specs.model_spec import ModelSpec
from pipelines.interpretability.logit_lens import (
    LogitLens,
    TokenRecords,
    record_dtype,
    set_attention,
)
from pipelines.interpretability.token_text import token_bytes
from pipelines.jobs.result import Result
from pipelines.language_models.generation import end_token_ids, greedy_config, tokenizer_of
from pipelines.language_models.prompting import Prompt, model_inputs

WINDOW_SECONDS = 30.0
"""Maximum duration of the audio in one prompt, in seconds."""
FRAME_SECONDS = 0.04
"""Duration of one audio position of the prompt, in seconds."""
MAX_TOKENS = 96
"""Maximum number of traced tokens: one takes 1.1 MB with the layers of a model of 7 billion parameters."""
WORKING_BYTES = 2 * 2**30
"""Working memory of a forward pass over one prompt, in bytes; see `generation.WORKING_BYTES`."""
QUESTION = "What do you hear?"
"""Text of the prompt, after the audio."""


@dataclass(frozen=True, eq=False)
class HiddenStates(Result):
    """Hidden states of a prompt and of its answer.

    Layer 0 is the embedding. Qwen2-Audio-7B has 33 layers of width 4096, and 756 positions for 30 s and its plain prompt.
    """

    prompt: FloatArray
    """[layers, positions, width]."""
    generated: FloatArray
    """[layers, tokens - 1, width], of each generated token that another one followed."""
    is_audio: NDArray[np.bool_]
    """[positions], whether the position of the prompt is audio."""
    tokens: tuple[str, ...]
    """The generated tokens."""


def hidden_states(
    language_model: ProcessedModel, inputs: Any, max_new_tokens: int, layers: tuple[int, ...] | None = None
) -> HiddenStates:
    """Generate greedily and return the hidden states of the prompt and of the answer.

    All layers of Qwen2-Audio-7B for 30 s take 410 MB here, and 200 MB beside the model in bfloat16; one layer a 33rd of that.

    Args:
        language_model: an audio language model with its processor.
        inputs: one prompt, as `prompting.model_inputs` prepares it.
        max_new_tokens: at least 1.
        layers: indices of the layers to keep, ascending; None for all.
    """
    import torch

    model = language_model.model
    with torch.inference_mode():
        output = model.generate(
            **inputs,
            generation_config=greedy_config(language_model, max_new_tokens),
            output_hidden_states=True if layers is None else hidden_state_selection(layers),
            return_dict_in_generate=True,
        )
    wanted = range(len(output.hidden_states[0])) if layers is None else layers
    prompt, *steps = (_as_array([step[layer] for layer in wanted]) for step in output.hidden_states)
    ids = inputs["input_ids"][0]
    tokenizer = tokenizer_of(language_model)
    return HiddenStates(
        prompt=prompt,
        generated=np.concatenate(steps, axis=1) if steps else prompt[:, :0],
        is_audio=_is_audio(model, ids),
        tokens=tuple(tokenizer.decode([token]) for token in output.sequences[0, len(ids) :].tolist()),
    )


def trace_answer(
    language_model: ProcessedModel, spec: ModelSpec, audio: FloatArray, should_stop: Callable[[], bool]
) -> Generator[TokenRecords, None, None]:
    """Generate an answer about `audio` greedily and yield the records of its tokens so far, without the end token.

    `attention` of a record is the mean over all layers and heads at the audio positions; `audio_attention` is its share of the
    attention to the whole prompt.

    Args:
        language_model: a Qwen2-Audio with its processor, leased by the caller.
        spec: its specification.
        audio: float32 [samples] at 16 kHz, at most 30 s.
        should_stop: polled after each token.

    Yields:
        [tokens] of `record_dtype`, with a frame for each audio position; each array extends the one before.
    """
    with eager_attention(language_model.model):
        generation = _TracedGeneration(language_model, model_inputs(language_model, spec, Prompt(QUESTION, (audio,))))
        records = np.zeros(MAX_TOKENS, generation.dtype)
        for count in range(1, MAX_TOKENS + 1):
            record = generation.next_token()
            if int(record["id"]) in generation.end_tokens:
                return
            records[count - 1] = record
            yield records[:count]
            if should_stop():
                return


class _TracedGeneration:
    """A prompt and the answer generated so far."""

    def __init__(self, language_model: ProcessedModel, inputs: Any) -> None:
        import torch

        self._model = model = language_model.model
        text = model.config.get_text_config()
        ids = inputs["input_ids"]
        self._is_audio = torch.from_numpy(_is_audio(model, ids[0]))
        self.dtype = record_dtype(text.num_hidden_layers + 1, text.hidden_size, int(self._is_audio.sum()))
        self.end_tokens = end_token_ids(language_model)
        self._lens = LogitLens(model.get_decoder().norm, model.get_output_embeddings(), token_bytes(tokenizer_of(language_model)))
        # The attention of a whole prompt would take gigabytes, so its last position, which predicts, is run by itself.
        with torch.inference_mode():
            context = {"input_ids": ids[:, :-1], "attention_mask": inputs["attention_mask"][:, :-1]}
            self._past = model.model(**{**inputs, **context}, use_cache=True).past_key_values
        self._next = ids[:, -1:]

    def next_token(self) -> TokenRecords:
        """Generate one token and return its record []."""
        import torch

        with torch.inference_mode():
            output = self._model.model(
                input_ids=self._next,
                past_key_values=self._past,
                use_cache=True,
                output_hidden_states=True,
                output_attentions=True,
            )
            record = self._lens.read_token(torch.stack([layer[0, -1] for layer in output.hidden_states]), self.dtype)
            weights = torch.stack([layer[0, :, -1].float().mean(dim=0) for layer in output.attentions]).mean(dim=0)
            set_attention(record, weights[: len(self._is_audio)][self._is_audio.to(weights.device)])
        self._next = torch.tensor([[int(record["id"])]], device=self._next.device)
        return record


def _is_audio(model: Any, ids: Any) -> NDArray[np.bool_]:
    """Return [positions], whether each token of the prompt is an audio position."""
    result: NDArray[np.bool_] = (ids == model.config.audio_token_id).cpu().numpy()
    return result


def _as_array(layers: Any) -> FloatArray:
    """Copy layers [1, positions, width] one by one, without a second copy of all: float32 [layers, positions, width]."""
    states = np.empty((len(layers), *layers[0].shape[1:]), dtype=np.float32)
    for layer, target in zip(layers, states, strict=True):
        target[:] = layer[0].cpu().float().numpy()
    return states
