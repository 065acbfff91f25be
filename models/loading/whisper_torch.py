"""A Whisper that transformers runs, behind the interface of CTranslate2, for GPUs on which CTranslate2 does not run.

`faster_whisper.WhisperModel` and the decoding of this app call four methods of `ctranslate2.models.Whisper`. `TorchWhisper` has
them with the same meanings, so that what is written down does not depend on the library. Encoder states lie in main memory
between the calls: 8 MB for a window of the largest model.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.utils import get_logger

from models.arrays import AnyArray, FloatArray
from models.hidden_states import eager_attention

MAX_INITIAL_TIMESTAMP = 50
"""Steps of 20 ms within which the first line must begin: 1 s, as in openai/whisper `decoding.py`."""

FEATURE_RANGE, MIN_FEATURE = 2.0, -1.5
"""Log-mel features of silence: the first below the window's maximum, and at least the second (openai/whisper `audio.py`)."""


@dataclass(frozen=True)
class Generation:
    """What was decoded of one window; the fields are those of `ctranslate2.models.WhisperGenerationResult`."""

    sequences_ids: list[list[int]]
    scores: list[float]
    """Log-probability of the tokens and the end token, divided by the number of tokens without it."""
    no_speech_prob: float


@dataclass(frozen=True)
class Alignment:
    """When each token is said; the fields are those of `ctranslate2.models.WhisperAlignmentResult`."""

    alignments: list[tuple[int, int]]
    """Path of (token, frame of 20 ms)."""
    text_token_probs: list[float]


