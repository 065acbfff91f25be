"""Real classes with tiny random weights, saved as the loaders expect to find them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from models.specs.model_spec import FetchedModel
from tests.models.fakes import make_spec


def fetched(directory: Path, loader: str, architecture: str = "", **changes: Any) -> FetchedModel:
    """A catalogue row for the files in `directory`."""
    spec = make_spec(directory.name, 1_000_000, loader=loader, architecture=architecture, **({"gpu_dtype": "float16"} | changes))
    return FetchedModel(spec, directory, "c0ffee")


def save_transformers(directory: Path) -> FetchedModel:
    """An audio spectrogram transformer of two layers, with its feature extractor."""
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    config = ASTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        patch_size=16,
        frequency_stride=16,
        time_stride=16,
        max_length=32,
        num_mel_bins=16,
    )
    ASTForAudioClassification(config).save_pretrained(directory)
    ASTFeatureExtractor(num_mel_bins=16, max_length=32).save_pretrained(directory)
    return fetched(directory, "transformers", "ASTForAudioClassification")


def save_diffusers(directory: Path) -> FetchedModel:
    """A Stable Diffusion of two small blocks, with a vocabulary of a few letters."""
    import json

    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    vocabulary = directory.with_name("vocabulary")
    vocabulary.mkdir()
    letters = ["<|startoftext|>", "<|endoftext|>", *"abc", *(f"{letter}</w>" for letter in "abc")]
    (vocabulary / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(letters)}))
    (vocabulary / "merges.txt").write_text("#version: 0.2\n")
    text_config = CLIPTextConfig(
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        vocab_size=len(letters) + 1,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    unet = UNet2DConditionModel(
        block_out_channels=(4, 8),
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
    )
    vae = AutoencoderKL(block_out_channels=[4], norm_num_groups=4, latent_channels=4)
    pipeline = StableDiffusionPipeline(
        unet=unet,
        vae=vae,
        text_encoder=CLIPTextModel(text_config),
        tokenizer=CLIPTokenizer(str(vocabulary / "vocab.json"), str(vocabulary / "merges.txt"), model_max_length=77),
        scheduler=DDIMScheduler(clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(directory)
    return fetched(directory, "diffusers", "StableDiffusionPipeline")


def copy_onnx(directory: Path) -> FetchedModel:
    """The voice activity detector that faster-whisper carries."""
    import faster_whisper

    directory.mkdir()
    shutil.copy(Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx", directory)
    return fetched(directory, "onnx")


def save_audioset_transformer(directory: Path, classes: tuple[str, ...]) -> FetchedModel:
    """An audio spectrogram transformer for inputs of 10.24 s, with names for its classes."""
    import torch
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    torch.manual_seed(0)
    config = ASTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        frequency_stride=32,
        time_stride=32,
        id2label=dict(enumerate(classes)),
        label2id={name: number for number, name in enumerate(classes)},
        initializer_range=0.5,
    )
    ASTForAudioClassification(config).save_pretrained(directory)
    ASTFeatureExtractor().save_pretrained(directory)
    return fetched(directory, "transformers", "ASTForAudioClassification", task="tag_sounds")


def save_clap(directory: Path, stages: int = 2, **changes: Any) -> FetchedModel:
    """A CLAP of small layers on each side, whose tokenizer knows letters; each stage but the last halves its frames."""
    import json

    import torch
    from transformers import (
        ClapAudioConfig,
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        ClapProcessor,
        ClapTextConfig,
        RobertaTokenizer,
    )

    vocabulary = directory.with_name("clap-vocabulary")
    vocabulary.mkdir()
    letters = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "\u0120", ".", *"abcdefghijklmnopqrstuvwxyzT"]
    (vocabulary / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(letters)}))
    (vocabulary / "merges.txt").write_text("#version: 0.2\n")
    text = ClapTextConfig(
        vocab_size=len(letters),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        projection_dim=8,
        initializer_range=0.5,
    )
    audio = ClapAudioConfig(
        hidden_size=16 * 2 ** (stages - 1),
        patch_embeds_hidden_size=16,
        depths=[1] * stages,
        num_attention_heads=[2] * stages,
        num_hidden_layers=2,
        enable_fusion=False,
        projection_dim=8,
        initializer_range=0.5,
    )
    torch.manual_seed(0)
    ClapModel(ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=8)).save_pretrained(directory)
    tokenizer = RobertaTokenizer(str(vocabulary / "vocab.json"), str(vocabulary / "merges.txt"))
    ClapProcessor(ClapFeatureExtractor(truncation="rand_trunc"), tokenizer).save_pretrained(directory)
    return fetched(directory, "transformers", "ClapModel", **({"task": "zero_shot_tags"} | changes))
