"""Text and audio inputs for Qwen3-Omni; its own processor needs torchvision for videos, which are not used here."""

from __future__ import annotations

from typing import Any

from transformers import Qwen2AudioProcessor

CHUNK_FRAMES, CHUNK_TOKENS = 100, 13
"""The audio encoder takes 1 s at a time, in frames of 10 ms."""


class Qwen3OmniSoundProcessor(Qwen2AudioProcessor):  # type: ignore[misc]
    """Qwen2-Audio's processor with the features and the numbers of tokens of `transformers.Qwen3OmniMoeProcessor`."""

    def _process_audio(self, audio: Any, **kwargs: Any) -> tuple[Any, list[str]]:
        features = self.feature_extractor(audio, **kwargs | {"padding": True, "truncation": False, "return_attention_mask": True})
        features["feature_attention_mask"] = features.pop("attention_mask")
        frames = features["feature_attention_mask"].sum(-1).tolist()
        features["num_audio_tokens"] = [audio_token_count(count) for count in frames]
        return features, [self.replace_audio_token(features, audio_idx=index) for index in range(len(frames))]


def audio_token_count(frames: int) -> int:
    """Return the number of tokens for `frames`: three convolutions of stride 2 over each chunk."""
    chunks, rest = divmod(frames, CHUNK_FRAMES)
    for _ in range(3):
        rest = (rest - 1) // 2 + 1
    return chunks * CHUNK_TOKENS + rest
