"""Type aliases of the NumPy arrays that pass between modules, and what NumPy allows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
AnyArray = NDArray[Any]

MAX_SEED = 2**32 - 1
"""Largest seed that NumPy, scikit-learn and torch all take."""
