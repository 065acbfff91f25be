"""A byte-pair vocabulary of the captions, in CLIP's format (Sennrich et al. 2016; Radford et al. 2021)."""

from __future__ import annotations

import json
import random
import string
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from training.tiny_diffusion.captions import caption
from training.tiny_diffusion.dataset import Item

TEXT_LENGTH = 16
"""Tokens, with the start and the end."""
START, END, WORD_END = "<|startoftext|>", "<|endoftext|>", "</w>"
ALPHABET = string.ascii_lowercase + string.digits + ",.-'!?&"
"""Each of them is a token at least, so that no prompt is unknown."""
VOCABULARY = 2048
CAPTIONS_PER_ITEM = 12


def build_tokenizer(items: tuple[Item, ...], vocabulary: int = VOCABULARY) -> Any:
    """Return a CLIPTokenizer whose tokens are mostly whole words of the captions."""
    rng = random.Random(0)
    texts = [caption(item, rng) for item in items for _ in range(CAPTIONS_PER_ITEM)]
    byte_pairs = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    byte_pairs.normalizer = normalizers.Lowercase()
    byte_pairs.pre_tokenizer = pre_tokenizers.Whitespace()
    letters = list(ALPHABET)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=letters, end_of_word_suffix=WORD_END, show_progress=False
    )
    byte_pairs.train_from_iterator(texts, trainer)
    tokens = byte_pairs.get_vocab()
    for token in [*letters, *(letter + WORD_END for letter in letters), START, END]:
        tokens.setdefault(token, len(tokens))
    return CLIPTokenizer(vocab=tokens, merges=merges_of(byte_pairs), model_max_length=TEXT_LENGTH)


def merges_of(tokenizer: Any) -> list[tuple[str, str]]:
    """Return the pairs that were merged, in their order."""
    return [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]


def tokenize(tokenizer: Any, texts: list[str]) -> torch.Tensor:
    """Return the token numbers [n, 16], padded with the end token as the pipeline does."""
    padded = tokenizer(texts, padding="max_length", max_length=TEXT_LENGTH, truncation=True, return_tensors="pt")
    ids: torch.Tensor = padded.input_ids
    return ids
