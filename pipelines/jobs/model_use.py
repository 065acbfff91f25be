"""The fields that every result of a model shares: model, licence, dtype, device and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from models.specs.model_spec import Device, ModelSpec
from pipelines.jobs.result import Result


@dataclass(frozen=True, kw_only=True)
class ModelUse(Result):
    """Base of all results that models make. A result that comes in steps has these fields at every step."""

    model: str = ""
    """Title of the model; of several, their titles in the order of use, joined by ', '."""
    model_reason: str = ""
    """One sentence: why this model was chosen."""
    licence: str = ""
    """Licence of the weights; of several models, each licence once, joined by ', '."""
    dtype: str = ""
    """Number format of the weights, or their quantisation, e.g. 'int8', '4 bit'."""
    device: str = ""
    """'CPU', 'CUDA' or 'MPS'; 'CUDA, CPU' for models on both."""
    state: str = "loading"
    """Progress of the job. Every result names its own states with a Literal; the last is 'done' or 'stopped'."""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""
    from_store: bool = False
    """Whether the result was computed earlier; `elapsed` is then the time of that run."""


class ModelFields(TypedDict):
    """Keyword arguments of `ModelUse` that are known before a model runs."""

    model: str
    model_reason: str
    licence: str
    dtype: str
    device: str


def model_fields(specs: Sequence[ModelSpec], device: Device, reason: str = "") -> ModelFields:
    """Return the fields of `ModelUse` for a job that runs `specs` where models run on `device`; dtype is that of the first."""
    return ModelFields(
        model=", ".join(spec.title for spec in specs),
        model_reason=reason,
        licence=", ".join(dict.fromkeys(spec.licence for spec in specs)),
        dtype=specs[0].quantization or specs[0].dtype(device),
        device=", ".join(dict.fromkeys(spec.place(device).upper() for spec in specs)),
    )
