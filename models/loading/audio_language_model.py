"""Our form of an audio language model: states of frozen encoders, a projector, and any causal model of transformers.

The projected states stand between prompt and answer, as embeddings of tokens. J2A-2.0 projects the mean over time to one token,
J2A-2.1 the means of 250 equal parts, `audio_understanding` every frame; a resampler of learned queries (Flamingo, Alayrac et al.
2022) chooses by itself. Without an encoder it is the language model alone, as J2A-1.0 has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

ProjectorKind = Literal["mean", "pool", "resampler", "frames"]
PROJECTORS: tuple[ProjectorKind, ...] = get_args(ProjectorKind)
RESAMPLER_HEADS = 4
IGNORED = -100
"""Label of a token that has no part in the loss."""


class AudioLanguageConfig(PretrainedConfig):  # type: ignore[misc]
    """Encoders, projector and language model.

    Args:
        encoders: width of the states of each encoder, by its key; their tokens stand in the order of the alphabet.
        projector: one of `PROJECTORS`.
        audio_tokens: tokens that 'pool' and 'resampler' make of each encoder's states.
        text_config: configuration of the language model.
    """

    model_type = "audioscope_audio_language"
    sub_configs: ClassVar[dict[str, Any]] = {"text_config": AutoConfig}

    def __init__(
        self,
        encoders: Mapping[str, int] | None = None,
        projector: ProjectorKind = "mean",
        audio_tokens: int = 1,
        text_config: Any = None,
        **others: Any,
    ) -> None:
        text = text_config or {"model_type": "llama"}
        self.encoders = dict(sorted((encoders or {}).items()))
        self.projector = projector
        self.audio_tokens = audio_tokens
        # A copy, because the model's own attention is set in it: with that of a language model it would lose its causal mask.
        self.text_config = AutoConfig.for_model(**text) if isinstance(text, Mapping) else deepcopy(text)
        super().__init__(**others)


class Projector(nn.Module):  # type: ignore[misc]
    """States of one encoder to embeddings of the language model."""

    def __init__(self, width: int, text_width: int, kind: ProjectorKind, tokens: int) -> None:
        super().__init__()
        self.kind, self.tokens = kind, tokens
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, text_width)
        if kind == "resampler":
            self.queries = nn.Parameter(torch.randn(tokens, text_width) * text_width**-0.5)
            self.attention = nn.MultiheadAttention(text_width, RESAMPLER_HEADS, batch_first=True)

    def forward(self, states: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Return (embeddings [batch, tokens, text width], which of them are there [batch, tokens]).

        Args:
            states: [batch, frames, width], padded at the beginning, so that the last token is there.
            counts: frames of each [batch], at least one.
        """
        frames = states.shape[1]
        inside = torch.arange(frames, device=states.device) >= frames - counts[:, None]
        if self.kind == "frames":
            return self.linear(self.norm(states)), inside
        if self.kind == "resampler":
            keys = self.linear(self.norm(states))
            queries = self.queries.expand(len(states), -1, -1)
            embeds, _ = self.attention(queries, keys, keys, key_padding_mask=~inside, need_weights=False)
            embeds = embeds + queries
        elif self.kind == "mean":
            means = (states * inside[..., None]).sum(1, keepdim=True) / counts[:, None, None]
            embeds = self.linear(self.norm(means))
        else:
            parts = [
                functional.adaptive_avg_pool1d(row[-count:].T, self.tokens).T
                for row, count in zip(states, counts.tolist(), strict=True)
            ]
            embeds = self.linear(self.norm(torch.stack(parts)))
        return embeds, torch.ones(embeds.shape[:2], dtype=torch.bool, device=embeds.device)


class AudioLanguageModel(PreTrainedModel):  # type: ignore[misc]
    """Projectors of all encoders, and the language model that reads what they make."""

    config_class = AudioLanguageConfig
    base_model_prefix = ""
    supports_gradient_checkpointing = True
    _supports_sdpa = _supports_flash_attn = _supports_flex_attn = True

    def __init__(self, config: AudioLanguageConfig, language_model: PreTrainedModel | None = None) -> None:
        """Build the model.

        Args:
            config: sizes.
            language_model: with its weights, of the class and sizes that `config.text_config` says; None for random ones.
        """
        super().__init__(config)
        text_width = config.text_config.hidden_size
        self.projectors = nn.ModuleDict(
            {
                _attribute(key): Projector(width, text_width, config.projector, config.audio_tokens)
                for key, width in config.encoders.items()
            }
        )
        self.language_model = language_model or AutoModelForCausalLM.from_config(config.text_config)
        self.post_init()
        self.generation_config = self.language_model.generation_config

    def get_input_embeddings(self) -> nn.Module:
        """Return the embeddings of the language model's tokens."""
        return self.language_model.get_input_embeddings()

    def audio_embeds(self, states: Mapping[str, Tensor], counts: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return (embeddings [batch, tokens, text width], which of them are there [batch, tokens]) of all encoders."""
        dtype = next(self.projectors.parameters()).dtype
        made = [self.projectors[_attribute(key)](states[key].to(dtype), counts[key]) for key in self.config.encoders]
        return torch.cat([embeds for embeds, _ in made], dim=1), torch.cat([there for _, there in made], dim=1)

    def prompt_embeds(
        self, input_ids: Tensor, attention_mask: Tensor, states: Mapping[str, Tensor], counts: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return (embeddings, attention mask) of the prompt and of the audio behind it; the arguments are those of `forward`."""
        words = self.get_input_embeddings()(input_ids)
        if not self.config.encoders:
            return words, attention_mask
        audio, there = self.audio_embeds(states, counts)
        return torch.cat([words, audio.to(words.dtype)], dim=1), torch.cat([attention_mask, there.to(attention_mask.dtype)], 1)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        states: Mapping[str, Tensor],
        counts: Mapping[str, Tensor],
        labels: Tensor,
    ) -> Tensor:
        """Return the cross-entropy [batch, tokens] of each token of the answers, 0 where there is none.

        Args:
            input_ids: the prompt [batch, tokens], padded at the beginning.
            attention_mask: 1 where a token of the prompt is there.
            states: [batch, frames, width] for each encoder, padded at the beginning.
            counts: frames of each [batch], for each encoder.
            labels: tokens of the answer [batch, tokens], `IGNORED` behind its end.
        """
        embeds, mask = self.prompt_embeds(input_ids, attention_mask, states, counts)
        there = labels != IGNORED
        answer = self.get_input_embeddings()(labels.clamp(min=0))
        mask = torch.cat([mask, there.to(mask.dtype)], dim=1)
        output = self.language_model(
            inputs_embeds=torch.cat([embeds, answer], dim=1),
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            logits_to_keep=labels.shape[1] + 1,
            use_cache=False,
        )
        logits = output.logits[:, :-1].float()
        losses: Tensor = functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none"
        ).view_as(labels)
        return losses

    def generate(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        states: Mapping[str, Tensor],
        counts: Mapping[str, Tensor],
        **options: Any,
    ) -> Tensor:
        """Return the tokens of the answers [batch, tokens]; `options` are those of the language model's own `generate`."""
        with torch.no_grad():
            embeds, mask = self.prompt_embeds(input_ids, attention_mask, states, counts)
        tokens: Tensor = self.language_model.generate(inputs_embeds=embeds, attention_mask=mask, **options)
        return tokens


def _attribute(key: str) -> str:
    """Return an encoder's key as torch allows it for the name of a module."""
    return key.replace(".", "_")
