"""Tiny checkpoints of the real classes that the published configs name."""

from __future__ import annotations

from pathlib import Path

from transformers import BertTokenizer, MistralConfig, MistralForCausalLM

from training.audio_language_model.tokens import trained_tokenizer

WORDS = ("describe", "the", "music", "what", "is", "said", "a", "slow", "piano", "rock", "transcribe", ".", ":", "?", "##s")


def save_mistral(folder: Path, texts: list[str]) -> None:
    """Write a Mistral as wide as the one of 7 billion parameters, with one layer of narrow heads and few tokens."""
    tokenizer = trained_tokenizer(texts, 280)
    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=4096,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        intermediate_size=8,
    )
    MistralForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def save_bert_tokenizer(folder: Path) -> None:
    """Write a tokenizer of BERT's class with few words."""
    letters = [prefix + letter for letter in "abcdefghijklmnopqrstuvwxyz" for prefix in ("", "##")]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters]
    BertTokenizer(vocab={word: number for number, word in enumerate(dict.fromkeys(words))}).save_pretrained(folder)
