"""An onnxruntime session that several people have at once: the rows that each of them brings are computed in one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.arrays import AnyArray
from models.batching.batcher import BatchCall, SharedModel


class SharedSession:
    """The `run` of an `onnxruntime.InferenceSession` whose inputs and outputs all have independent rows as first dimension."""

    def __init__(self, shared: SharedModel, max_rows: int) -> None:
        """Take part in the batches of `shared`, which have `max_rows` rows, or those of one call if it has more."""
        self._shared = shared
        self._max_rows = max_rows

    def run(self, outputs: Sequence[str], inputs: Mapping[str, AnyArray]) -> list[AnyArray]:
        """Return the arrays named in `outputs`."""
        key = *outputs, *((name, array.shape[1:], array.dtype.str) for name, array in inputs.items())

        def compute(items: Sequence[Mapping[str, AnyArray]]) -> list[list[AnyArray]]:
            joined = {name: np.concatenate([item[name] for item in items]) for name in inputs} if len(items) > 1 else items[0]
            found = self._shared.model.run(list(outputs), dict(joined))
            ends = np.cumsum([_rows(item) for item in items])[:-1]
            return [list(parts) for parts in zip(*(np.split(array, ends) for array in found), strict=True)]

        return self._shared.run(BatchCall(key, compute, self._max_rows), inputs, _rows(inputs))


def _rows(inputs: Mapping[str, AnyArray]) -> int:
    return len(next(iter(inputs.values())))
