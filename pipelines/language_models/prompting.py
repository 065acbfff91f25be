"""Prompts of audio language models: audio limits, and chat templates with audio and earlier turns.

Instruction-tuned models use the chat template of their checkpoint. The base model of Qwen2-Audio continues a plain prompt,
as in its model card (Chu et al. 2024, arXiv 2407.10759).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.loading.loaders import ProcessedModel
from models.specs.model_spec import ModelSpec
from pipelines.language_models.generation import tokenizer_of

SAMPLE_RATE = 16_000
"""Sampling rate of the audio that the models take, in Hz."""
PLAIN_PROMPT = "<|audio_bos|><|AUDIO|><|audio_eos|>{}"
MAX_TEXT_CHARS = 4000
"""Maximum length of a prompt or question."""


@dataclass(frozen=True)
class AudioLimits:
    """Maximum audio input of a model in one prompt."""

    window_seconds: float
    """Maximum duration of one clip, in seconds; longer ones would be truncated."""
    sounds: int = 1

    @property
    def seconds(self) -> float:
        """Maximum duration of all clips together, in seconds."""
        return self.sounds * self.window_seconds


AUDIO_LIMITS = {
    # 3000 frames of 10 ms; 750 tokens for each sound in a context of 8192.
    "Qwen2AudioForConditionalGeneration": AudioLimits(30.0, sounds=6),
    # 30000 frames, in its feature extractor.
    "Qwen2_5OmniThinkerForConditionalGeneration": AudioLimits(300.0),
    # Its model card advises no more, for the sake of detail.
    "Qwen3OmniMoeThinkerForConditionalGeneration": AudioLimits(30.0),
    # `max_audio_len` of their processors, which cut the sound into windows of 30 s themselves.
    "AudioFlamingo3ForConditionalGeneration": AudioLimits(600.0),
    "MusicFlamingoForConditionalGeneration": AudioLimits(1200.0),
    # The mean of its states over three minutes still says what plays.
    "AudioLanguageModel": AudioLimits(180.0),
}


@dataclass(frozen=True)
class Turn:
    """A question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, eq=False)
class Prompt:
    """Text, sounds and earlier turns of a request to a model."""

    text: str
    """Empty for a model that takes no text."""
    sounds: tuple[FloatArray, ...] = ()
    """Each [samples] at `SAMPLE_RATE`; they stand before the first text of the conversation."""
    history: tuple[Turn, ...] = ()
    """Earlier turns, oldest first."""
    states: Mapping[str, FloatArray] = field(default_factory=dict)
    """[rows, width] of each encoder, in place of the sounds, for a model of our own form; it reads no history."""


def check_text(name: str, text: str) -> str:
    """Return the text without blanks around it; raise InvalidOption if it is empty or too long."""
    text = text.strip()
    if not 1 <= len(text) <= MAX_TEXT_CHARS:
        raise InvalidOption(name, text, f"1 to {MAX_TEXT_CHARS} characters")
    return text


def model_inputs(language_model: ProcessedModel, spec: ModelSpec, prompt: Prompt) -> Any:
    """Return the tensors for `generate`, on the model's device.

    Raises:
        InvalidOption: a text holds what the model reads as a control token.
    """
    _refuse_control_tokens(language_model, prompt)
    processor, model = language_model.processor, language_model.model
    if prompt.states:
        return _inputs_with_states(language_model, prompt)
    if processor is tokenizer_of(language_model):
        text = processor.apply_chat_template(_messages_of_text(prompt), tokenize=False, add_generation_prompt=True)
        return processor(text, return_tensors="pt", add_special_tokens=False).to(model.device)
    if spec.prompt_style == "plain":
        text = PLAIN_PROMPT.format(prompt.text)
    else:
        text = processor.apply_chat_template(_messages_with_sound(prompt), tokenize=False, add_generation_prompt=True)
    sounds = {"audio": list(prompt.sounds), "sampling_rate": SAMPLE_RATE} if prompt.sounds else {}
    return processor(text=[text], return_tensors="pt", **sounds).to(model.device, model.dtype)


def _inputs_with_states(language_model: ProcessedModel, prompt: Prompt) -> dict[str, Any]:
    import torch

    tokenizer, device = language_model.processor, language_model.model.device
    tokens = [tokenizer.bos_token_id, *tokenizer(prompt.text, add_special_tokens=False)["input_ids"]]
    states = {key: torch.from_numpy(rows)[None].to(device) for key, rows in prompt.states.items()}
    return {
        "input_ids": torch.tensor([tokens], device=device),
        "attention_mask": torch.ones(1, len(tokens), dtype=torch.long, device=device),
        "states": states,
        "counts": {key: torch.tensor([rows.shape[1]], device=device) for key, rows in states.items()},
    }


def _messages_of_text(prompt: Prompt) -> list[dict[str, Any]]:
    messages = []
    for turn in prompt.history:
        messages += [{"role": "user", "content": turn.question}, {"role": "assistant", "content": turn.answer}]
    return [*messages, {"role": "user", "content": prompt.text}]


def _messages_with_sound(prompt: Prompt) -> list[dict[str, Any]]:
    """Return messages with contents in parts, as chat templates expect; some read the key 'audio', some the type."""
    messages = [
        {"role": message["role"], "content": [{"type": "text", "text": message["content"]}] if message["content"] else []}
        for message in _messages_of_text(prompt)
    ]
    messages[0]["content"] = [{"type": "audio", "audio": ""} for _ in prompt.sounds] + messages[0]["content"]
    return messages


def _refuse_control_tokens(language_model: ProcessedModel, prompt: Prompt) -> None:
    """Raise InvalidOption for control tokens: they could end the turn or stand for audio that is not there."""
    texts = [prompt.text, *(text for turn in prompt.history for text in (turn.question, turn.answer))]
    for token in tokenizer_of(language_model).get_added_vocab():
        if any(token in text for text in texts):
            raise InvalidOption("prompt", token, "text without control tokens of the model")
