"""The offline encoders whose input is a patch: YAMNet and musicnn.

Patches are independent of each other, so the windows of a long clip follow each other without a crossfade. The last patch is
padded with zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.specs.model_spec import EncoderFacts
from pipelines.embeddings.encoders.base import FrameFamily, Grid
from pipelines.music.tags import musicnn
from pipelines.tagging import yamnet
from pipelines.tagging.shared_yamnet import lend_yamnet

YAMNET_PATCHES = 512
"""Patches under one lease: four minutes. Fewer cost more time: threads wait for each other at every layer."""
MUSICNN_PATCHES = 20
"""Patches under one lease: 32 s."""
PATCH_FRAMES, PATCH_HOP_FRAMES = musicnn.PATCH_FRAMES, musicnn.PATCH_HOP_FRAMES
EARLIER_FRAMES = (PATCH_FRAMES - PATCH_HOP_FRAMES) // 2
"""Where two patches of musicnn overlap, so many frames are those of the earlier one."""
FRAMES, PATCHES = "frames", "patches"


class YamnetEncoder(FrameFamily):
    """One frame of 0.975 s every 0.48 s."""

    description = "YAMNet, trained to name the 521 kinds of sound of AudioSet"
    sample_rate = yamnet.YAMNET_SAMPLE_RATE
    layers = (PATCHES,)
    default_layer = PATCHES
    working_bytes = 450 * 2**20
    lend = staticmethod(lend_yamnet)

    def __init__(self, facts: EncoderFacts) -> None:
        self._width = facts.width

    def grid(self, layer: str) -> Grid:
        """Return the grid of the patches, which is that of the sound tags."""
        return self.grid_of_patches()

    @staticmethod
    def grid_of_patches() -> Grid:
        """Return the grid of 0.975 s every 0.48 s."""
        patch, hop = yamnet.PATCH_SAMPLES, yamnet.PATCH_HOP_SAMPLES
        window = patch + (YAMNET_PATCHES - 1) * hop
        return Grid(hop, patch // 2, window, YAMNET_PATCHES * hop, yamnet.patch_count)

    def width(self, layer: str) -> int:
        """Return 1024."""
        return self._width

    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return [patches, 1024], the input of the classifier."""
        return yamnet.run_yamnet(model, sound, ["embedding"])


class MusicnnEncoder(FrameFamily):
    """One embedding every 1.5 s from before the classifier, or the 62 frames a second of its convolutions."""

    description = "musicnn, trained to tag music"
    sample_rate = musicnn.MUSICNN_SAMPLE_RATE
    layers = (FRAMES, PATCHES)
    default_layer = PATCHES
    working_bytes = 100 * 2**20
    frame_width = 753
    """204 + 204 timbral, 3 · 51 temporal, 3 · 64 of the layers behind them."""

    def __init__(self, facts: EncoderFacts) -> None:
        self._width = facts.width

    def grid(self, layer: str) -> Grid:
        """Return the grid of patches of 3 s every 1.5 s, or of frames of 32 ms every 16 ms."""
        patch, hop = musicnn.PATCH_SAMPLES, musicnn.PATCH_HOP_SAMPLES
        window, window_hop = patch + (MUSICNN_PATCHES - 1) * hop, MUSICNN_PATCHES * hop
        if layer == PATCHES:
            return Grid(hop, patch // 2, window, window_hop, musicnn.patch_count)
        return Grid(musicnn.FRAME_HOP_SAMPLES, musicnn.FFT_SIZE // 2, window, window_hop, _frame_count)

    def width(self, layer: str) -> int:
        """Return 200 for patches, 753 for frames."""
        return self._width if layer == PATCHES else self.frame_width

    def input_gain(self, waveform: FloatArray) -> np.float32:
        """Return the factor to the level of the records that the network was trained on."""
        return musicnn.input_gain(waveform)

    def hidden_states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """Return [patches, 200] and [frames, 753]; a frame is that of the patch whose centre is nearest."""
        outputs = musicnn.run_musicnn(model, sound, ["embedding" if layer == PATCHES else "frames" for layer in layers])
        return [
            output if layer == PATCHES else _without_overlap(output)[: _frame_count(len(sound))]
            for layer, output in zip(layers, outputs, strict=True)
        ]


def _frame_count(samples: int) -> int:
    return 1 + max(0, samples - musicnn.FFT_SIZE) // musicnn.FRAME_HOP_SAMPLES


def _without_overlap(patches: FloatArray) -> FloatArray:
    """Return [frames, 753] from [patches, 187, 753] that overlap."""
    middle_end = EARLIER_FRAMES + PATCH_HOP_FRAMES
    middles = patches[:, EARLIER_FRAMES:middle_end]
    return np.concatenate([patches[0, :EARLIER_FRAMES], *middles, patches[-1, middle_end:]])
