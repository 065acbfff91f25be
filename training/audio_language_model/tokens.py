"""Tokenizers: of a checkpoint, or a byte-level BPE trained on the texts; and prompts and answers as tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from models.loading.audio_language_model import IGNORED
from training.audio_language_model.note_tokens import note_vocabulary
from training.audio_language_model.options import ExperimentOptions

PAD, BEGIN, END = "<pad>", "<s>", "</s>"


def build_tokenizer(options: ExperimentOptions, texts: Iterable[str]) -> Any:
    """Return the tokenizer of an experiment, with the tokens of notes where it has them.

    Args:
        options: of the experiment.
        texts: questions and answers, on which a tokenizer without a checkpoint is trained.
    """
    name = options.tokenizer.checkpoint or options.language_model.checkpoint
    if name:
        revision = None if options.tokenizer.checkpoint else options.language_model.revision or None
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
    else:
        tokenizer = trained_tokenizer(texts, options.tokenizer.vocabulary)
    if options.tokenizer.note_seconds:
        tokenizer.add_tokens(note_vocabulary(options.tokenizer.note_seconds))
    tokenizer.padding_side = "left"
    return tokenizer


def trained_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE of at most `vocabulary` tokens, which can write any text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[PAD, BEGIN, END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, bos_token=BEGIN, eos_token=END)


def begin_token_id(tokenizer: Any) -> int:
    """Return the token before a prompt: BERT's tokenizer calls it the class token."""
    for token in (tokenizer.bos_token_id, tokenizer.cls_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    raise ValueError("the tokenizer has no token for the beginning of a text")


def end_token_id(tokenizer: Any) -> int:
    """Return the token behind an answer: BERT's tokenizer calls it the separator."""
    for token in (tokenizer.eos_token_id, tokenizer.sep_token_id):
        if token is not None:
            return int(token)
    raise ValueError("the tokenizer has no token for the end of a text")


def prompt_tokens(tokenizer: Any, prompts: Sequence[str], max_tokens: int) -> tuple[Tensor, Tensor]:
    """Return (tokens, attention mask), each [batch, tokens], padded at the beginning; long prompts lose their beginning."""
    begin = begin_token_id(tokenizer)
    rows = [[begin, *_tokens(tokenizer, prompt)[-(max_tokens - 1) :]] for prompt in prompts]
    length = max(map(len, rows))
    padding = [length - len(row) for row in rows]
    ids = torch.tensor([[tokenizer.pad_token_id] * missing + row for missing, row in zip(padding, rows, strict=True)])
    mask = torch.tensor([[0] * missing + [1] * (length - missing) for missing in padding])
    return ids, mask


def answer_labels(tokenizer: Any, answers: Sequence[str], max_tokens: int) -> Tensor:
    """Return the tokens [batch, tokens] with the end token, and `IGNORED` behind it; long answers are cut and have no end."""
    rows = [[*_tokens(tokenizer, answer), end_token_id(tokenizer)][:max_tokens] for answer in answers]
    length = max(map(len, rows))
    return torch.tensor([row + [IGNORED] * (length - len(row)) for row in rows])


def _tokens(tokenizer: Any, text: str) -> list[int]:
    tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tokens
