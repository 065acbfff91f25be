"""The offline models that hear patch by patch: YAMNet, one state for each of its patches, and musicnn (Pons and Serra 2019).

Every patch is heard by itself, so windows of a long clip follow each other without a seam. The last patch is filled up with
silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.specs.model_spec import EncoderFacts
from pipelines.embeddings.encoders.base import FrameFamily, Grid
from pipelines.music import musicnn_features
from pipelines.music.music_tagging import listening_gain
from pipelines.tagging import yamnet_features

YAMNET_PATCHES = 512
"""For one lease: four minutes. Fewer cost more time: threads wait for each other at every layer."""
MUSICNN_PATCHES = 20
"""For one lease: 32 s."""
PATCH_FRAMES, PATCH_HOP_FRAMES = musicnn_features.PATCH_FRAMES, musicnn_features.PATCH_HOP_FRAMES
EARLIER_FRAMES = (PATCH_FRAMES - PATCH_HOP_FRAMES) // 2
"""Of what two patches of musicnn hear, this much is kept of the earlier one."""
FRAMES, PATCHES = "frames", "patches"


class Yamnet(FrameFamily):
    """Two frames a second, each of 0.98 s."""

    what = "YAMNet, trained to name the 521 kinds of sound of AudioSet"
    sample_rate = yamnet_features.YAMNET_SAMPLE_RATE
    layers = (PATCHES,)
    default_layer = PATCHES
    working_bytes = 450 * 2**20

    def __init__(self, facts: EncoderFacts) -> None:
        self._width = facts.width

    def grid(self, layer: str) -> Grid:
        """The patches that are tagged, too."""
        return self.grid_of_patches()

    @staticmethod
    def grid_of_patches() -> Grid:
        """0.98 s every 0.48 s."""
        patch, hop = yamnet_features.PATCH_SAMPLES, yamnet_features.PATCH_HOP_SAMPLES
        window = patch + (YAMNET_PATCHES - 1) * hop
        return Grid(hop, patch // 2, window, YAMNET_PATCHES * hop, yamnet_features.patch_count)

    def width(self, layer: str) -> int:
        """1024."""
        return self._width

    def states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """[patches, 1024]: what the scores are made of."""
        patch, hop = yamnet_features.PATCH_SAMPLES, yamnet_features.PATCH_HOP_SAMPLES
        whole = patch + (yamnet_features.patch_count(len(sound)) - 1) * hop
        patches = yamnet_features.log_mel_patches(np.pad(sound, (0, whole - len(sound))))
        (embedding,) = model.run(["embedding"], {"patches": patches})
        return [embedding]


class Musicnn(FrameFamily):
    """One state every 1.5 s before the tags are named, or 62 frames a second of what its filters found."""

    what = "musicnn, trained to tag music"
    sample_rate = musicnn_features.MUSICNN_SAMPLE_RATE
    layers = (FRAMES, PATCHES)
    default_layer = PATCHES
    working_bytes = 100 * 2**20
    frame_features = 753
    """204 + 204 timbral, 3 · 51 temporal, 3 · 64 of the layers behind them."""

    def __init__(self, facts: EncoderFacts) -> None:
        self._width = facts.width

    def grid(self, layer: str) -> Grid:
        """Patches of 3 s every 1.5 s, or their frames of 32 ms every 16 ms."""
        patch, hop = musicnn_features.PATCH_SAMPLES, musicnn_features.PATCH_HOP_SAMPLES
        window, window_hop = patch + (MUSICNN_PATCHES - 1) * hop, MUSICNN_PATCHES * hop
        if layer == PATCHES:
            return Grid(hop, patch // 2, window, window_hop, musicnn_features.patch_count)
        frame = musicnn_features.FRAME_HOP_SAMPLES
        return Grid(frame, musicnn_features.FFT_SIZE // 2, window, window_hop, _musicnn_frames)

    def width(self, layer: str) -> int:
        """200, or 753."""
        return self._width if layer == PATCHES else self.frame_features

    def gain(self, waveform: FloatArray) -> np.float32:
        """At the loudness of the records that it was trained on, however softly the clip was recorded."""
        return listening_gain(waveform)

    def states(self, model: Any, sound: FloatArray, layers: tuple[str, ...]) -> list[FloatArray]:
        """[patches, 200] and [frames, 753], the latter from the patch whose middle is nearest."""
        count, hop = musicnn_features.patch_count(len(sound)), musicnn_features.PATCH_HOP_SAMPLES
        whole = musicnn_features.PATCH_SAMPLES + (count - 1) * hop
        patches = musicnn_features.log_mel_patches(np.pad(sound, (0, whole - len(sound))))
        outputs = ["embedding" if layer == PATCHES else "frames" for layer in layers]
        # One at a time is as fast as several, and the same numbers whatever stands beside it.
        each = [model.run(outputs, {"patches": patches[at : at + 1]}) for at in range(count)]
        whole_outputs = [np.concatenate(parts) for parts in zip(*each, strict=True)]
        return [
            found if layer == PATCHES else _middles(found)[: _musicnn_frames(len(sound))]
            for layer, found in zip(layers, whole_outputs, strict=True)
        ]


def _musicnn_frames(samples: int) -> int:
    return 1 + max(0, samples - musicnn_features.FFT_SIZE) // musicnn_features.FRAME_HOP_SAMPLES


def _middles(patches: FloatArray) -> FloatArray:
    """[frames, 753] from [patches, 187, 753] that overlap."""
    middle_end = EARLIER_FRAMES + PATCH_HOP_FRAMES
    middles = patches[:, EARLIER_FRAMES:middle_end]
    return np.concatenate([patches[0, :EARLIER_FRAMES], *middles, patches[-1, middle_end:]])
