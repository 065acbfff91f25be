"""The network of Kong et al. 2021, "High-resolution piano transcription with pedals by regressing onset and offset times"."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, logsigmoid, relu

from pipelines.notes.piano.spectrogram import MEL_BANDS

KEYS = 88
NOTE_TARGETS = ("onset", "offset", "frame", "velocity")
PEDAL_TARGETS = ("pedal onset", "pedal offset", "pedal frame")
DB_OFFSET, DB_SCALE = 40.0, 30.0
"""The input is (dB + offset) / scale before its normalisation."""


@dataclass(frozen=True)
class NetworkOptions:
    """Sizes."""

    hop_length: int
    """Samples at 16 kHz from frame to frame; 160 as published."""
    channels: tuple[int, ...]
    """Channels of the blocks of two convolutions, each of which halves the bands; (48, 64, 96, 128) as published."""
    features: int
    """Width after the convolutions; 768 as published."""
    units: int
    """Units of each direction of each recurrent layer; 256 as published."""
    conv_dropout: float = 0.2
    dropout: float = 0.5


class PianoNetwork(nn.Module):  # type: ignore[misc]
    """Log-mel frames [batch, frames, 229] in dB to logits for each frame and key.

    The result is (onset, offset, frame, velocity, each [batch, frames, 88]; pedal onset, offset and frame [batch, frames, 3]).
    The onsets are read again beside the velocities, and the frames beside onsets and offsets, by a recurrent layer each.
    """

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        sizes = dict.fromkeys(NOTE_TARGETS, KEYS) | dict.fromkeys(PEDAL_TARGETS, 1)
        self.normalise = nn.BatchNorm1d(MEL_BANDS)
        self.acoustic = nn.ModuleList([AcousticModel(options) for _ in sizes])
        self.heads = nn.ModuleList([nn.Linear(2 * options.units, size) for size in sizes.values()])
        self.onset_again = _Rereading(2 * KEYS, options)
        self.frame_again = _Rereading(3 * KEYS, options)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """See the class."""
        scaled = (mel + DB_OFFSET) / DB_SCALE
        image = self.normalise(scaled.transpose(1, 2)).transpose(1, 2).unsqueeze(1)
        hidden = [model(image) for model in self.acoustic]
        first, offset, held, velocity, *pedal = (head(states) for head, states in zip(self.heads, hidden, strict=True))
        # The root of a probability as half of its logarithm: the gradient of a root is infinite at zero.
        weighted = torch.exp(logsigmoid(first) / 2) * velocity.detach().sigmoid()
        onset = self.onset_again(torch.cat([first.sigmoid(), weighted], 2))
        frame = self.frame_again(torch.cat([held.sigmoid(), onset.detach().sigmoid(), offset.detach().sigmoid()], 2))
        return onset, offset, frame, velocity, torch.cat(pedal, 2)


class AcousticModel(nn.Module):  # type: ignore[misc]
    """Convolutions over time and frequency, then two bidirectional recurrent layers.

    [batch, 1, frames, 229] to [batch, frames, 2 units].
    """

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        widths = (1, *options.channels)
        self.blocks = nn.ModuleList([_Block(*pair, options.conv_dropout) for pair in pairwise(widths)])
        self.project = nn.Linear(options.channels[-1] * (MEL_BANDS >> len(options.channels)), options.features, bias=False)
        self.normalise = nn.BatchNorm1d(options.features)
        self.dropout = nn.Dropout(options.dropout)
        self.recurrent = nn.GRU(
            options.features, options.units, num_layers=2, batch_first=True, bidirectional=True, dropout=options.dropout
        )

    def forward(self, image: Tensor) -> Tensor:
        """See the class."""
        for block in self.blocks:
            image = block(image)
        features = self.project(image.transpose(1, 2).flatten(2))  # [batch, frames, features]
        features = relu(self.normalise(features.transpose(1, 2)).transpose(1, 2))
        states, _ = self.recurrent(self.dropout(features))
        return self.dropout(states)


class _Block(nn.Module):  # type: ignore[misc]
    """Two convolutions of 3 x 3 and a mean over pairs of bands."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
        )  # fmt: skip
        self.dropout = nn.Dropout(dropout)

    def forward(self, image: Tensor) -> Tensor:
        return self.dropout(avg_pool2d(self.layers(image), (1, 2)))


class _Rereading(nn.Module):  # type: ignore[misc]
    """A bidirectional recurrent layer over first estimates [batch, frames, inputs], to logits [batch, frames, 88]."""

    def __init__(self, inputs: int, options: NetworkOptions) -> None:
        super().__init__()
        self.recurrent = nn.GRU(inputs, options.units, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(2 * options.units, KEYS)

    def forward(self, estimates: Tensor) -> Tensor:
        return self.head(self.dropout(self.recurrent(estimates)[0]))


class PianoProbabilities(nn.Module):  # type: ignore[misc]
    """The network as the app runs it: mel [batch, frames, 229] to notes [batch, frames, 4, 88] and pedal [batch, frames, 3]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        *notes, pedal = self.network(mel)
        return torch.stack(notes, 2).sigmoid(), pedal.sigmoid()
