"""The networks' outputs on disk: a second run over the same clips computes only decisions, and a test needs no networks.

Every array that `music_facts` asks the feature store for is kept in one file per clip, floating point numbers as float16. What
the store has of the decisions themselves is not kept, so that a changed decision is seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np

from models.arrays import AnyArray
from models.cache.feature_store import ArrayT, FeatureKey, FeatureStore

DECISIONS = ("beats of both networks", "repeated paths", "groups of beats")
"""First words of the layers that are decisions."""
KEYS = "keys"
"""Name of the array that lists what the others are: JSON of [clip, model, revision, layer, type of the numbers] each."""


class NotRecorded(Exception):
    """A decision asks for an output that was not recorded: record again, see `benchmarks.accuracy.record_outputs`."""


class StoredFeatures(FeatureStore):
    """A feature store that begins with arrays which were kept, and keeps what is computed beside."""

    def __init__(self, max_bytes: int, kept: dict[FeatureKey, AnyArray], is_complete: bool = False) -> None:
        """Build the store; if `is_complete`, nothing but decisions may be computed."""
        super().__init__(max_bytes)
        self.kept = kept
        self._is_complete = is_complete

    def get_or_compute(self, key: FeatureKey, compute: Callable[[], ArrayT]) -> ArrayT:
        """Return the array of `key`, read-only; `compute` runs only where it was not kept.

        Raises:
            NotRecorded: it would run although the store is complete.
        """
        return super().get_or_compute(key, lambda: self._keep(key, compute))

    def _keep(self, key: FeatureKey, compute: Callable[[], ArrayT]) -> ArrayT:
        if key in self.kept:
            return cast(ArrayT, self.kept[key])
        if key.layer.startswith(DECISIONS):
            return compute()
        if self._is_complete:
            raise NotRecorded(f"{key.model}: {key.layer}")
        self.kept[key] = compute()
        return cast(ArrayT, self.kept[key])


@contextmanager
def kept_features(folder: Path, content_hash: str, max_bytes: int) -> Iterator[StoredFeatures]:
    """Yield the features of a clip that `folder` keeps; what is computed meanwhile is kept there too."""
    file = folder / f"{content_hash}.npz"
    kept = read_arrays(file) if file.exists() else {}
    known = len(kept)
    yield StoredFeatures(max_bytes, kept)
    if len(kept) > known:
        write_arrays(file, kept)


def read_arrays(file: Path) -> dict[FeatureKey, AnyArray]:
    """Return the arrays that `write_arrays` wrote, in their own types."""
    with np.load(file) as arrays:
        rows = json.loads(str(arrays[KEYS]))
        return {FeatureKey(*row[:4]): arrays[str(i)].astype(row[4]) for i, row in enumerate(rows)}


def write_arrays(file: Path, arrays: dict[FeatureKey, AnyArray]) -> None:
    """Write arrays of any clips, floating point numbers as float16."""
    rows = [[*key, str(array.dtype)] for key, array in arrays.items()]
    halves = {str(i): _half(array) for i, array in enumerate(arrays.values())}
    file.parent.mkdir(parents=True, exist_ok=True)
    incoming = file.with_suffix(".incoming")
    with open(incoming, "wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **{KEYS: np.array(json.dumps(rows))}, **halves)
    incoming.rename(file)


def _half(array: AnyArray) -> AnyArray:
    """Return an array of floating point numbers as float16 where their range allows it."""
    is_small = array.dtype.kind == "f" and np.abs(array, dtype=np.float64).max(initial=0.0) < np.finfo(np.float16).max
    return array.astype(np.float16) if is_small else array
