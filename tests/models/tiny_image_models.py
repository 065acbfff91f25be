"""Picture models of the real classes with tiny random weights, saved as the loaders expect to find them."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.specs.aligner import W2V_BERT_ALIGNER, AlignerFacts
from models.specs.image import (
    LCM_DREAMSHAPER,
    SD_TURBO,
    SD_X2_UPSCALER,
    STABLE_DIFFUSION_2_1,
    TAESD,
    DrawingDefaults,
    ImageModelSpec,
)
from models.specs.model_spec import FetchedModel

TEXT_WIDTH = 32
SIDE = 32
"""Pixels."""
LATENT_CHANNELS = 4


def save_stable_diffusion_2_1(directory: Path, width: int = 8, **changes: Any) -> FetchedModel:
    """DDIM on velocities, a UNet with linear projections and as many heads as its level is wide, 77 tokens.

    `width`: channels of the first level of UNet and autoencoder.
    """
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    return _save(STABLE_DIFFUSION_2_1, directory, scheduler, changes, width=width, steps=4)


def save_turbo(directory: Path) -> FetchedModel:
    """The same, for a few Euler steps without guidance."""
    from diffusers import EulerDiscreteScheduler

    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="trailing", steps_offset=1
    )
    return _save(SD_TURBO, directory, scheduler, {}, steps=2, guidance_scale=0.0)


def save_lcm(directory: Path) -> FetchedModel:
    """A latent consistency model, whose guidance scale is an embedding."""
    from diffusers import LCMScheduler

    scheduler = LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, steps_offset=1)
    return _save(LCM_DREAMSHAPER, directory, scheduler, {}, {"time_cond_proj_dim": 32}, steps=2, guidance_scale=8.0)


def save_preview_decoder(directory: Path) -> FetchedModel:
    """An AutoencoderTiny of eight times."""
    import torch
    from diffusers import AutoencoderTiny

    torch.manual_seed(2)
    AutoencoderTiny(
        encoder_block_out_channels=(4,) * 4,
        decoder_block_out_channels=(4,) * 4,
        num_encoder_blocks=(1,) * 4,
        num_decoder_blocks=(1,) * 4,
        latent_channels=LATENT_CHANNELS,
    ).save_pretrained(directory)
    return FetchedModel(TAESD, directory, "c0ffee")


def save_upscaler(directory: Path) -> FetchedModel:
    """A latent upscaler with the blocks of K-diffusion, whose UNet gets the latents of the picture beside the noise."""
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionLatentUpscalePipeline, UNet2DConditionModel

    torch.manual_seed(4)
    tokenizer = _tokenizer(directory.with_name(f"{directory.name}-vocabulary"))
    unet = UNet2DConditionModel(
        in_channels=2 * LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS + 1,
        block_out_channels=(32, 32, 64, 64),
        layers_per_block=1,
        act_fn="gelu",
        attention_head_dim=8,
        norm_num_groups=None,
        down_block_types=("KDownBlock2D", "KCrossAttnDownBlock2D", "KCrossAttnDownBlock2D", "KCrossAttnDownBlock2D"),
        up_block_types=("KCrossAttnUpBlock2D", "KCrossAttnUpBlock2D", "KCrossAttnUpBlock2D", "KUpBlock2D"),
        mid_block_type=None,
        cross_attention_dim=TEXT_WIDTH,
        time_embedding_type="fourier",
        time_cond_proj_dim=128 + TEXT_WIDTH,
        timestep_post_act="gelu",
        conv_in_kernel=1,
        conv_out_kernel=1,
        resnet_time_scale_shift="scale_shift",
        only_cross_attention=False,
    )
    StableDiffusionLatentUpscalePipeline(
        vae=_autoencoder(8),
        text_encoder=_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=EulerDiscreteScheduler(prediction_type="sample"),
    ).save_pretrained(directory)
    return FetchedModel(replace(SD_X2_UPSCALER, cpu_bytes=10**6, gpu_bytes=10**6), directory, "c0ffee")


def save_w2v_bert_aligner(directory: Path) -> FetchedModel:
    """A Wav2Vec2-BERT of two layers whose adapter makes 47 states of 3.75 s, as wide as the texts of the picture models here."""
    import torch
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig, Wav2Vec2BertModel

    torch.manual_seed(3)
    config = Wav2Vec2BertConfig(
        hidden_size=TEXT_WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        feature_projection_input_dim=160,
        output_hidden_size=TEXT_WIDTH,
        conv_depthwise_kernel_size=3,
        add_adapter=True,
        num_adapter_layers=2,
        adapter_kernel_size=3,
        adapter_stride=2,
        apply_spec_augment=False,
        vocab_size=None,
    )
    Wav2Vec2BertModel(config).save_pretrained(directory)
    SeamlessM4TFeatureExtractor().save_pretrained(directory)
    facts = AlignerFacts(text_width=TEXT_WIDTH, tokens=48, window_seconds=3.75)
    return FetchedModel(replace(W2V_BERT_ALIGNER, facts=facts, cpu_bytes=10**6, quick_on_cpu=True), directory, "c0ffee")


def with_drawing(model: FetchedModel, **changes: Any) -> FetchedModel:
    """The same files with other defaults, e.g. `size`."""
    spec = model.spec
    assert isinstance(spec, ImageModelSpec)
    return replace(model, spec=replace(spec, drawing=replace(spec.drawing, **changes)))


def _save(
    spec: ImageModelSpec,
    directory: Path,
    scheduler: Any,
    changes: dict[str, Any],
    unet: dict[str, Any] | None = None,
    width: int = 8,
    **defaults: Any,
) -> FetchedModel:
    """A pipeline with `scheduler` on disk, in the place of the hub's files of `spec`."""
    import torch
    from diffusers import StableDiffusionPipeline

    torch.manual_seed(1)
    tokenizer = _tokenizer(directory.with_name(f"{directory.name}-vocabulary"))
    pipeline = StableDiffusionPipeline(
        unet=_unet(width, unet or {}),
        vae=_autoencoder(width),
        text_encoder=_text_encoder(tokenizer),
        tokenizer=tokenizer,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(directory, variant=spec.variant or None)
    usual: dict[str, Any] = {
        "text_width": TEXT_WIDTH,
        "size": SIDE,
        "smallest": 16,
        "largest": 64,
        "fast_steps": 2,
        "guidance_scale": 5.0,
        "styles": ("sketch",),
        "preview_decoder": TAESD,
        "closed_vocabulary": True,
    }
    drawing = DrawingDefaults(**(usual | defaults))
    row = replace(spec, drawing=drawing, cpu_bytes=10**6, gpu_bytes=10**6, quick_on_cpu=True, **changes)
    return FetchedModel(row, directory, "c0ffee")


def _unet(width: int, changes: dict[str, Any]) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=SIDE // 8,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(width, 2 * width),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=TEXT_WIDTH,
        **changes,
    )


def _autoencoder(width: int) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(width,) * 4,
        norm_num_groups=4,
        latent_channels=LATENT_CHANNELS,
        sample_size=SIDE,
    )


def _text_encoder(tokenizer: Any) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            initializer_range=0.5,
        )
    )


def _tokenizer(directory: Path) -> Any:
    """Every letter is a token."""
    from transformers import CLIPTokenizer

    directory.mkdir(parents=True)
    signs = [*string.ascii_lowercase, *string.digits, ",", "."]
    tokens = ["<|startoftext|>", "<|endoftext|>", *signs, *(f"{sign}</w>" for sign in signs)]
    (directory / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (directory / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(directory / "vocab.json"), str(directory / "merges.txt"), model_max_length=77)
