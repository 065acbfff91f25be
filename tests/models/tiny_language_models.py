"""Language models of the real classes with tiny random weights, which read and write single bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models.specs.model_spec import FetchedModel
from tests.models.tiny_models import fetched

SPECIAL_TOKENS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"),
    *("<|IMAGE|>", "<|VIDEO|>", "<|vision_bos|>", "<|vision_eos|>", "<sound>", "<|sound_bos|>", "<|sound_eos|>"),
)
QWEN_ROLES = {
    "audio_token": "<|AUDIO|>",
    "audio_bos_token": "<|audio_bos|>",
    "audio_eos_token": "<|audio_eos|>",
    "image_token": "<|IMAGE|>",
    "video_token": "<|VIDEO|>",
    "vision_bos_token": "<|vision_bos|>",
    "vision_eos_token": "<|vision_eos|>",
}
CHAT_OF_TEXT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CHAT_WITH_SOUND = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% for part in message['content'] %}"
    "{% if part['type'] == 'audio' %}AUDIO_PLACEHOLDER{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTEXT_TOKENS = 8192
LETTERS = "".join(map(chr, range(32, 127))) + "\nä\ufffd"
TEXT_SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 32,
    "max_position_embeddings": CONTEXT_TOKENS,
    "initializer_range": 0.5,
}
EARS = {"num_mel_bins": 128, "max_source_positions": 1500, "initializer_range": 0.5}
NAMED_EARS = EARS | {"d_model": 16, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 32}

QWEN_SAMPLING = {"do_sample": True, "temperature": 0.7, "top_k": 20, "repetition_penalty": 1.1}
"""Settings with which Qwen's checkpoints of instruction-tuned models come; a greedy search must not take them."""
EYES = {"depth": 1, "hidden_size": 16, "num_heads": 2, "intermediate_size": 16, "out_hidden_size": 16}


def byte_tokenizer(**roles: Any) -> Any:
    """A tokenizer with one token for each byte of `LETTERS`, and the special tokens of all models here."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters = sorted({letter for piece, _ in byte_level.pre_tokenize_str(LETTERS) for letter in piece})
    tokenizer = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = byte_level
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer.add_tokens(["<tool_call>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", extra_special_tokens=roles
    )


def save_writer(directory: Path, architecture: str = "Qwen2ForCausalLM", **changes: Any) -> FetchedModel:
    """A text model; `architecture` may be any whose configuration has the usual names."""
    import transformers

    tokenizer = byte_tokenizer()
    tokenizer.chat_template = CHAT_OF_TEXT
    model_class = getattr(transformers, architecture)
    _save(model_class, model_class.config_class(vocab_size=len(tokenizer), **TEXT_SIZES), directory, **_qwen_ends(tokenizer))
    tokenizer.save_pretrained(directory)
    return fetched(
        directory,
        "transformers",
        architecture,
        **({"task": "write_text", "processor": "transformers.AutoTokenizer", "gpu_dtype": "bfloat16"} | changes),
    )


def save_qwen2_audio(directory: Path, **changes: Any) -> FetchedModel:
    """A Qwen2-Audio with its own processor, whose input is 3000 frames."""
    from transformers import Qwen2AudioConfig, Qwen2AudioForConditionalGeneration, Qwen2AudioProcessor, WhisperFeatureExtractor

    tokenizer = byte_tokenizer(**QWEN_ROLES)
    text = {"model_type": "qwen2", "vocab_size": len(tokenizer), **TEXT_SIZES}
    config = Qwen2AudioConfig(
        audio_config={"model_type": "qwen2_audio_encoder", **NAMED_EARS},
        text_config=text,
        audio_token_index=tokenizer.audio_token_id,
    )
    _save(Qwen2AudioForConditionalGeneration, config, directory, **_qwen_ends(tokenizer))
    Qwen2AudioProcessor(WhisperFeatureExtractor(feature_size=128), tokenizer).save_pretrained(directory)
    return _audio_model(directory, "Qwen2AudioForConditionalGeneration", changes)


def save_qwen_omni(directory: Path, **changes: Any) -> FetchedModel:
    """The thinker of a Qwen2.5-Omni as the hub has it: inside the whole model's configuration and file."""
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 2]}
    parts = {
        "audio_config": {**NAMED_EARS, "output_dim": 16, "n_window": 100},
        "vision_config": EYES,
        "text_config": {**TEXT_SIZES, "rope_parameters": rope},
    }
    _save_thinker(directory, "Qwen2_5OmniThinker", "qwen2_5_omni", parts, chunk_seconds=300)
    row = {"processor": "transformers.Qwen2AudioProcessor"} | changes
    return _audio_model(directory, "Qwen2_5OmniThinkerForConditionalGeneration", row)


