"""The kinds of sound taggers: length and distance of their patches, their classes, and how their scores are computed."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from models.arrays import FloatArray
from models.batching.batcher import Lend
from models.specs.model_spec import ModelSpec
from pipelines.tagging import audio_spectrogram_transformer as ast
from pipelines.tagging import yamnet
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.shared_yamnet import lend_yamnet


class SoundTagger(Protocol):
    """A kind of network, without its weights."""

    sample_rate: int
    """Hz."""
    patch_samples: int
    """Length of one input."""
    hop_samples: int
    """From one patch to the next."""
    block_patches: int
    """Patches that are computed under one lease."""
    working_bytes: int
    """Memory for one block, beside the weights."""
    lend: Lend | None
    """How several people use the model at once; see `FrameFamily.lend`."""
    has_test_time_augmentation: bool
    """Whether the tags of a short sound are the median over augmented copies of it."""

    def class_names(self, model: Any) -> tuple[str, ...]:
        """Return the names of the classes in the order of the output."""
        ...

    def scores(self, model: Any, sound: FloatArray) -> FloatArray:
        """Return scores [patches, classes], 0 to 1, of `sound` [samples], which holds whole patches."""
        ...


class YamnetTagger:
    """YAMNet as ONNX: 31 s of sound in one block."""

    sample_rate = yamnet.YAMNET_SAMPLE_RATE
    patch_samples = yamnet.PATCH_SAMPLES
    hop_samples = yamnet.PATCH_HOP_SAMPLES
    block_patches = 64
    working_bytes = 100 * 2**20
    lend: Lend | None = staticmethod(lend_yamnet)
    has_test_time_augmentation = True

    def class_names(self, model: Any) -> tuple[str, ...]:
        """Return the 521 classes of AudioSet that YAMNet was trained on."""
        return class_tree().names

    def scores(self, model: Any, sound: FloatArray) -> FloatArray:
        """Return scores [patches, 521]."""
        (scores,) = yamnet.run_yamnet(model, sound, ["scores"])
        return scores


class AstTagger:
    """The audio spectrogram transformer: 10.24 s in one patch, every 5.12 s."""

    sample_rate = ast.AST_SAMPLE_RATE
    patch_samples = ast.AST_INPUT_SAMPLES
    hop_samples = ast.AST_INPUT_FRAMES * ast.AST_FRAME_HOP_SAMPLES // 2
    block_patches = 6
    working_bytes = 400 * 2**20
    lend: Lend | None = None
    has_test_time_augmentation = False

    def class_names(self, model: Any) -> tuple[str, ...]:
        """Return AudioSet's 527 classes."""
        return ast.ast_class_names(model)

    def scores(self, model: Any, sound: FloatArray) -> FloatArray:
        """Return scores [patches, 527]; one patch goes through the model at a time."""
        begins = range(0, len(sound) - self.patch_samples + 1, self.hop_samples)
        return np.stack([ast.ast_scores(model, sound[begin : begin + self.patch_samples]) for begin in begins])


def sound_tagger(spec: ModelSpec) -> SoundTagger:
    """Return the tagger of a catalogue entry."""
    return AstTagger() if spec.loader == "transformers" else YamnetTagger()
