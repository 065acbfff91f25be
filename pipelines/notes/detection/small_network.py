"""Networks with one hidden layer of rectified units, whose weights lie in JSON files beside the modules that use them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from models.arrays import FloatArray


@dataclass(frozen=True)
class SmallNetwork:
    """Weights of a network."""

    mean: FloatArray
    """[features], subtracted from the features."""
    scale: FloatArray
    """[features], by which they are divided then."""
    hidden: FloatArray
    """[features, units]."""
    hidden_bias: FloatArray
    """[units]."""
    output: FloatArray
    """[units, outputs]."""
    output_bias: FloatArray
    """[outputs]."""

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Return the probability of each output [examples, outputs] for features [examples, features]."""
        units = np.maximum((features - self.mean) / self.scale @ self.hidden + self.hidden_bias, 0)
        found: FloatArray = (1 / (1 + np.exp(-(units @ self.output + self.output_bias)))).astype(np.float32)
        return found


@cache
def small_network(file: Path) -> SmallNetwork:
    """Return the network of a file."""
    values = json.loads(file.read_text(encoding="utf-8"))
    return SmallNetwork(**{name: np.asarray(value, dtype=np.float32) for name, value in values.items()})
