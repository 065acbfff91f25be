"""Encoder states of clips, computed once and kept on disk by the content of the clip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from models.errors import InvalidOption
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.embeddings.encoders.base import FrameFamily, JoinedFrames, windows
from pipelines.embeddings.encoders.registry import encoder_of
from training.data.triples import Triple
from training.data.waveforms import read_waveform

HalfArray = NDArray[np.float16]


class FrameEncoder(Protocol):
    """A frozen network that makes frames of a waveform."""

    name: str
    """Name of a folder; another network, layer or version of the weights has another name."""
    sample_rate: int
    """Hz."""
    width: int
    """Width of one frame."""

    def frames(self, waveform: FloatArray) -> FloatArray:
        """Return [frames, width] for float32 [samples], mono at `sample_rate`."""
        ...


class CatalogueEncoder:
    """One layer of an encoder of the catalogue, as the embeddings tab runs it."""

    def __init__(self, key: str, layer: str, runtime: ModelRuntime) -> None:
        """Find the encoder.

        Args:
            key: such as 'whisper-base-encoder' or 'yamnet'.
            layer: one of its layers; '' for the default.
            runtime: lends the model.

        Raises:
            UnknownModel: there is no such encoder.
            InvalidOption: it has no such layer, or its frames are tokens of a text.
        """
        encoder = encoder_of(runtime.catalog, key)
        if not isinstance(encoder.family, FrameFamily):
            raise InvalidOption("encoder", key, "an encoder of frames, not of tokens")
        if layer and layer not in encoder.layers:
            raise InvalidOption("layer", layer, f"one of {', '.join(encoder.layers)}")
        self._spec, self._family, self._runtime = encoder.spec, encoder.family, runtime
        self._layer = layer or encoder.default_layer
        weights = hashlib.blake2b(repr(encoder.spec.source).encode(), digest_size=4).hexdigest()
        self.name = f"{key}-{self._layer}-{weights}".replace(" ", "_")
        self.sample_rate = self._family.sample_rate
        self.width = self._family.width(self._layer)

    def frames(self, waveform: FloatArray) -> FloatArray:
        """Return [frames, width], of all windows of the waveform joined.

        Raises:
            ModelError: the model cannot be had; see `ModelCache.lease`.
        """
        return _frames(self._spec, self._family, self._layer, waveform, self._runtime)


class FeatureFiles:
    """Encoder states on disk, [frames, width] in float16, one file for each content that was encoded."""

    def __init__(self, folder: Path, encoder: FrameEncoder) -> None:
        self.encoder = encoder
        self._folder = folder / encoder.name

    def of_triple(self, triple: Triple) -> HalfArray:
        """Return the states of a triple's clip.

        Raises:
            UnusableClip: its audio cannot be read.
        """
        path = self._path(_clip_hash(triple))
        if not path.exists():
            rate = self.encoder.sample_rate
            _write(path, self.encoder.frames(read_waveform(triple.clip, rate, triple.start, triple.duration)))
        return _read(path)

    def of_waveform(self, waveform: FloatArray) -> HalfArray:
        """Return the states of float32 [samples] at the encoder's rate, such as those of an augmented clip."""
        path = self._path(hashlib.blake2b(np.ascontiguousarray(waveform).tobytes(), digest_size=16).hexdigest())
        if not path.exists():
            _write(path, self.encoder.frames(waveform))
        return _read(path)

    def missing(self, triples: Iterable[Triple]) -> list[Triple]:
        """Return the triples whose clips have not been encoded yet."""
        return [triple for triple in triples if not self._path(_clip_hash(triple)).exists()]

    def _path(self, content: str) -> Path:
        return self._folder / content[:2] / f"{content}.npy"


def _clip_hash(triple: Triple) -> str:
    """Return the hash of the file's bytes and of the part: a file that was changed is encoded again."""
    digest = hashlib.blake2b(f"{triple.start:.6f} {triple.duration:.6f} ".encode(), digest_size=16)
    digest.update(triple.clip.read_bytes())
    return digest.hexdigest()


def _write(path: Path, frames: FloatArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    incoming = path.with_suffix(".incoming")
    with open(incoming, "wb") as stream:
        np.save(stream, frames.astype(np.float16))
    incoming.replace(path)


def _read(path: Path) -> HalfArray:
    frames: HalfArray = np.load(path)
    return frames


def _frames(spec: ModelSpec, family: FrameFamily, layer: str, waveform: FloatArray, runtime: ModelRuntime) -> FloatArray:
    grid = family.grid(layer)
    parts = windows(grid, len(waveform))
    joined = JoinedFrames(grid, parts, family.width(layer))
    sound = family.input_gain(waveform) * waveform
    for part in parts:
        inputs = np.ascontiguousarray(sound[part.start : part.stop])
        if source := family.source:
            inputs = _frames(source.spec, source.family, source.family.default_layer, inputs, runtime)
        with runtime.cache.lease(spec, working_bytes=family.working_bytes) as (model,):
            joined.add(part, family.hidden_states(model, inputs, (layer,))[0])
    return joined.frames
