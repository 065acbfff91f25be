"""Token traces of Whisper's decoder: the states of all of its layers for each token, and its attention to the audio.

Attention is the mean over the alignment heads that the model's configuration names: those that follow the audio
(Radford et al. 2022; openai/whisper, `timing.py`). As there, it is taken at the position from which a token is predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from math import ceil
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.hidden_states import eager_attention
from models.loading.loaders import ProcessedModel
from pipelines.interpretability.logit_lens import (
    LogitLens,
    TokenRecords,
    record_dtype,
    set_attention,
)
from pipelines.interpretability.token_text import token_bytes
from pipelines.language_models.generation import tokenizer_of

SAMPLE_RATE = 16_000
"""Hz."""
WINDOW_SECONDS = 30.0
"""Duration of Whisper's window, in seconds."""
FRAME_SAMPLES = 320
"""Samples per encoder state (20 ms)."""
WORKING_BYTES = 300 * 10**6
"""Activations of the encoder for one window, of a model of up to 300 million parameters, in bytes."""


def trace_transcript(
    whisper: ProcessedModel, audio: FloatArray, should_stop: Callable[[], bool]
) -> Generator[TokenRecords, None, None]:
    """Transcribe `audio` greedily, without timestamps, and yield the records of the tokens so far.

    The first token of a multilingual model is its language, e.g. <|en|>; the end token is left out. A text has at most as many
    tokens as half of the decoder's positions: 224.

    Args:
        whisper: a WhisperForConditionalGeneration with its processor, leased by the caller.
        audio: float32 [samples] at 16 kHz, at most 30 s.
        should_stop: polled after each token.

    Yields:
        [tokens] of `record_dtype`, with a frame for each 20 ms of `audio`; each array extends the one before.
    """
    decoder = _TracedDecoder(whisper, audio)
    records = np.zeros(whisper.model.config.max_target_positions, decoder.dtype)
    with eager_attention(whisper.model):
        for count, record in enumerate(decoder.tokens(), 1):
            records[count - 1] = record
            yield records[:count]
            if should_stop():
                return


class _TracedDecoder:
    """Greedy decoding of one window."""

    def __init__(self, whisper: ProcessedModel, audio: FloatArray) -> None:
        import torch

        model, config = whisper.model, whisper.model.config
        self._decoder = model.get_decoder()
        self._generation = model.generation_config
        self._lens = LogitLens(self._decoder.layer_norm, model.proj_out, token_bytes(tokenizer_of(whisper)))
        self._frames = min(config.max_source_positions, ceil(len(audio) / FRAME_SAMPLES))
        self.dtype = record_dtype(config.decoder_layers + 1, config.d_model, self._frames)
        self._max_tokens = config.max_target_positions // 2  # as in openai/whisper, `decoding.py`
        self._vocabulary = config.vocab_size
        self._past: Any = None
        with torch.inference_mode():
            inputs = whisper.processor.feature_extractor(audio, sampling_rate=SAMPLE_RATE, return_tensors="pt")
            features = inputs.input_features.to(model.device, model.dtype)
            self._encoded = model.get_encoder()(features).last_hidden_state

    def tokens(self) -> Iterator[TokenRecords]:
        """Yield a record [] for each token."""
        config = self._generation
        suppressed = self._mask(config.suppress_tokens, range(config.no_timestamps_token_id + 1, self._vocabulary))
        prompt = [config.decoder_start_token_id]
        if config.is_multilingual:
            language = self._next_token(prompt, ~self._mask(config.lang_to_id.values()))
            yield language
            prompt = [int(language["id"]), config.task_to_id["transcribe"]]
        prompt.append(config.no_timestamps_token_id)
        record = self._next_token(prompt, suppressed | self._mask(config.begin_suppress_tokens))
        for _ in range(self._max_tokens):
            if int(record["id"]) == config.eos_token_id:
                return
            yield record
            record = self._next_token([int(record["id"])], suppressed)

    def _next_token(self, tokens: list[int], suppressed: Any) -> TokenRecords:
        """Feed `tokens` and return the record [] of the token that follows; `suppressed` is bool [vocabulary]."""
        import torch

        with torch.inference_mode():
            output = self._decoder(
                input_ids=torch.tensor([tokens], device=self._encoded.device),
                encoder_hidden_states=self._encoded,
                past_key_values=self._past,
                use_cache=True,
                output_hidden_states=True,
                output_attentions=True,
            )
            self._past = output.past_key_values
            states = torch.stack([layer[0, -1] for layer in output.hidden_states])
            record = self._lens.read_token(states, self.dtype, suppressed)
            heads = [output.cross_attentions[layer][0, head, -1] for layer, head in self._generation.alignment_heads]
            set_attention(record, torch.stack(heads).float().mean(dim=0)[: self._frames])
        return record

    def _mask(self, *groups: Any) -> Any:
        """Return a bool mask [vocabulary], true for the token ids in `groups`."""
        import torch

        mask = torch.zeros(self._vocabulary, dtype=torch.bool, device=self._encoded.device)
        for group in groups:
            mask[list(group)] = True
        return mask
