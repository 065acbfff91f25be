"""Fits the small networks of `pipelines.notes` and writes them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from models.arrays import FloatArray, IntArray

UNITS = 24


def fitted(features: FloatArray, labels: IntArray, decay: float, epochs: int) -> Pipeline:
    """Return a network fitted to features [examples, features] and labels [examples] or [examples, outputs], 0 or 1."""
    network = MLPClassifier((UNITS,), alpha=decay, max_iter=epochs, random_state=0)
    return make_pipeline(StandardScaler(), network).fit(features, labels)


def write_network(model: Pipeline, file: Path) -> None:
    """Write the weights with four decimals."""
    scaler, network = model[0], model[1]
    (hidden, output), (hidden_bias, output_bias) = network.coefs_, network.intercepts_
    arrays = {
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "hidden": hidden,
        "hidden_bias": hidden_bias,
        "output": output,
        "output_bias": output_bias,
    }
    rows = [f' "{name}": {json.dumps(np.round(array, 4).tolist())}' for name, array in arrays.items()]
    file.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
