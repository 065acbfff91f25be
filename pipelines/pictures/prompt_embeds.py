"""Prompt embeds of a picture: of text, of audio, or of both.

Text that is added to audio (the extra prompt, a style) is added as a difference: the embeds of 'dog, flat style' less those of
'dog' turn the embeds of a barking into those of a barking in a flat style. With an audio weight of 0 the sum is exactly the
encoded text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from pipelines.pictures.audio_embeds import AudioEmbeds
from pipelines.pictures.options import PictureOptions

WORD_START = re.compile(r"[^\W\u2e80-\uffff]*$")
"""Start of a word that a cut goes through; scripts without spaces are cut between any two characters."""


@dataclass(frozen=True)
class PromptText:
    """The texts of a prompt."""

    prompt: str = ""
    """Description of the audio, or where audio alone is drawn the name of its first concept."""
    extra: str = ""
    style: str = ""
    negative: str = ""

    @property
    def full(self) -> str:
        """Prompt, extra prompt and style, joined by commas."""
        return ", ".join(part for part in (self.prompt.strip(), self.extra.strip(), self.style.strip()) if part)


@dataclass(frozen=True, eq=False)
class PromptEmbeds:
    """Prompt embeds of one picture, as tensors."""

    prompt_embeds: Any
    """[1, tokens, width]."""
    negative_prompt_embeds: Any
    """[1, tokens, width]."""


def encode_prompt(
    pipeline: Any,
    text: PromptText,
    audio: AudioEmbeds | None = None,
    audio_weight: float = 0.0,
    audio_guidance: float = 1.0,
) -> PromptEmbeds:
    """Return the prompt embeds of `text` and `audio` for `pipeline`.

    Args:
        pipeline: a leased Stable Diffusion.
        text: the texts of the prompt.
        audio: the audio embeds; None for text alone.
        audio_weight: weight of the audio embeds, 0 to 1; the text embeds have the rest.
        audio_guidance: factor on the distance of the audio embeds from their negative prompt embeds.
    """
    if audio is None:
        return PromptEmbeds(_encode_text(pipeline, text.full), _encode_text(pipeline, text.negative))
    positive, negative = (_as_tensor(pipeline, embeds) for embeds in (audio.prompt_embeds, audio.negative_prompt_embeds))
    positive = negative + audio_guidance * (positive - negative) if audio_guidance != 1 else positive
    if audio_weight == 1 and text.full == text.prompt and not text.negative:
        return PromptEmbeds(positive, negative)
    empty = _encode_text(pipeline, "")
    positive, negative = (_pad(embeds, empty) for embeds in (positive, negative))
    prompt = _encode_text(pipeline, text.prompt)
    return PromptEmbeds(
        audio_weight * positive + (1 - audio_weight) * prompt + (_encode_text(pipeline, text.full) - prompt),
        audio_weight * negative + (1 - audio_weight) * empty + (_encode_text(pipeline, text.negative) - empty),
    )


def text_overflow(tokenizer: Any, text: str) -> str:
    """Return the end of `text` that does not fit into the text encoder, from a whole word on; empty if all of it fits.

    Args:
        tokenizer: the tokenizer of the text encoder, whose `model_max_length` counts start and end of sequence.
        text: a prompt.
    """

    def tokens(characters: int) -> int:
        return len(tokenizer(text[:characters], verbose=False).input_ids)

    if tokens(len(text)) <= tokenizer.model_max_length:
        return ""
    cut = bisect_right(range(len(text)), tokenizer.model_max_length, key=tokens) - 1
    start = WORD_START.search(text, 0, cut) if text[cut : cut + 1].isalnum() else None
    return text[start.start() if start else cut :].strip(" ,")


def interpolate_embeds(first: PromptEmbeds, second: PromptEmbeds, position: float) -> PromptEmbeds:
    """Interpolate linearly between `first` (position 0) and `second` (position 1)."""
    return PromptEmbeds(
        first.prompt_embeds + position * (second.prompt_embeds - first.prompt_embeds),
        first.negative_prompt_embeds + position * (second.negative_prompt_embeds - first.negative_prompt_embeds),
    )


def _encode_text(pipeline: Any, text: str) -> Any:
    """Return the text encoder's embeds [1, tokens, width]."""
    import torch

    with torch.inference_mode():
        embeds, _ = pipeline.encode_prompt(text, pipeline.device, num_images_per_prompt=1, do_classifier_free_guidance=False)
    return embeds


def _as_tensor(pipeline: Any, embeds: Any) -> Any:
    """Return `embeds` [tokens, width] as a tensor [1, tokens, width] in the pipeline's dtype."""
    import torch

    return torch.from_numpy(embeds.copy())[None].to(next(pipeline.text_encoder.parameters()))


def _pad(embeds: Any, empty: Any) -> Any:
    """Extend `embeds` [1, fewer, width] with the end of the empty prompt's embeds [1, tokens, width]."""
    import torch

    return torch.cat([embeds, empty[:, embeds.shape[1] :]], dim=1)


def prompt_text(options: PictureOptions, prompt: str, concepts: tuple[str, ...]) -> PromptText:
    """Return the texts of a picture; where audio alone is drawn its first concept takes the place of the prompt."""
    text = prompt if options.audio_weight < 1 else next(iter(concepts), "")
    return PromptText(text, options.extra_prompt, options.style, options.negative_prompt)
