"""Encoders of the real classes with tiny random weights, saved as the loaders expect to find them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models.specs.model_spec import EncoderFacts, FetchedModel, HubSource
from tests.models.tiny_language_models import save_qwen2_audio
from tests.models.tiny_models import fetched, save_clap

WIDTH, LAYERS = 16, 2
SPEECH = {
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "initializer_range": 0.2,
}
CONVOLUTIONS = {"conv_dim": (8,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
WHISPER_SIZES = {
    "d_model": WIDTH,
    "encoder_layers": LAYERS,
    "decoder_layers": LAYERS,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "num_mel_bins": 80,
    "init_std": 0.3,
}


def save_speech_encoder(directory: Path, architecture: str, **changes: Any) -> FetchedModel:
    """wav2vec 2.0, HuBERT or data2vec, which hear the waveform."""
    import torch
    import transformers

    torch.manual_seed(0)
    model_class = getattr(transformers, architecture)
    model_class(model_class.config_class(**SPEECH, **CONVOLUTIONS, **changes)).save_pretrained(directory)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(directory)
    processor = "transformers.Wav2Vec2FeatureExtractor"
    return encoder(directory, architecture, EncoderFacts("waveform", WIDTH, LAYERS), processor=processor)


def save_speaker_encoder(directory: Path, architecture: str) -> FetchedModel:
    """An encoder with the head of x-vectors (Snyder et al. 2018), 24 wide."""
    import torch
    import transformers

    torch.manual_seed(0)
    model_class = getattr(transformers, architecture)
    head = {"xvector_output_dim": 24, "tdnn_dim": (8, 8, 8), "tdnn_kernel": (5, 3, 1), "tdnn_dilation": (1, 2, 1)}
    model_class(model_class.config_class(**SPEECH, **CONVOLUTIONS, **head)).save_pretrained(directory)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(directory)
    return fetched(directory, "transformers", architecture)


def save_w2v_bert(directory: Path) -> FetchedModel:
    """A w2v-BERT."""
    import torch
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig, Wav2Vec2BertModel

    torch.manual_seed(0)
    Wav2Vec2BertModel(Wav2Vec2BertConfig(**SPEECH)).save_pretrained(directory)
    SeamlessM4TFeatureExtractor().save_pretrained(directory)
    facts = EncoderFacts("w2v_bert", WIDTH, LAYERS)
    return encoder(directory, "Wav2Vec2BertModel", facts, processor="transformers.SeamlessM4TFeatureExtractor")


def save_whisper(directory: Path, num_mel_bands: int = 80) -> FetchedModel:
    """A Whisper whose tokenizer knows single bytes."""
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
        WhisperTokenizer,
    )

    letters = sorted(ByteLevel.alphabet())
    tokenizer = WhisperTokenizer(vocab={letter: number for number, letter in enumerate(letters)}, merges=[])
    special = ["<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>", "<|nospeech|>", "<|notimestamps|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    start, english, german, translate, transcribe, _, no_times = tokenizer.convert_tokens_to_ids(special)
    end = tokenizer.eos_token_id
    ids = {"decoder_start_token_id": start, "pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
    torch.manual_seed(0)
    sizes = WHISPER_SIZES | {"num_mel_bins": num_mel_bands}
    model = WhisperForConditionalGeneration(WhisperConfig(**sizes, vocab_size=len(tokenizer) + 1501, **ids))
    model.generation_config = GenerationConfig(
        **ids,
        alignment_heads=[[0, 0], [1, 1]],
        suppress_tokens=[transcribe],
        begin_suppress_tokens=[end],
        no_timestamps_token_id=no_times,
        is_multilingual=True,
        lang_to_id={"<|en|>": english, "<|de|>": german},
        task_to_id={"transcribe": transcribe, "translate": translate},
    )
    model.save_pretrained(directory)
    WhisperProcessor(WhisperFeatureExtractor(feature_size=num_mel_bands), tokenizer).save_pretrained(directory)
    facts = EncoderFacts("whisper", WIDTH, LAYERS, decoder_layers=LAYERS)
    return encoder(directory, "WhisperForConditionalGeneration", facts, processor="transformers.WhisperProcessor")


def save_qwen2_audio_shards(directory: Path) -> FetchedModel:
    """A whole Qwen2-Audio in two shards with their index, one with the weights of its tower, as the hub has it."""
    from safetensors.torch import load_file, save_file

    save_qwen2_audio(directory)
    weights = load_file(directory / "model.safetensors")
    (directory / "model.safetensors").unlink()
    shards = {name: f"model-0000{1 if name.startswith('audio_tower.') else 2}-of-00002.safetensors" for name in weights}
    for shard in set(shards.values()):
        save_file({name: weights[name] for name in weights if shards[name] == shard}, directory / shard, {"format": "pt"})
    index = {"metadata": {}, "weight_map": shards}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    return fetched(directory, "transformers", "Qwen2AudioForConditionalGeneration")


def save_qwen2_audio_tower(directory: Path) -> FetchedModel:
    """The tower of a whole Qwen2-Audio, as the catalogue has it: without the shard of the rest."""
    save_qwen2_audio_shards(directory)
    (directory / "model-00002-of-00002.safetensors").unlink()
    facts = EncoderFacts("qwen2_audio_tower", WIDTH, layers=1)
    source = HubSource(f"tests/{directory.name}", weight_prefix="audio_tower.")
    return encoder(directory, "Qwen2AudioEncoder", facts, source=source, processor="transformers.WhisperFeatureExtractor")


def save_qwen2_audio_language_model(directory: Path) -> FetchedModel:
    """A whole Qwen2-Audio whose language model is looked into."""
    facts = EncoderFacts("qwen2_audio", WIDTH, LAYERS)
    return save_qwen2_audio(directory, further_tasks=("embed_audio",), encoder=facts)


def save_ast_encoder(directory: Path) -> FetchedModel:
    """An audio spectrogram transformer with the patches of the real one."""
    import torch
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    torch.manual_seed(0)
    ASTForAudioClassification(ASTConfig(**SPEECH)).save_pretrained(directory)
    ASTFeatureExtractor().save_pretrained(directory)
    return encoder(directory, "ASTForAudioClassification", EncoderFacts("ast", WIDTH, LAYERS), task="tag_sounds")


def save_clap_encoder(directory: Path) -> FetchedModel:
    """A CLAP with the frames of the real one: four stages, of which each halves them."""
    facts = EncoderFacts("clap", width=128, text_width=8)
    return save_clap(directory, stages=4, further_tasks=("embed_audio",), encoder=facts)


def encoder(directory: Path, architecture: str, facts: EncoderFacts, **row: Any) -> FetchedModel:
    """A catalogue row."""
    tasks = {"task": "embed_audio", "further_tasks": ("embed_audio",)}
    return fetched(directory, "transformers", architecture, **(tasks | {"encoder": facts} | row))
