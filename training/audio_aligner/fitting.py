"""The training of our own aligner on one core, in a minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from models.arrays import FloatArray
from models.files.package_weights import WEIGHTS as REPOSITORY
from models.loading.audio_aligner import AlignerConfig, AudioAligner
from pipelines.pictures.concept_decomposition import (
    CAPTION_TEMPLATES,
    concept_captions,
    concept_embeds,
)
from pipelines.pictures.text_embeds import encode_texts
from pipelines.pictures.vocabulary import class_phrase, concept_by_word, concepts
from pipelines.tagging.audioset import ABOUT_THE_RECORDING, class_tree
from training.audio_aligner.dataset import Example
from training.audio_aligner.objective import Objective, alignment_loss
from training.loop.batches import Loss, LossAt, Shard, generator_at, mean_of
from training.loop.config import ConfigPath
from training.loop.options import LoopOptions
from training.loop.training_loop import TrainingLoop

SEED = 0
MASKED_LOGIT = -1e4
"""Logit of a concept that takes no part in the softmax."""
INITIAL_CLASS_LOGIT = 10.0
"""Initial logit of a concept whose class YAMNet has found."""


@dataclass(frozen=True)
class TextSpace:
    """The concepts in the picture model's text space; the first embed, which is the same everywhere, is left out."""

    memory: Tensor
    """[concepts, tokens, width]: the mean over the wordings."""
    wordings: Tensor
    """[concepts, wordings, tokens, width]."""


@dataclass(frozen=True)
class FittingOptions:
    """Options of a training."""

    loop: LoopOptions
    objective: Objective = field(default_factory=lambda: Objective(distance=0.5))
    noise: float = 0.3
    """Deviation of what is added to the embeddings, against theirs."""
    rarity: float = 0.2
    """Exponent: 0 draws all sounds alike, 1 all concepts."""
    stamps: float = 3.0
    """How often a stamp's sound is drawn against others: they are clean, and of what people look for first."""
    naming: float = 3.0
    """Weight of the cross-entropy of the memory's slots, which acts before the embeds change."""
    picture_model: ConfigPath = REPOSITORY / "tiny_diffusion"
    """A Stable Diffusion, into whose text space sounds are mapped."""
    target: ConfigPath = REPOSITORY / "audio_aligner"


def text_space(tokenizer: Any, text_encoder: Any, tokens: int) -> TextSpace:
    """Return the text embeds of all concepts from the picture model's text encoder."""
    encoded = encode_texts(tokenizer, text_encoder, concept_captions(concepts()), tokens)[:, 1:]
    wordings = torch.from_numpy(encoded).reshape(-1, len(CAPTION_TEMPLATES), *encoded.shape[1:])
    return TextSpace(torch.from_numpy(concept_embeds(encoded)), wordings)


def build_aligner(space: TextSpace, yamnet: Path) -> AudioAligner:
    """Return an untrained aligner, initialised with YAMNet's classes and their concepts."""
    slots, tokens, width = space.memory.shape
    weight, bias = classifier_of(yamnet)
    torch.manual_seed(SEED)
    model = AudioAligner(AlignerConfig(slots, tokens, width, weight.shape[1], len(weight)))
    with torch.no_grad():
        model.classes.weight.copy_(torch.from_numpy(weight))
        model.classes.bias.copy_(torch.from_numpy(bias))
        model.families.weight.copy_(INITIAL_CLASS_LOGIT * torch.from_numpy(class_concepts().T))
        model.direct.weight.zero_()
        model.direct.bias.zero_()
        model.memory.copy_(space.memory)
    model.classes.requires_grad_(False)
    return model


def classifier_of(yamnet: Path) -> tuple[FloatArray, FloatArray]:
    """Return (weight [521, 1024], bias [521]) of YAMNet's last layer."""
    graph = onnx.load(yamnet).graph
    stored = {tensor.name: numpy_helper.to_array(tensor).astype(np.float32) for tensor in graph.initializer}
    casts = {node.output[0]: stored[node.input[0]] for node in graph.node if node.op_type == "Cast"}
    (layer,) = (node for node in graph.node if node.op_type == "Gemm")
    weight, bias = ((stored | casts)[name] for name in layer.input[1:])
    return weight, bias


