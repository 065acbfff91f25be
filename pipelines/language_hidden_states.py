"""What a language model holds in its layers while it reads a prompt with sound in it, and for each token that it writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.model_loaders import ProcessedModel
from pipelines.text_generation import tokenizer_of

States = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HiddenStates:
    """Layer 0 is the embedding; Qwen2-Audio-7B has 33 layers of width 4096, and 756 positions for 30 s and its plain prompt."""

    prompt: States
    """[layers, positions, width]."""
    written: States
    """[layers, tokens − 1, width]: of each token that another one followed."""
    hears: NDArray[np.bool_]
    """[positions]: true where the position stands for sound and not for text."""
    tokens: tuple[str, ...]
    """What was written."""


def hidden_states(language_model: ProcessedModel, inputs: Any, max_new_tokens: int) -> HiddenStates:
    """Let the model write its likeliest tokens, at most `max_new_tokens`, and keep the states of all layers.

    Args:
        language_model: a model that listens, with its processor.
        inputs: one prompt, as `audio_language_model.model_inputs` prepares it.
        max_new_tokens: at least 1.
    """
    import torch

    model = language_model.model
    with torch.inference_mode():
        written = model.generate(
            **inputs, max_new_tokens=max_new_tokens, do_sample=False, output_hidden_states=True, return_dict_in_generate=True
        )
    prompt, *steps = (torch.stack([layer[0] for layer in layers]) for layers in written.hidden_states)
    ids = inputs["input_ids"][0]
    tokenizer = tokenizer_of(language_model)
    return HiddenStates(
        prompt=_as_array(prompt),
        written=_as_array(torch.cat(steps, dim=1) if steps else prompt[:, :0]),
        hears=(ids == model.config.audio_token_id).cpu().numpy(),
        tokens=tuple(tokenizer.decode([token]) for token in written.sequences[0, len(ids) :].tolist()),
    )


def _as_array(states: Any) -> States:
    result: States = states.float().cpu().numpy()
    return result
