"""The states that a picture model draws from: of words, of sound, or of both.

Words that are added to a sound (the person's own, a style) are added as a difference: the states of 'dog, flat style' less
those of 'dog' turn the states of a barking into those of a barking in a flat style. With no share of sound left, what remains is
exactly the encoded text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.pictures.audio_embeds import AudioStates


@dataclass(frozen=True)
class PromptWords:
    """What a prompt says in words."""

    text: str = ""
    """Of the sound: the prompt, or where sound alone is drawn the name of what was heard."""
    own: str = ""
    style: str = ""
    negative: str = ""

    @property
    def full(self) -> str:
        """Text, own words and style as one prompt."""
        return ", ".join(part for part in (self.text.strip(), self.own.strip(), self.style.strip()) if part)


@dataclass(frozen=True, eq=False)
class PromptStates:
    """Of one picture, as tensors."""

    prompt: Any
    """[1, tokens, width]."""
    negative: Any
    """[1, tokens, width]."""


def prompt_states(
    pipeline: Any, words: PromptWords, sound: AudioStates | None = None, share: float = 0.0, strength: float = 1.0
) -> PromptStates:
    """States for `pipeline`.

    Args:
        pipeline: a Stable Diffusion, on loan.
        words: of the prompt.
        sound: the sound's states; None for words alone.
        share: of the sound, 0 to 1; the words have the rest.
        strength: factor on the distance of the sound's states from those of noise.
    """
    if sound is None:
        return PromptStates(_encoded(pipeline, words.full), _encoded(pipeline, words.negative))
    heard, noise = (_as_tensor(pipeline, states) for states in (sound.prompt_embeds, sound.negative_prompt_embeds))
    heard = noise + strength * (heard - noise) if strength != 1 else heard
    if share == 1 and words.full == words.text and not words.negative:
        return PromptStates(heard, noise)
    nothing = _encoded(pipeline, "")
    heard, noise = (_padded(states, nothing) for states in (heard, noise))
    text = _encoded(pipeline, words.text)
    return PromptStates(
        share * heard + (1 - share) * text + (_encoded(pipeline, words.full) - text),
        share * noise + (1 - share) * nothing + (_encoded(pipeline, words.negative) - nothing),
    )


def between(one: PromptStates, other: PromptStates, position: float) -> PromptStates:
    """The states at `position` from 0 (`one`) to 1 (`other`)."""
    return PromptStates(
        one.prompt + position * (other.prompt - one.prompt), one.negative + position * (other.negative - one.negative)
    )


def _encoded(pipeline: Any, text: str) -> Any:
    """States [1, tokens, width] of the text encoder."""
    import torch

    with torch.inference_mode():
        states, _ = pipeline.encode_prompt(text, pipeline.device, num_images_per_prompt=1, do_classifier_free_guidance=False)
    return states


def _as_tensor(pipeline: Any, states: Any) -> Any:
    """[tokens, width] -> [1, tokens, width] in the pipeline's own number format."""
    import torch

    return torch.from_numpy(states.copy())[None].to(next(pipeline.text_encoder.parameters()))


def _padded(states: Any, nothing: Any) -> Any:
    """`states` [1, fewer, width] with the text encoder's padding [1, tokens, width] behind."""
    import torch

    return torch.cat([states, nothing[:, states.shape[1] :]], dim=1)
