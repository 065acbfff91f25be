"""Windows of several people in one pass of an encoder of transformers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import WhisperConfig, WhisperModel

from models.batching import encoder
from models.batching.batcher import Batcher, SharedModel
from models.batching.encoder import SharedEncoder
from models.hidden_states import hidden_state_selection
from models.loading.loaders import ProcessedModel
from tests.models.fakes import GUARD_SECONDS, Gate, StopFlag, await_event, in_thread

BANDS, FRAMES, WIDTH, PEOPLE = 8, 40, 16, 3


class GatedWhisper:
    """A tiny Whisper whose encoder records the windows of its passes, the first of which waits at a gate."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        sizes = {"d_model": WIDTH, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 32, "vocab_size": 99}
        tokens = {"pad_token_id": 1, "bos_token_id": 1, "eos_token_id": 1, "decoder_start_token_id": 2}
        config = WhisperConfig(
            **sizes, **tokens, num_mel_bins=BANDS, max_source_positions=FRAMES // 2, decoder_layers=1, decoder_attention_heads=2
        )
        self.encoder = WhisperModel(config).eval().get_encoder()
        self.device, self.dtype = self.encoder.device, self.encoder.dtype
        self.windows: list[int] = []
        self.gate = Gate()

    def get_encoder(self) -> GatedWhisper:
        return self

    def __call__(self, features: Any, **options: Any) -> Any:
        self.windows.append(len(features))
        if len(self.windows) == 1:
            self.gate()
        return self.encoder(features, **options)


@pytest.mark.parametrize("wanted", [[1], [0, 2]])
def test_joined_windows_have_the_states_that_each_has_alone(wanted: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encoder.MAX_JOINED_INPUTS, "cpu", PEOPLE)
    whisper, batcher = GatedWhisper(), Batcher()
    selection = hidden_state_selection(wanted)
    windows = [torch.randn(1, BANDS, FRAMES) for _ in range(1 + PEOPLE)]
    with torch.inference_mode():
        alone = [whisper.encoder(window, output_hidden_states=True).hidden_states for window in windows]
    futures = []
    for window in windows:
        flag = StopFlag()
        shared = SharedEncoder(SharedModel(ProcessedModel(whisper, None), batcher, flag))
        futures.append(in_thread(shared.get_encoder(), window, output_hidden_states=selection))
        await_event(whisper.gate.reached)
        await_event(flag.asked)
    whisper.gate.opened.set()
    together = [future.result(GUARD_SECONDS).hidden_states for future in futures]
    assert whisper.windows == [1, PEOPLE]
    for mine, ours in zip(alone, together, strict=True):
        for layer in wanted:
            torch.testing.assert_close(ours[layer], mine[layer])
