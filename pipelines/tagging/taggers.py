"""How each model that names sounds is asked: what it hears at once, how often, and what its classes are."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from models.arrays import FloatArray
from models.specs.model_spec import ModelSpec
from pipelines.tagging import yamnet_features
from pipelines.tagging.audioset import class_tree

AST_FRAME_SAMPLES, AST_FRAME_HOP_SAMPLES, AST_FRAMES = 400, 160, 1024


class SoundModel(Protocol):
    """A kind of model, without its weights."""

    sample_rate: int
    """Hz."""
    patch_samples: int
    """What the model hears at once."""
    hop_samples: int
    """From one patch to the next."""
    block_patches: int
    """Patches for one lease."""
    working_bytes: int
    looks_at_short_sounds: bool
    """Whether the names of a short sound rest on several looks at it."""

    def class_names(self, model: Any) -> tuple[str, ...]:
        """The model's own names of its classes, in the order of its output."""
        ...

    def scores(self, model: Any, sound: FloatArray) -> FloatArray:
        """Scores [patches, classes], 0 to 1, of `sound` [samples], which holds whole patches."""
        ...


class Yamnet:
    """YAMNet as ONNX: 31 s of sound at once."""

    sample_rate = yamnet_features.YAMNET_SAMPLE_RATE
    patch_samples = yamnet_features.PATCH_SAMPLES
    hop_samples = yamnet_features.PATCH_HOP_SAMPLES
    block_patches = 64
    working_bytes = 100 * 2**20
    looks_at_short_sounds = True

    def class_names(self, model: Any) -> tuple[str, ...]:
        """The 521 classes of the AudioSet videos that YAMNet was trained on."""
        return class_tree().names

    def scores(self, model: Any, sound: FloatArray) -> FloatArray:
        """Scores [patches, 521]."""
        (scores,) = model.run(["scores"], {"patches": yamnet_features.log_mel_patches(sound)})
        result: FloatArray = scores
        return result


class AudioSpectrogramTransformer:
    """The transformer of Gong et al. 2021 (arXiv 2104.01778): 10.24 s at once, every 5.12 s."""

    sample_rate = 16_000
    patch_samples = (AST_FRAMES - 1) * AST_FRAME_HOP_SAMPLES + AST_FRAME_SAMPLES
    hop_samples = AST_FRAMES * AST_FRAME_HOP_SAMPLES // 2
    block_patches = 6
    working_bytes = 400 * 2**20
    looks_at_short_sounds = False

    def class_names(self, model: Any) -> tuple[str, ...]:
        """AudioSet's 527 classes, as the checkpoint's configuration has them."""
        names = model.model.config.id2label
        return tuple(names[i] for i in range(len(names)))

    def scores(self, model: Any, sound: FloatArray) -> FloatArray:
        """Scores [patches, 527]; one patch goes through the model at a time."""
        import torch

        begins = range(0, len(sound) - self.patch_samples + 1, self.hop_samples)
        rows = []
        with torch.inference_mode():
            for begin in begins:
                patch = np.array(sound[begin : begin + self.patch_samples], dtype=np.float32)
                inputs = model.processor(patch, sampling_rate=self.sample_rate, return_tensors="pt")
                logits = model.model(inputs["input_values"].to(model.model.device, model.model.dtype)).logits
                rows.append(logits.sigmoid().float().cpu().numpy())
        return np.concatenate(rows)


def sound_model(spec: ModelSpec) -> SoundModel:
    """How the model of this catalogue entry is asked."""
    return AudioSpectrogramTransformer() if spec.loader == "transformers" else Yamnet()
