"""The loss of a step's windows, with the encoder's states from disk where the encoder is frozen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from models.arrays import FloatArray
from training.data.features import FeatureFiles
from training.data.triples import Triple
from training.loop.batches import Loss, Shard
from training.whisper.model import Base, is_encoder_frozen
from training.whisper.options import WhisperOptions
from training.whisper.windows import IGNORED, SAMPLE_RATE, Labels, Window, window_at

VALIDATION_BATCH = 4


class WindowEncoder:
    """The encoder of a base, on windows padded to 30 s as Whisper takes them."""

    sample_rate = SAMPLE_RATE

    def __init__(self, base: Base) -> None:
        self.name = f"{base.name}-windows"
        self.width = int(base.model.config.d_model)
        self._base = base

    def frames(self, waveform: FloatArray) -> FloatArray:
        """Return [1500, width] for float32 [samples] at 16 kHz."""
        with torch.inference_mode(), torch.autocast(self._base.model.device.type, enabled=False):
            states = self._base.model.get_encoder()(log_mel([waveform], self._base).to(self._base.model.device))
        frames: FloatArray = states.last_hidden_state[0].float().cpu().numpy()
        return frames


class WindowLosses:
    """Cross entropies of windows of recordings."""

    def __init__(self, base: Base, options: WhisperOptions, folder: Path, device: torch.device) -> None:
        """Prepare tokens and, where the encoder is frozen, the files of its states.

        Args:
            base: what is trained.
            options: of the training.
            folder: keeps the encoder's states.
            device: where the model lies.
        """
        self._base, self._options, self._device = base, options, device
        self._labels = Labels(base.processor.tokenizer, base.model.generation_config, options.language)
        self._states = FeatureFiles(folder, WindowEncoder(base)) if is_encoder_frozen(options) else None

    def at(self, model: nn.Module, triples: Sequence[Triple], step: int, shard: Shard) -> Loss:
        """Return the loss of a shard of a step's windows."""
        options = self._options
        first = step * options.loop.batch_size
        numbers = [number % options.windows.distinct for number in range(first, first + options.loop.batch_size)]
        windows = [window_at(number, triples, options.windows, options.loop.seed) for number in shard.take(numbers)]
        return self.of(model, windows)

    def of(self, model: nn.Module, windows: Sequence[Window]) -> Loss:
        """Return the summed loss of the windows' tokens."""
        pairs = [self._labels.of_window(window) for window in windows]
        inputs, labels = (self._padded(column, fill) for column, fill in zip(zip(*pairs, strict=True), (0, IGNORED), strict=True))
        logits = model(decoder_input_ids=inputs, **self._sound(windows)).logits
        total = cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum")
        return Loss(total, int((labels != IGNORED).sum()))

    def validation(self, model: nn.Module, triples: Sequence[Triple]) -> float:
        """Return the mean loss of a token of recordings without augmentation, packed into windows."""
        plain = replace(self._options.windows, max_gain=0.0, max_speed_change=0.0, single_fraction=0.0, timestamp_fraction=1.0)
        count = math.ceil(len(triples) / plain.recordings)
        total, weight = 0.0, 0.0
        for first in range(0, count, VALIDATION_BATCH):
            numbers = range(first, min(first + VALIDATION_BATCH, count))
            loss = self.of(model, [window_at(number, triples, plain, seed=0) for number in numbers])
            total, weight = total + loss.total.item(), weight + loss.weight
        return total / weight

    def _sound(self, windows: Sequence[Window]) -> dict[str, Any]:
        """Return the sound of windows as the model takes it: encoder states [n, 1500, width], or log-mel [n, bands, 3000]."""
        if self._states is None:
            return {"input_features": log_mel([window.waveform for window in windows], self._base).to(self._device)}
        states = np.stack([self._states.of_waveform(window.waveform) for window in windows])
        return {"encoder_outputs": (torch.from_numpy(states).float().to(self._device),)}

    def _padded(self, rows: Sequence[list[int]], fill: int) -> Tensor:
        tensors = [torch.tensor(row) for row in rows]
        return pad_sequence(tensors, batch_first=True, padding_value=fill).to(self._device)


def log_mel(waveforms: Sequence[FloatArray], base: Base) -> Tensor:
    """Return the log-mel features [n, bands, 3000] of waveforms [samples] at 16 kHz."""
    with torch.autocast("cpu", enabled=False):  # the extractor's own transform knows no bfloat16
        extracted = base.processor.feature_extractor(list(waveforms), sampling_rate=SAMPLE_RATE, return_tensors="pt")
    features: Tensor = extracted.input_features
    return features
