"""A piano network whose weights all keys share: it needs far less music than the published one.

After Wei et al. 2022, "HPPNet: Modeling the Harmonic Structure and Pitch Invariance in Piano Transcription", on the mel bands and
with the targets of Kong et al. 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import librosa
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from models.arrays import FloatArray
from pipelines.notes.notes import LOWEST_PITCH
from pipelines.notes.piano.spectrogram import MEL_BANDS, MEL_BANK
from training.piano.network import DB_OFFSET, DB_SCALE, KEYS, NOTE_TARGETS, PEDAL_TARGETS

HARMONICS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0, 16.0)
"""Multiples of a key's frequency that are read; the fractions tell a note from its octave and its fifth."""
INHARMONICITY = 4e-4
"""Stiffness of a middle string: partial h is sharp by the root of 1 + h² times this."""
RELATIVES = (-36, -31, -28, -24, -19, -12, 0, 12, 19, 24, 28, 31, 36)
"""Semitones from a key to those that share partials with it."""
SHARED_CHANNELS = 8
"""What a key tells its relatives."""


@dataclass(frozen=True)
class KeyNetworkOptions:
    """Sizes."""

    hop_length: int
    """Samples at 16 kHz from frame to frame."""
    key_channels: int
    """Channels of each key, in all convolutions."""
    key_units: int
    """Units of each direction of the recurrent layer of each key."""
    dropout: float = 0.1


class KeyNetwork(nn.Module):  # type: ignore[misc]
    """Log-mel frames [batch, frames, 229] in dB to the logits of `PianoNetwork`."""

    def __init__(self, options: KeyNetworkOptions) -> None:
        super().__init__()
        width, units = options.key_channels, options.key_units
        self.register_buffer("harmonics", torch.from_numpy(harmonic_weights()), persistent=False)
        self.normalise = nn.BatchNorm2d(len(HARMONICS))
        self.first = _convolution(len(HARMONICS), width)
        self.register = nn.Parameter(torch.zeros(width, 1, KEYS))
        self.second = _convolution(width, width)
        self.share = nn.Conv2d(width, SHARED_CHANNELS, 1)
        self.relate = nn.Sequential(
            nn.Conv2d(width + SHARED_CHANNELS * len(RELATIVES), width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.third = _convolution(width, width)
        self.dropout = nn.Dropout(options.dropout)
        self.recurrent = nn.GRU(width, units, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * units + width, len(NOTE_TARGETS))
        self.pedal_recurrent = nn.GRU(2 * width, 2 * units, batch_first=True, bidirectional=True)
        self.pedal_head = nn.Linear(4 * units, len(PEDAL_TARGETS))

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """See the class."""
        scaled = (mel + DB_OFFSET) / DB_SCALE
        partials = (scaled @ self.harmonics).unflatten(2, (len(HARMONICS), KEYS)).transpose(1, 2)
        image = self.second(self.first(self.normalise(partials)) + self.register)  # [batch, width, frames, 88]
        image = self.third(self.relate(torch.cat([image, self._relatives(image)], 1)))
        by_key = self.dropout(image.permute(0, 3, 2, 1).flatten(0, 1))  # [batch · 88, frames, width]
        states, _ = self.recurrent(by_key)
        notes = self.head(torch.cat([states, by_key], 2)).unflatten(0, (-1, KEYS))  # [batch, 88, frames, 4]
        pooled = torch.cat([image.mean(3), image.amax(3)], 1).transpose(1, 2)  # [batch, frames, 2 width]
        pedal = self.pedal_head(self.pedal_recurrent(pooled)[0])
        onset, offset, frame, velocity = notes.permute(3, 0, 2, 1).unbind(0)
        return onset, offset, frame, velocity, pedal

    def _relatives(self, image: Tensor) -> Tensor:
        """Return what the relatives of each key tell it, [batch, channels, frames, 88]."""
        margin = max(RELATIVES)
        padded = pad(self.share(image), (margin, margin))
        return torch.cat([padded[..., margin + steps : margin + steps + KEYS] for steps in RELATIVES], 1)


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    """3 frames by 3 keys."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def harmonic_weights() -> FloatArray:
    """Return the weights [229, harmonics · 88] that interpolate the bands at the partials of each key; 0 above the bands."""
    pitches = LOWEST_PITCH + np.arange(KEYS)
    multiples = np.array(HARMONICS)[:, np.newaxis]
    hertz = librosa.midi_to_hz(pitches) * multiples * np.sqrt(1 + INHARMONICITY * multiples**2)
    centres = librosa.mel_frequencies(MEL_BANDS + 2, fmin=MEL_BANK.fmin, fmax=MEL_BANK.fmax)[1:-1]
    places = np.interp(hertz, centres, np.arange(MEL_BANDS)).ravel()
    weights = np.maximum(0, 1 - np.abs(np.arange(MEL_BANDS)[:, np.newaxis] - places))
    weights[:, hertz.ravel() > centres[-1]] = 0
    result: FloatArray = weights.astype(np.float32)
    return result
