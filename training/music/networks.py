"""The two networks of the music facts: one for beats, one for harmony."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.music.harmony.chord_recognition import KINDS
from pipelines.music.harmony.notation import MODES
from pipelines.music.harmony.note_activations import LOWEST_PITCH, PITCHES
from pipelines.music.rhythm.beat_network import MEL_BANDS, METRES, TEMPO_BINS

BEAT_DILATIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
HARMONY_DILATIONS = (1, 2, 4, 8, 16, 1)
PITCH_CLASSES = 12
OCTAVES = 8
LOWEST_C = 12
"""MIDI pitch at which the first whole octave begins."""


class BeatNetwork(nn.Module):  # type: ignore[misc]
    """A convolutional front end and a temporal convolutional network (after Davies and Böck 2019, Böck and Davies 2020).

    Log-mel frames [batch, frames, 80], 50 a second, to logits for each frame: beats [batch, frames, 2] (beat, downbeat), metre
    [batch, frames, 5] and tempo [batch, frames, 64]; the last two are meant to be averaged over time.
    """

    def __init__(self, front_channels: int = 20, channels: int = 48, dropout: float = 0.1) -> None:
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv2d(1, front_channels, 3, padding=1), nn.BatchNorm2d(front_channels),
            nn.MaxPool2d((1, 4)), nn.ELU(),
            nn.Conv2d(front_channels, front_channels, 3, padding=1), nn.BatchNorm2d(front_channels),
            nn.MaxPool2d((1, 4)), nn.ELU(),
            nn.Conv2d(front_channels, channels, (1, MEL_BANDS // 16)), nn.BatchNorm2d(channels), nn.ELU(),
        )  # fmt: skip
        self.blocks = nn.ModuleList([_DilatedBlock(channels, dilation, dropout) for dilation in BEAT_DILATIONS])
        self.beats = nn.Conv1d(channels, 2, 1)
        self.song = nn.Conv1d(2 * channels, len(METRES) + TEMPO_BINS, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        hidden = self.front(mel.unsqueeze(1)).squeeze(3)  # [batch, channels, frames]
        skipped = torch.zeros_like(hidden)
        for block in self.blocks:
            hidden, skip = block(hidden)
            skipped = skipped + skip
        beats = self.beats(self.dropout(torch.relu(hidden)))
        song = self.song(self.dropout(torch.relu(torch.cat([hidden, skipped], 1))))
        metre, tempo = song[:, : len(METRES)], song[:, len(METRES) :]
        return beats.transpose(1, 2), metre.transpose(1, 2), tempo.transpose(1, 2)


class _DilatedBlock(nn.Module):  # type: ignore[misc]
    """One dilated convolution over time with a residual path."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilated = nn.Conv1d(channels, channels, 5, padding=2 * dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(channels)
        self.mix = nn.Conv1d(channels, channels, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Return (input of the next block, skip connection to the output)."""
        change = self.mix(self.dropout(torch.nn.functional.elu(self.norm(self.dilated(hidden)))))
        return hidden + change, change


class HarmonyNetwork(nn.Module):  # type: ignore[misc]
    """Convolutions over time and around the circle of twelve pitch classes, so that all keys share their weights.

    Pooled notes [batch, frames, 2, 88], eleven frames a second, to logits for each frame: chords [batch, frames, 37] (major,
    minor and dominant seventh on C, then on C sharp and so on; last none) and keys [batch, frames, 24] (C major, C minor, C sharp
    major and so on), which are meant to be averaged over time.
    """

    def __init__(self, channels: int = 24, dropout: float = 0.1) -> None:
        super().__init__()
        inputs = (2 * OCTAVES, *[channels] * (len(HARMONY_DILATIONS) - 1))
        self.blocks = nn.ModuleList(
            [_CircularBlock(size, channels, dilation, dropout) for size, dilation in zip(inputs, HARMONY_DILATIONS, strict=True)]
        )
        self.chord = nn.Conv2d(channels, len(KINDS), 1)
        self.none = nn.Conv1d(2 * channels, 1, 1)
        self.key = nn.Conv2d(channels, len(MODES), (1, PITCH_CLASSES))

    def forward(self, notes: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        batch, frames = notes.shape[:2]
        octaves = nn.functional.pad(
            torch.sqrt(notes), (LOWEST_PITCH - LOWEST_C, LOWEST_C + OCTAVES * 12 - LOWEST_PITCH - PITCHES)
        )
        hidden = octaves.reshape(batch, frames, 2 * OCTAVES, PITCH_CLASSES).transpose(1, 2)  # [batch, 16, frames, 12]
        for block in self.blocks:
            hidden = block(hidden)
        kinds = self.chord(hidden).permute(0, 2, 3, 1).reshape(batch, frames, PITCH_CLASSES * len(KINDS))
        none = self.none(torch.cat([hidden.mean(3), hidden.amax(3)], 1)).transpose(1, 2)  # [batch, frames, 1]
        keys = self.key(_wrapped(hidden)).permute(0, 2, 3, 1).reshape(batch, frames, PITCH_CLASSES * len(MODES))
        return torch.cat([kinds, none], 2), keys


class _CircularBlock(nn.Module):  # type: ignore[misc]
    """One convolution over three frames and all twelve intervals."""

    def __init__(self, inputs: int, outputs: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (3, PITCH_CLASSES), padding=(dilation, 0), dilation=(dilation, 1))
        self.norm = nn.BatchNorm2d(outputs)
        self.dropout = nn.Dropout2d(dropout)
        self.is_residual = inputs == outputs

    def forward(self, hidden: Tensor) -> Tensor:
        """Map [batch, inputs, frames, 12] to [batch, outputs, frames, 12]."""
        change: Tensor = self.dropout(nn.functional.elu(self.norm(self.conv(_wrapped(hidden)))))
        return hidden + change if self.is_residual else change


def _wrapped(hidden: Tensor) -> Tensor:
    """Pad [..., 12] circularly to [..., 23]: a kernel of twelve then covers every pitch class from each."""
    return torch.cat([hidden, hidden[..., :-1]], dim=-1)
