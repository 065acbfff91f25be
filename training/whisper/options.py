"""Options of a fine-tuning of Whisper: data, model, method, and the loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from training.loop.options import LoopOptions

Method = Literal["full", "lora", "encoder_frozen"]
Fraction = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class LoraOptions:
    """Low-rank updates of linear layers (Hu et al. 2021)."""

    rank: PositiveInt = 16
    alpha: PositiveInt = 32
    """The update is multiplied by alpha / rank."""
    dropout: Fraction = 0.05
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
    """Ends of the names of the layers."""
    strength: Fraction = 1.0
    """Factor on the trained update at the end; below 1, the model lies between base and trained (Wortsman et al. 2021)."""
    in_encoder: bool = True
    """Whether the encoder has updates too; without them its states are computed once and kept on disk."""


@dataclass(frozen=True)
class WindowOptions:
    """How recordings become windows of 30 s."""

    recordings: PositiveInt = 8
    """Recordings of a window at most, with pauses between; those that do not fit are left out."""
    single_fraction: Fraction = 0.25
    """Fraction of windows with one recording alone."""
    timestamp_fraction: Fraction = 0.75
    """Fraction of windows whose text has timestamps. The app decodes with them."""
    max_pause: PositiveFloat = 1.0
    """Seconds."""
    max_gain: float = 6.0
    """Decibels by which a recording is made louder or softer at most."""
    max_speed_change: Fraction = 0.08
    """Fraction by which a recording is played faster or slower at most, with its pitch."""
    distinct: PositiveInt = 400
    """Windows that are made; after them, the first ones come again."""


@dataclass(frozen=True)
class WhisperOptions:
    """A fine-tuning."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    """Name of the trained model's folder; its key is `trained-NAME`."""
    title: str
    """Name for people."""
    data: Path
    """Folder of recordings with texts, or a file of triples."""
    language: str
    """ISO code of the texts."""
    method: Method
    loop: LoopOptions
    base: str = "whisper-base-offline"
    """Key of the catalogue."""
    licence: str = ""
    """Licence of the recordings and the texts; it is named beside that of the base. '' if the model stays with you."""
    lora: LoraOptions = field(default_factory=LoraOptions)
    windows: WindowOptions = field(default_factory=WindowOptions)