def save_qwen3_omni(directory: Path, **changes: Any) -> FetchedModel:
    """The thinker of a Qwen3-Omni, a mixture of experts, as the hub has it."""
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 2], "mrope_interleaved": True}
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "head_dim": 8}
    parts = {
        "audio_config": {**NAMED_EARS, "output_dim": 16, "n_window": 50, "downsample_hidden_size": 8},
        "vision_config": EYES | {"deepstack_visual_indexes": [0]},
        "text_config": {**TEXT_SIZES, **experts, "rope_parameters": rope},
    }
    _save_thinker(directory, "Qwen3OmniMoeThinker", "qwen3_omni_moe", parts, chunk_seconds=30)
    row = {"processor": "models.loading.qwen3_omni_processor.Qwen3OmniSoundProcessor"} | changes
    return _audio_model(directory, "Qwen3OmniMoeThinkerForConditionalGeneration", row)


def _save_thinker(directory: Path, name: str, whole_type: str, parts: dict[str, Any], chunk_seconds: int) -> None:
    import transformers
    from safetensors.torch import load_file, save_file

    tokenizer = byte_tokenizer(**QWEN_ROLES)
    parts["text_config"]["vocab_size"] = len(tokenizer)
    roles = ("audio", "image", "video")
    ids = {f"{role}_token_id": getattr(tokenizer, f"{role}_token_id") for role in roles} | {
        "audio_start_token_id": tokenizer.audio_bos_token_id,
        "audio_end_token_id": tokenizer.audio_eos_token_id,
        "vision_start_token_id": tokenizer.vision_bos_token_id,
        "vision_end_token_id": tokenizer.vision_eos_token_id,
    }
    config = getattr(transformers, f"{name}Config")(**parts, **ids)
    _save(getattr(transformers, f"{name}ForConditionalGeneration"), config, directory)  # a thinker has no end token of its own
    weights = directory / "model.safetensors"
    save_file({f"thinker.{key}": tensor for key, tensor in load_file(weights).items()}, weights, metadata={"format": "pt"})
    (directory / "config.json").write_text(json.dumps({"model_type": whole_type, "thinker_config": config.to_dict()}))
    tokenizer.chat_template = CHAT_WITH_SOUND.replace("AUDIO_PLACEHOLDER", "<|audio_bos|><|AUDIO|><|audio_eos|>")
    tokenizer.save_pretrained(directory)
    transformers.WhisperFeatureExtractor(feature_size=128, chunk_length=chunk_seconds).save_pretrained(directory)


def save_audio_flamingo(directory: Path, name: str = "AudioFlamingo3", **changes: Any) -> FetchedModel:
    """An Audio Flamingo 3, or a Music Flamingo, with its own processor."""
    import transformers

    tokenizer = byte_tokenizer()
    ears = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    ids = {"audio_bos_token_id": "<|sound_bos|>", "audio_eos_token_id": "<|sound_eos|>"} if name == "MusicFlamingo" else {}
    config = getattr(transformers, f"{name}Config")(
        audio_config={"model_type": "audioflamingo3_encoder", **EARS, **ears},
        text_config={"model_type": "qwen2", "vocab_size": len(tokenizer), **TEXT_SIZES},
        audio_token_id=tokenizer.convert_tokens_to_ids("<sound>"),
        **{role: tokenizer.convert_tokens_to_ids(token) for role, token in ids.items()},
    )
    kind = getattr(transformers, f"{name}ForConditionalGeneration")
    _save(kind, config, directory, eos_token_id=tokenizer.eos_token_id)
    template = CHAT_WITH_SOUND.replace("AUDIO_PLACEHOLDER", "<sound>")
    processor_class = getattr(transformers, f"{name}Processor")
    processor_class(transformers.WhisperFeatureExtractor(feature_size=128), tokenizer, template).save_pretrained(directory)
    return _audio_model(directory, f"{name}ForConditionalGeneration", changes)


def _save(model_class: Any, config: Any, directory: Path, **generation: Any) -> None:
    """Weights from a fixed seed, with the settings `generation` as the checkpoint has them on the hub."""
    import torch
    from transformers import GenerationConfig

    torch.manual_seed(0)
    model = model_class(config)
    model.generation_config = GenerationConfig(**generation)
    model.save_pretrained(directory)


def _qwen_ends(tokenizer: Any) -> dict[str, Any]:
    """The end tokens of Qwen's generation configurations: of a text, and of a turn."""
    end_of_text, end_of_turn = tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|im_end|>"])
    return {"eos_token_id": [end_of_text, end_of_turn], "pad_token_id": end_of_text, **QWEN_SAMPLING}


def _audio_model(directory: Path, architecture: str, changes: dict[str, Any]) -> FetchedModel:
    row = {"task": "describe_music", "further_tasks": ("answer_questions",), "gpu_dtype": "bfloat16"} | changes
    return fetched(directory, "transformers", architecture, **row)
