"""Builds the model of an experiment: Llama from scratch or a checkpoint, frozen, with LoRA, or all of it trained."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, LlamaConfig

from models.loading.audio_language_model import AudioLanguageConfig, AudioLanguageModel
from training.audio_language_model.options import ExperimentOptions, LanguageModelOptions, LlamaSizes
from training.audio_language_model.tokens import begin_token_id, end_token_id


def build_model(options: ExperimentOptions, tokenizer: Any) -> AudioLanguageModel:
    """Return the model with what is not trained frozen; weights that are not of a checkpoint follow from the loop's seed.

    Weights of an earlier training (`initial`) are all trained, and have the sizes of that one.
    """
    torch.manual_seed(options.loop.seed)
    if options.initial:
        earlier: AudioLanguageModel = AudioLanguageModel.from_pretrained(options.initial, dtype="float32")
        return earlier
    language_model = _language_model(options.language_model, tokenizer)
    encoders = options.encoders
    config = AudioLanguageConfig(encoders.widths, encoders.projector, encoders.audio_tokens, language_model.config)
    model = AudioLanguageModel(config, language_model)
    if options.language_model.training != "all":
        model.language_model.requires_grad_(False)
    if options.language_model.training == "lora":
        model.language_model = with_lora(model.language_model, options.language_model)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("nothing is trained: a frozen language model without an encoder has no free weight")
    return model


def llama_config(sizes: LlamaSizes, tokenizer: Any) -> LlamaConfig:
    """Return the configuration of a Llama whose input and output embeddings are the same."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=sizes.hidden_size,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.heads,
        intermediate_size=sizes.intermediate_size,
        max_position_embeddings=sizes.max_positions,
        tie_word_embeddings=True,
        bos_token_id=begin_token_id(tokenizer),
        eos_token_id=end_token_id(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
    )


def with_lora(language_model: nn.Module, options: LanguageModelOptions) -> nn.Module:
    """Return the model with trainable adapters, which are zero at first."""
    from peft import LoraConfig, get_peft_model

    lora = options.lora
    adapters = LoraConfig(
        task_type="CAUSAL_LM", r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=list(lora.layers)
    )
    return get_peft_model(language_model, adapters)


def merged(model: AudioLanguageModel) -> AudioLanguageModel:
    """Return the model with its adapters, if there are any, added to the weights that they adapt."""
    if hasattr(model.language_model, "merge_and_unload"):
        model.language_model = model.language_model.merge_and_unload()
    return model


def _language_model(options: LanguageModelOptions, tokenizer: Any) -> Any:
    if options.checkpoint:
        model = AutoModelForCausalLM.from_pretrained(
            options.checkpoint, revision=options.revision or None, dtype=getattr(torch, options.dtype), use_safetensors=True
        )
        if len(tokenizer) > model.get_input_embeddings().num_embeddings:
            model.resize_token_embeddings(len(tokenizer))
        return model
    if options.sizes is None:
        raise ValueError("the language model needs a checkpoint, or sizes for one from scratch")
    return AutoModelForCausalLM.from_config(llama_config(options.sizes, tokenizer))
