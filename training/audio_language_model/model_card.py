"""The model card of a trained model: what it is, data, figures, command and versions."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from models.loading.audio_language_model import AudioLanguageModel
from training.audio_language_model.options import ExperimentOptions
from training.data.triples import SPLITS, Triple

LIBRARIES = ("torch", "transformers", "tokenizers", "peft", "accelerate")

CARD = """---
license: {licence}
tags: [audio, music, audioscope]
pipeline_tag: audio-text-to-text
---
# {title}

States of frozen encoders ({encoders}), projected ({projector}) to tokens between prompt and answer of a {language_model}
language model. {parameters:,} parameters, of which {trained}. Loads as `models.loading.audio_language_model.AudioLanguageModel`;
needs no remote code.

## Data
| split | triples | clips | sources |
|---|---|---|---|
{data}

Tasks: {tasks}. No source (piece, album or speaker) is in two splits.

## Figures
Test split, greedy decoding.

| figure | value |
|---|---|
{figures}

## Training
`{command}`

{steps} steps of {batch} examples, AdamW, maximum learning rate {rate:g}. Python {python}, {versions}.

## Limits
It knows what its data show, and nothing else: music of other kinds, and questions of other kinds, are answered as if they were
of those kinds. Check what it says.
"""


def model_card(
    options: ExperimentOptions,
    model: AudioLanguageModel,
    triples: Sequence[Triple],
    figures: Mapping[str, float],
    command: str,
) -> str:
    """Return the card as Markdown.

    Args:
        options: of the experiment.
        model: as it is saved.
        triples: of all splits.
        figures: of the test split.
        command: with which the training is repeated.
    """
    training = options.language_model.training
    return CARD.format(
        licence=options.licence.lower(),
        title=options.title,
        encoders=", ".join(f"{key}, {width} wide" for key, width in options.encoders.widths.items()) or "none",
        projector=options.encoders.projector,
        language_model=options.language_model.checkpoint or model.config.text_config.model_type,
        parameters=model.num_parameters(),
        trained={"all": "all are trained", "lora": "adapters are trained and merged", "frozen": "the projector is trained"}[
            training
        ],
        data="\n".join(_data_row(split, triples) for split in SPLITS),
        tasks=", ".join(f"{task} ({count})" for task, count in Counter(triple.task for triple in triples).most_common()),
        figures="\n".join(f"| {name.replace('_', ', ')} | {value:.3f} |" for name, value in sorted(figures.items())),
        command=command,
        steps=options.loop.steps,
        batch=options.loop.batch_size,
        rate=options.loop.learning_rate,
        python=platform.python_version(),
        versions=", ".join(f"{library} {version(library)}" for library in LIBRARIES),
    )


def _data_row(split: str, triples: Sequence[Triple]) -> str:
    own = [triple for triple in triples if triple.split == split]
    clips = {(triple.clip, triple.start, triple.duration) for triple in own}
    return f"| {split} | {len(own)} | {len(clips)} | {len({triple.source for triple in own})} |"
