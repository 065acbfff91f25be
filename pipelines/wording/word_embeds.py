"""Embeddings of words and short phrases, by which phrases of like meaning are found: `training.words.distill`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.words import WORD_EMBEDS

WORKING_BYTES = 2**20
"""Memory for one phrase beside the weights; rounded up."""


def phrase_embeds(phrases: Sequence[str], runtime: ModelRuntime) -> FloatArray:
    """Return embeddings [phrases, width] of length 1, so that their products are cosines.

    Raises:
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    from tokenizers import Tokenizer

    with runtime.cache.lease(WORD_EMBEDS, working_bytes=WORKING_BYTES) as (session,):
        tokenizer = Tokenizer.from_str(session.get_modelmeta().custom_metadata_map["tokenizer"])
        return np.stack([_embed(session, tokenizer, phrase) for phrase in phrases])


def _embed(session: Any, tokenizer: Any, phrase: str) -> FloatArray:
    ids = tokenizer.encode(phrase.lower(), add_special_tokens=False).ids or [tokenizer.token_to_id("[UNK]")]
    (embed,) = session.run(None, {"ids": np.array(ids, dtype=np.int64)})
    return np.asarray(embed, dtype=np.float32)
