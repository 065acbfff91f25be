"""The loss of a step: cross-entropy of the answers' tokens, summed."""

from __future__ import annotations

from collections.abc import Sequence

from models.loading.audio_language_model import IGNORED, AudioLanguageModel
from training.audio_language_model.batches import BatchMaker
from training.data.triples import Triple
from training.loop.batches import Loss, LossAt, Shard, batch_indices
from training.loop.options import LoopOptions


def answer_loss(model: AudioLanguageModel, maker: BatchMaker, triples: Sequence[Triple], options: LoopOptions) -> LossAt:
    """Return the loss of each step.

    Args:
        model: whose loss it is.
        maker: makes tensors of triples.
        triples: of the training split.
        options: batch size and seed.
    """

    def loss_at(step: int, shard: Shard) -> Loss:
        drawn = shard.take(batch_indices(step, len(triples), options.batch_size, options.seed))
        batch = maker.with_answers([triples[index] for index in drawn], is_training=True)
        return Loss(model(**batch).sum(), float((batch["labels"] != IGNORED).sum()))

    return loss_at