class TorchWhisper:
    """A `transformers.WhisperForConditionalGeneration` with the methods of `ctranslate2.models.Whisper`.

    Not for several threads at once: computing alignments changes the implementation of the attention.
    """

    num_workers = 1
    device_index = (0,)

    def __init__(self, model: Any) -> None:
        self.n_mels = int(model.config.num_mel_bins)
        self.is_multilingual = bool(model.generation_config.is_multilingual)
        self._model = model
        self._options = model.generation_config

    @property
    def device(self) -> str:
        """'cpu', 'cuda' or 'mps': where the model lies now."""
        return str(self._model.device.type)

    def encode(self, features: Any, to_cpu: bool = False) -> Any:
        """Return the encoder states as StorageView float32 [windows, frames of 20 ms, width] of the log-mel features.

        Args:
            features: StorageView float32 [windows, bands, frames of 10 ms]; shorter ones are padded with silence to 30 s, for
                which the encoder of transformers insists.
            to_cpu: states lie in main memory either way.
        """
        import torch

        mel = np.array(features)
        _, bands, frames = mel.shape
        silence = np.maximum(mel.max(axis=(1, 2), keepdims=True) - FEATURE_RANGE, MIN_FEATURE)
        padded = np.tile(silence, (1, bands, 2 * self._model.config.max_source_positions))
        padded[:, :, :frames] = mel
        with torch.inference_mode():
            states = self._model.get_encoder()(self._tensor(padded)).last_hidden_state
        return _storage(states.float().cpu().numpy())

    def detect_language(self, states: Any) -> list[list[tuple[str, float]]]:
        """Return (language token, probability) of each window, the most probable first."""
        tokens = list(self._options.lang_to_id)
        ids = list(self._options.lang_to_id.values())
        start = self._options.decoder_start_token_id
        probabilities = self._logits([[start]] * len(np.array(states)), states)[:, -1, ids].softmax(-1).tolist()
        return [sorted(zip(tokens, row, strict=True), key=lambda found: -found[1]) for row in probabilities]

    def generate(
        self,
        states: Any,
        prompts: Sequence[Sequence[int]],
        *,
        beam_size: int = 5,
        patience: float = 1.0,
        repetition_penalty: float = 1.0,
        return_scores: bool = False,
        return_no_speech_prob: bool = False,
    ) -> list[Generation]:
        """Return what is decoded of each window; windows whose prompts have the same length are decoded together.

        Args:
            states: StorageView [windows, frames, width].
            prompts: token ids before the text of each window.
            beam_size: 1 for greedy search.
            patience: above 1, the search goes on after `beam_size` texts are complete, until no better one can follow.
            repetition_penalty: above 1, tokens that were written before are less probable.
            return_scores: scores are returned either way.
            return_no_speech_prob: likewise.
        """
        encoded, results = np.array(states), dict[int, Generation]()
        by_length = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        for _, group in itertools.groupby(by_length, key=lambda index: len(prompts[index])):
            rows = list(group)
            same = [list(prompts[row]) for row in rows]
            results |= zip(rows, self._generate(encoded[rows], same, beam_size, patience, repetition_penalty), strict=True)
        return [results[index] for index in range(len(prompts))]

    def align(
        self,
        states: Any,
        start_sequence: Sequence[int],
        text_tokens: Sequence[Sequence[int]],
        num_frames: int | Sequence[int],
        *,
        median_filter_width: int = 7,
    ) -> list[Alignment]:
        """Return when the tokens of each window are said, by the attention of the alignment heads (openai/whisper `timing.py`).

        Args:
            states: StorageView [windows, frames, width].
            start_sequence: tokens before the text, without that for 'no timestamps'.
            text_tokens: of each window.
            num_frames: log-mel frames of each window that are not padding.
            median_filter_width: frames; odd.
        """
        frames = [num_frames] * len(text_tokens) if isinstance(num_frames, int) else list(num_frames)
        encoded = np.array(states)
        return [
            self._align(encoded[index : index + 1], list(start_sequence), list(text), frames[index] // 2, median_filter_width)
            for index, text in enumerate(text_tokens)
        ]

    def _generate(
        self, states: AnyArray, prompts: list[list[int]], beam_size: int, patience: float, repetition_penalty: float
    ) -> Iterator[Generation]:
        import torch
        from transformers.generation.utils import GenerationMixin
        from transformers.modeling_outputs import BaseModelOutput

        length, options = len(prompts[0]), self._generation_options(len(prompts[0]), beam_size, patience)
        with torch.inference_mode():
            # Whisper's own `generate` splits audio into windows itself and hides the scores.
            output = GenerationMixin.generate(
                self._model,
                encoder_outputs=BaseModelOutput(self._tensor(states)),
                decoder_input_ids=torch.tensor(prompts, device=self._model.device),
                generation_config=options,
                logits_processor=_logits_processors(options, length, repetition_penalty),
            )
            steps = self._model.compute_transition_scores(output.sequences, output.scores, output.get("beam_indices"))
            no_speech = self._no_speech_probabilities(prompts, states)
        for row, values, probability in zip(output.sequences.tolist(), steps.tolist(), no_speech, strict=True):
            written = row[length:]
            end = next((at for at, token in enumerate(written) if token == options.eos_token_id), len(written))
            score = sum(values[: end + 1]) / max(1, end)
            yield Generation([written[:end]], [score], probability)

    def _generation_options(self, prompt_length: int, beam_size: int, patience: float) -> Any:
        options = copy.deepcopy(self._options)
        positions = self._model.config.max_target_positions
        options.max_length = min(prompt_length + positions // 2, positions)
        options.max_initial_timestamp_index = MAX_INITIAL_TIMESTAMP
        options.num_beams, options.early_stopping = beam_size, beam_size > 1 and patience <= 1.0
        options.do_sample, options.renormalize_logits = False, True
        options.return_dict_in_generate, options.output_scores = True, True
        return options

    def _no_speech_probabilities(self, prompts: list[list[int]], states: AnyArray) -> list[float]:
        start = prompts[0].index(self._options.decoder_start_token_id)
        logits = self._logits([prompt[: start + 1] for prompt in prompts], states)[:, -1]
        probabilities: list[float] = logits.softmax(-1)[:, self._options.no_timestamps_token_id - 1].tolist()
        return probabilities

    def _align(self, states: AnyArray, start: list[int], text: list[int], frames: int, median_width: int) -> Alignment:
        import torch
        from librosa.sequence import dtw

        if not text:
            return Alignment([], [])
        tokens = [*start, self._options.no_timestamps_token_id, *text, self._options.eos_token_id]
        with torch.inference_mode(), eager_attention(self._model):
            output = self._decode([tokens], states, output_attentions=True)
            heads = [output.cross_attentions[layer][0, head] for layer, head in self._options.alignment_heads]
            weights = torch.stack(heads).float()[:, :, :frames]
            weights = weights / weights.sum(-1, keepdim=True)  # as if the padding had not been there
            deviation, mean = torch.std_mean(weights, dim=-2, keepdim=True, correction=0)
            weights = _median_filter((weights - mean) / deviation, median_width).mean(0)
            first = len(start)  # the row from which the first token of the text is predicted
            logits = self._model.proj_out(output.last_hidden_state[0, first:-2]).float()
            own = logits[:, : self._options.eos_token_id].softmax(-1)[torch.arange(len(text)), text].tolist()
        path = dtw(C=-weights[first:-1].cpu().double().numpy())[1][::-1]
        return Alignment([(int(token), int(frame)) for token, frame in path], own)

    def _logits(self, tokens: list[list[int]], states: Any) -> Any:
        import torch

        with torch.inference_mode():
            return self._model.proj_out(self._decode(tokens, np.array(states)).last_hidden_state).float()

    def _decode(self, tokens: list[list[int]], states: AnyArray, **options: Any) -> Any:
        import torch

        ids = torch.tensor(tokens, device=self._model.device)
        return self._model.get_decoder()(input_ids=ids, encoder_hidden_states=self._tensor(states), use_cache=False, **options)

    def _tensor(self, values: AnyArray) -> Any:
        import torch

        return torch.from_numpy(values).to(self._model.device, self._model.dtype)


class TorchWhisperModel(WhisperModel):  # type: ignore[misc]
    """A `faster_whisper.WhisperModel` whose engine is a `TorchWhisper`."""

    def __init__(self, engine: TorchWhisper, directory: Path) -> None:
        """Set what `WhisperModel.__init__` sets, which would load the model with CTranslate2."""
        from tokenizers import Tokenizer

        self.logger = get_logger()
        self.model = engine
        self.hf_tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.feat_kwargs = {"feature_size": engine.n_mels}
        self.feature_extractor = FeatureExtractor(**self.feat_kwargs)
        self.input_stride = 2
        self.num_samples_per_token = self.feature_extractor.hop_length * self.input_stride
        self.frames_per_second = self.feature_extractor.sampling_rate // self.feature_extractor.hop_length
        self.tokens_per_second = self.feature_extractor.sampling_rate // self.num_samples_per_token
        self.time_precision = 0.02
        self.max_length = 448


def _storage(values: FloatArray) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(values))


def _logits_processors(options: Any, prompt_length: int, repetition_penalty: float) -> list[Any]:
    from transformers import RepetitionPenaltyLogitsProcessor, WhisperTimeStampLogitsProcessor

    rules = [WhisperTimeStampLogitsProcessor(options, begin_index=prompt_length)]
    if repetition_penalty == 1.0:
        return rules
    return [RepetitionPenaltyLogitsProcessor(float(repetition_penalty), prompt_ignore_length=prompt_length), *rules]


def _median_filter(values: Any, width: int) -> Any:
    """Return the running median [..., frames] over `width` frames, mirrored at the ends."""
    from torch.nn import functional

    half = width // 2
    if values.shape[-1] <= half:
        return values
    return functional.pad(values, (half, half), mode="reflect").unfold(-1, width, 1).median(-1).values