def class_concepts() -> FloatArray:
    """Return [521, concepts]: 1 where the words say that a class of AudioSet is the concept."""
    number = {concept.name: index for index, concept in enumerate(concepts())}
    tree = class_tree()
    table = np.zeros((len(tree.names), len(number)), dtype=np.float32)
    for position, name in enumerate(tree.names):
        phrase = class_phrase(name)
        if phrase is not None and name not in ABOUT_THE_RECORDING:
            table[position, number[concept_by_word()[phrase]]] = 1
    return table


def fitting_loop(space: TextSpace, yamnet: Path, options: FittingOptions, folder: Path) -> TrainingLoop:
    """Return the loop that trains an aligner."""
    return TrainingLoop(build_aligner(space, yamnet), options.loop, folder)


def fit(examples: list[Example], space: TextSpace, yamnet: Path, options: FittingOptions, folder: Path) -> AudioAligner:
    """Return the aligner trained on `examples`, with its averaged weights; `folder` has its checkpoints."""
    loop = fitting_loop(space, yamnet, options, folder)
    loop.run(fitting_loss(loop.model, examples, space, options))
    trained: AudioAligner = loop.averaged().cpu()
    return trained


def fitting_loss(model: AudioAligner, examples: list[Example], space: TextSpace, options: FittingOptions) -> LossAt:
    """Return the loss as a function of the step; the rivals of a sound are those of its shard."""
    frequency = np.bincount([example.kinds[0] for example in examples], minlength=len(space.memory))
    draws = torch.tensor([frequency[example.kinds[0]] ** -options.rarity for example in examples])
    draws[[bool(example.recording) for example in examples]] *= options.stamps
    features = [example_features(model, example) for example in examples]
    probs = concept_probs(examples, len(space.memory))
    known = (probs.sum(0) > 0).to(model.memory.device)
    deviation = torch.cat([embedding for embedding, _ in features]).std(0)

    def loss_at(step: int, shard: Shard) -> Loss:
        rng, device = generator_at(step, options.loop.seed), model.memory.device
        chosen = torch.multinomial(draws, options.loop.batch_size, replacement=True, generator=rng)
        views = [(features[i], _pick(range(len(features[i][0])), rng)) for i in chosen.tolist()]
        embeddings = torch.stack([embedding[view] for (embedding, _), view in views])
        embeddings = embeddings + options.noise * deviation * torch.randn(embeddings.shape, generator=rng)
        classes = torch.stack([scores[view] for (_, scores), view in views])
        kinds = torch.multinomial(probs[chosen], 1, generator=rng).flatten()
        texts = space.wordings[kinds, torch.randint(space.wordings.shape[1], kinds.shape, generator=rng)]
        part = shard.take(range(len(chosen)))
        embeddings, classes, kinds, texts = (each[part].to(device) for each in (embeddings, classes, kinds, texts))
        scores = model.concept_logits(embeddings, classes)
        loss = alignment_loss(model.prompt_embeds(scores), texts, kinds, options.objective)
        # A concept of which there is no sound to learn from is no rival: its name is left to what YAMNet knows of it.
        naming = functional.cross_entropy(scores.masked_fill(~known, MASKED_LOGIT), probs[chosen[part]].to(device))
        return mean_of(loss + options.naming * naming, len(part))

    return loss_at


def example_features(model: AudioAligner, example: Example) -> tuple[Tensor, Tensor]:
    """Return (embeddings [views, 1024], class scores [views, 521]) of a sound: no weight that is trained is needed for them."""
    with torch.no_grad():
        embeddings = torch.from_numpy(example.embeddings.astype(np.float32)).to(model.memory.device)
        embedding, classes = model.pool_patches(embeddings)
    return embedding.cpu(), classes.cpu()


def concept_probs(examples: list[Example], slots: int) -> Tensor:
    """Return [batch, slots]: the concepts of each sound, equally likely."""
    probs = torch.zeros(len(examples), slots)
    for row, example in enumerate(examples):
        probs[row, list(example.kinds)] = 1 / len(example.kinds)
    return probs


def _pick(choices: Any, rng: torch.Generator) -> Any:
    return choices[int(torch.randint(len(choices), (1,), generator=rng))]
