"""States of the encoders for each clip of a data set, computed once and kept beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from pipelines.music.encoder_states import STATE_ENCODERS, lent_states, state_encoder
from training.data.features import CatalogueEncoder, FeatureFiles, FrameEncoder, HalfArray
from training.data.triples import Triple

FOLDER = "states"
"""Beside the triples."""
States = Mapping[str, HalfArray]
"""[frames, width] of each encoder."""
ReadStates = Callable[[Triple], States]


class MissingStates(RuntimeError):
    """States of an encoder that only files have are not there for a clip."""


class OfflineStates:
    """One kind of `pipelines.music.encoder_states`."""

    def __init__(self, key: str, runtime: ModelRuntime) -> None:
        encoder = state_encoder(key)
        weights = hashlib.blake2b(repr([spec.source for spec in encoder.specs]).encode(), digest_size=4).hexdigest()
        self.name = f"{key}-{weights}"
        self.sample_rate, self.width = encoder.sample_rate, encoder.width
        self._key, self._runtime = key, runtime

    def frames(self, waveform: FloatArray) -> FloatArray:
        """Return the states [rows, width] of float32 [samples], mono at `sample_rate`."""
        return lent_states([self._key], lambda sample_rate: waveform, self._runtime)[self._key]


class StoredStates:
    """An encoder that is not part of Audioscope: its states were written by someone's own script."""

    def __init__(self, key: str, width: int) -> None:
        self.name, self.width = key, width
        self.sample_rate = 16_000

    def frames(self, waveform: FloatArray) -> FloatArray:
        """Raise MissingStates."""
        raise MissingStates(f"no file has the states of {self.name} for this clip, and Audioscope cannot compute them")


def frame_encoder(key: str, width: int, runtime: ModelRuntime) -> FrameEncoder:
    """Return the encoder of a config's name: an offline one, one of the catalogue, or one whose states only files have.

    Raises:
        ValueError: its states are not as wide as the config says.
    """
    known = {encoder.key for encoder in STATE_ENCODERS}
    catalogue = {spec.key for spec in runtime.catalog.specs if spec.encoder} | {"whisper-base-encoder"}
    encoder: FrameEncoder
    if key in known:
        encoder = OfflineStates(key, runtime)
    elif key in catalogue:
        encoder = CatalogueEncoder(key, "", runtime)
    else:
        encoder = StoredStates(key, width)
    if encoder.width != width:
        raise ValueError(f"the states of {key} are {encoder.width} wide, not {width}")
    return encoder


class ClipStates:
    """Reads the states of all encoders of a clip; each clip once."""

    def __init__(self, folder: Path, encoders: Mapping[str, FrameEncoder]) -> None:
        self._files = {key: FeatureFiles(folder, encoder) for key, encoder in encoders.items()}
        self._known: dict[tuple[Path, float, float], States] = {}

    def __call__(self, triple: Triple) -> States:
        """Return the states of a triple's clip."""
        place = (triple.clip, triple.start, triple.duration)
        if place not in self._known:
            self._known[place] = {key: files.of_triple(triple) for key, files in self._files.items()}
        return self._known[place]

    def compute(self, triples: Iterable[Triple]) -> None:
        """Compute what no file has yet."""
        for triple in triples:
            self(triple)
