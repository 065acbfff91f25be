"""Whisper's decoder while it writes: the states of all of its layers for each token, and where in the sound the token listens.

Attention to the sound is the mean over the alignment heads that the model's configuration names: those that follow the sound
(Radford et al. 2022; openai/whisper, `timing.py`). As there, it is taken at the position from which a token is written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from math import ceil
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.loading.loaders import ProcessedModel
from pipelines.interpretability.logit_lens import (
    LogitLens,
    Records,
    put_attention,
    record_dtype,
    shown_attention,
)
from pipelines.interpretability.token_text import token_bytes
from pipelines.language_models.generation import tokenizer_of

SAMPLE_RATE = 16_000
WINDOW_SECONDS = 30.0
FRAME_SAMPLES = 320
"""One state of the encoder for each 20 ms."""
WORKING_BYTES = 300 * 10**6
"""Activations of the encoder for one window, of a model of up to 300 million parameters."""


def write_words(whisper: ProcessedModel, sound: FloatArray, stopped: Callable[[], bool]) -> Generator[Records, None, None]:
    """What is written so far, after each token of a greedy search without time tokens.

    The first token of a multilingual model is the language that it hears, e.g. <|en|>; the token that ends the text is left out.
    A text has at most as many tokens as half of the decoder's positions: 224.

    Args:
        whisper: a WhisperForConditionalGeneration with its processor, and for this long with nobody else.
        sound: float32 [samples] at 16 kHz, at most 30 s.
        stopped: looked at after each token.

    Yields:
        [tokens] of `record_dtype`, with a frame for each 20 ms of `sound`; each is the beginning of the next.
    """
    decoder = _Decoder(whisper, sound)
    written = np.zeros(whisper.model.config.max_target_positions, decoder.dtype)
    with shown_attention(whisper.model):
        for count, record in enumerate(decoder.tokens(), 1):
            written[count - 1] = record
            yield written[:count]
            if stopped():
                return


class _Decoder:
    """One run over one window."""

    def __init__(self, whisper: ProcessedModel, sound: FloatArray) -> None:
        import torch

        model, config = whisper.model, whisper.model.config
        self._decoder = model.get_decoder()
        self._generation = model.generation_config
        self._lens = LogitLens(self._decoder.layer_norm, model.proj_out, token_bytes(tokenizer_of(whisper)))
        self._frames = min(config.max_source_positions, ceil(len(sound) / FRAME_SAMPLES))
        self.dtype = record_dtype(config.decoder_layers + 1, config.d_model, self._frames)
        self._most = config.max_target_positions // 2  # as in openai/whisper, `decoding.py`
        self._vocabulary = config.vocab_size
        self._memory: Any = None
        with torch.inference_mode():
            heard = whisper.processor.feature_extractor(sound, sampling_rate=SAMPLE_RATE, return_tensors="pt")
            features = heard.input_features.to(model.device, model.dtype)
            self._encoded = model.get_encoder()(features).last_hidden_state

    def tokens(self) -> Iterator[Records]:
        """A record for each token."""
        given = self._generation
        silenced = self._mask(given.suppress_tokens, range(given.no_timestamps_token_id + 1, self._vocabulary))
        prompt = [given.decoder_start_token_id]
        if given.is_multilingual:
            language = self._following(prompt, ~self._mask(given.lang_to_id.values()))
            yield language
            prompt = [int(language["id"]), given.task_to_id["transcribe"]]
        prompt.append(given.no_timestamps_token_id)
        record = self._following(prompt, silenced | self._mask(given.begin_suppress_tokens))
        for _ in range(self._most):
            if int(record["id"]) == given.eos_token_id:
                return
            yield record
            record = self._following([int(record["id"])], silenced)

    def _following(self, tokens: list[int], silenced: Any) -> Records:
        """Put tokens in; the record of the one that follows."""
        import torch

        with torch.inference_mode():
            out = self._decoder(
                input_ids=torch.tensor([tokens], device=self._encoded.device),
                encoder_hidden_states=self._encoded,
                past_key_values=self._memory,
                use_cache=True,
                output_hidden_states=True,
                output_attentions=True,
            )
            self._memory = out.past_key_values
            record = self._lens.record(torch.stack([layer[0, -1] for layer in out.hidden_states]), self.dtype, silenced)
            heads = [out.cross_attentions[layer][0, head, -1] for layer, head in self._generation.alignment_heads]
            put_attention(record, torch.stack(heads).float().mean(dim=0)[: self._frames])
        return record

    def _mask(self, *groups: Any) -> Any:
        """Bool [vocabulary]: the tokens of these groups."""
        import torch

        mask = torch.zeros(self._vocabulary, dtype=torch.bool, device=self._encoded.device)
        for group in groups:
            mask[list(group)] = True
        return mask
