"""What a language model holds in its layers while it reads a prompt with sound in it, and for each token that it writes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.loading.loaders import ProcessedModel
from models.specs.model_spec import ModelSpec
from pipelines.interpretability.logit_lens import (
    LogitLens,
    Records,
    put_attention,
    record_dtype,
    shown_attention,
)
from pipelines.interpretability.token_text import token_bytes
from pipelines.language_models.generation import tokenizer_of
from pipelines.language_models.prompting import Prompt, model_inputs

WINDOW_SECONDS = 30.0
"""Of sound, for Qwen2-Audio."""
FRAME_SECONDS = 0.04
"""Of one position that stands for sound, in Qwen2-Audio."""
MAX_TOKENS = 96
"""Of a text whose tokens are followed: each takes 1.1 MB with the layers of a model of 7 billion parameters."""
WORKING_BYTES = 2 * 2**30
"""See `text_generation.WORKING_BYTES`."""
QUESTION = "What do you hear?"


@dataclass(frozen=True, eq=False)
class HiddenStates:
    """Layer 0 is the embedding; Qwen2-Audio-7B has 33 layers of width 4096, and 756 positions for 30 s and its plain prompt."""

    prompt: FloatArray
    """[layers, positions, width]."""
    written: FloatArray
    """[layers, tokens − 1, width]: of each token that another one followed."""
    hears: NDArray[np.bool_]
    """[positions]: true where the position stands for sound and not for text."""
    tokens: tuple[str, ...]
    """What was written."""


def hidden_states(
    language_model: ProcessedModel, inputs: Any, max_new_tokens: int, layers: tuple[int, ...] | None = None
) -> HiddenStates:
    """Let the model write its likeliest tokens, at most `max_new_tokens`, and keep the states of its layers.

    All layers of Qwen2-Audio-7B for 30 s take 410 MB here, and 200 MB beside the model in bfloat16; one layer a 33rd of that.

    Args:
        language_model: a model that listens, with its processor.
        inputs: one prompt, as `audio_language_model.model_inputs` prepares it.
        max_new_tokens: at least 1.
        layers: the wanted ones, in rising order; None for all.
    """
    import torch

    model = language_model.model
    with torch.inference_mode():
        written = model.generate(
            **inputs,
            max_new_tokens=max_new_tokens,
            do_sample=False,
            output_hidden_states=True if layers is None else list(layers),
            return_dict_in_generate=True,
        )
    prompt, *steps = (_as_array([layer for layer in step if layer is not None]) for step in written.hidden_states)
    ids = inputs["input_ids"][0]
    tokenizer = tokenizer_of(language_model)
    return HiddenStates(
        prompt=prompt,
        written=np.concatenate(steps, axis=1) if steps else prompt[:, :0],
        hears=_hears(model, ids),
        tokens=tuple(tokenizer.decode([token]) for token in written.sequences[0, len(ids) :].tolist()),
    )


def write_about(
    language_model: ProcessedModel, spec: ModelSpec, sound: FloatArray, stopped: Callable[[], bool]
) -> Generator[Records, None, None]:
    """What is written so far about a sound, after each token of a greedy search; the token that ends the text is left out.

    Attention to the sound is the mean over all layers and heads, at the positions that stand for sound; `heard` of a record tells
    how much that is beside the attention to text.

    Args:
        language_model: a Qwen2-Audio with its processor, and for this long with nobody else.
        spec: of the model.
        sound: float32 [samples] at 16 kHz, at most 30 s.
        stopped: looked at after each token.

    Yields:
        [tokens] of `record_dtype`, with a frame for each position of the sound; each is the beginning of the next.
    """
    with shown_attention(language_model.model):
        writer = _Writer(language_model, model_inputs(language_model, spec, Prompt(QUESTION, (sound,))))
        written = np.zeros(MAX_TOKENS, writer.dtype)
        for count in range(1, MAX_TOKENS + 1):
            record = writer.next_token()
            if int(record["id"]) in writer.ends:
                return
            written[count - 1] = record
            yield written[:count]
            if stopped():
                return


class _Writer:
    """One prompt, and what was written after it."""

    def __init__(self, language_model: ProcessedModel, inputs: Any) -> None:
        import torch

        self._model = model = language_model.model
        text = model.config.get_text_config()
        ids = inputs["input_ids"]
        self._hears = torch.from_numpy(_hears(model, ids[0]))
        self.dtype = record_dtype(text.num_hidden_layers + 1, text.hidden_size, int(self._hears.sum()))
        self.ends = np.atleast_1d(model.generation_config.eos_token_id).tolist()
        spell = token_bytes(tokenizer_of(language_model))
        self._lens = LogitLens(model.get_decoder().norm, model.get_output_embeddings(), spell)
        # The attention of a whole prompt would take gigabytes: its last position, which writes, is read by itself.
        with torch.inference_mode():
            before = {"input_ids": ids[:, :-1], "attention_mask": inputs["attention_mask"][:, :-1]}
            self._memory = model.model(**{**inputs, **before}, use_cache=True).past_key_values
        self._next = ids[:, -1:]

    def next_token(self) -> Records:
        """The record of the next token."""
        import torch

        with torch.inference_mode():
            out = self._model.model(
                input_ids=self._next,
                past_key_values=self._memory,
                use_cache=True,
                output_hidden_states=True,
                output_attentions=True,
            )
            record = self._lens.record(torch.stack([layer[0, -1] for layer in out.hidden_states]), self.dtype)
            weights = torch.stack([layer[0, :, -1].float().mean(dim=0) for layer in out.attentions]).mean(dim=0)
            put_attention(record, weights[: len(self._hears)][self._hears.to(weights.device)])
        self._next = torch.tensor([[int(record["id"])]], device=self._next.device)
        return record


def _hears(model: Any, ids: Any) -> NDArray[np.bool_]:
    """[positions]: which of them stand for sound."""
    result: NDArray[np.bool_] = (ids == model.config.audio_token_id).cpu().numpy()
    return result


def _as_array(layers: Any) -> FloatArray:
    """Of layers [1, positions, width] float32 [layers, positions, width], moved one by one: there is no second copy of all."""
    states = np.empty((len(layers), *layers[0].shape[1:]), dtype=np.float32)
    for layer, target in zip(layers, states, strict=True):
        target[:] = layer[0].cpu().float().numpy()
    return states
