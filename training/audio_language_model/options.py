"""Options of the experiments, as their YAML files have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from models.loading.audio_language_model import ProjectorKind
from training.data.triples import Task
from training.loop.options import LoopOptions

Fraction = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class DataOptions:
    """Triples, and how much of them the model reads."""

    triples: Path
    """JSON Lines file; a relative path is one of the folder from which the training is started."""
    tasks: tuple[Task, ...]
    facts_in_prompt: bool = False
    """Whether the prompt names what is known of the clip, as J2A-1.0 has it."""
    max_question_tokens: PositiveInt = 50
    max_answer_tokens: PositiveInt = 100
    state_dropout: Fraction = 0.0
    """Probability that a number of a state is zero in training."""
    min_part: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Least fraction of a clip's frames that one training example reads; the part is drawn anew each time."""


@dataclass(frozen=True)
class EncoderOptions:
    """Frozen networks, and the projector behind each."""

    widths: Mapping[str, PositiveInt]
    """Width of the states of each encoder: of the catalogue, of `pipelines.music.encoder_states`, or of files under this name."""
    projector: ProjectorKind = "mean"
    audio_tokens: PositiveInt = 1
    """Tokens that 'pool' and 'resampler' make of each encoder's states."""


@dataclass(frozen=True)
class LlamaSizes:
    """Sizes of a Llama with random weights."""

    hidden_size: PositiveInt
    layers: PositiveInt
    heads: PositiveInt
    intermediate_size: PositiveInt
    max_positions: PositiveInt = 2048


@dataclass(frozen=True)
class LoraOptions:
    """Low-rank adapters (Hu et al. 2021)."""

    rank: PositiveInt = 16
    alpha: PositiveInt = 32
    dropout: Fraction = 0.05
    layers: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")
    """Names of the linear layers that get one."""


@dataclass(frozen=True)
class LanguageModelOptions:
    """The causal model: a checkpoint, or a Llama from scratch."""

    checkpoint: str = ""
    """Folder, or repository of the hub; '' for `sizes`."""
    revision: str = ""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Number format of a checkpoint's weights."""
    sizes: LlamaSizes | None = None
    training: Literal["all", "lora", "frozen"] = "all"
    lora: LoraOptions = LoraOptions()


@dataclass(frozen=True)
class TokenizerOptions:
    """The tokens: those of a checkpoint, or of a byte-level BPE that is trained on the texts."""

    checkpoint: str = ""
    """Folder, or repository of the hub; '' for the language model's own, or without a checkpoint one of `vocabulary` tokens."""
    vocabulary: PositiveInt = 1024
    note_seconds: NonNegativeInt = 0
    """Longest clip whose notes have tokens; 0 where there are none."""


@dataclass(frozen=True)
class ExperimentOptions:
    """One training of an audio language model."""

    title: str
    data: DataOptions
    encoders: EncoderOptions
    language_model: LanguageModelOptions
    loop: LoopOptions
    tokenizer: TokenizerOptions = field(default_factory=TokenizerOptions)
    initial: str = ""
    """Folder of a trained model of the same form, from whose weights the training goes on; '' for new ones."""
    licence: str = "Apache-2.0"
    """Licence of the trained weights, for the model card."""
    monitor: str = "-loss"
    """Figure of the evaluation by which the best weights are chosen; with a minus before it, the lowest is the best."""
