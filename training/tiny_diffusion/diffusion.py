"""The diffusion model and its text encoder, trained together on latents.

Latent diffusion (Rombach et al. 2022) with velocity prediction (Salimans & Ho 2022), a noise schedule that ends without signal
(Lin et al. 2023, zero terminal SNR) and losses weighted by min-SNR (Hang et al. 2023). The pooled text enters every residual
block (`addition_embed_type="text"`): with cross-attention alone, so small a model draws blobs for long.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from training.loop.batches import Loss, LossAt, Shard, generator_at, mean_of
from training.loop.options import LoopOptions
from training.tiny_diffusion.autoencoder import LATENT_CHANNELS
from training.tiny_diffusion.captions import STYLE_WORDS, caption
from training.tiny_diffusion.dataset import Item
from training.tiny_diffusion.tokenizer import TEXT_LENGTH, tokenize

TRAIN_TIMESTEPS = 1000
MIN_SNR_GAMMA = 5.0
MIN_WEIGHT = 0.3
"""Minimum weight of a timestep's loss: min-SNR for velocities would nearly ignore the noisiest, which decide the composition."""

REDRAWING_STEPS, GUIDANCE = 12, 3.0
"""As the app draws."""


@dataclass(frozen=True)
class NetworkOptions:
    """Sizes of the two networks, and what disturbs their inputs."""

    text_width: int = 192
    text_layers: int = 2
    channels: tuple[int, int] = (128, 160)
    latent_side: int = 12
    groups: int = 16
    unconditional: float = 0.1
    """Share of pictures trained without a caption, for guidance (Ho & Salimans 2022)."""
    text_noise: float = 0.5
    """Greatest noise on the text's embedding, against its own deviation: another encoder, such as one for sound, will never
    hit it exactly."""


def build_text_to_latents(tokenizer: Any, options: NetworkOptions) -> Any:
    """Return the text encoder and the UNet as one trainable module."""
    return nn.ModuleDict({"text_encoder": build_text_encoder(tokenizer, options), "unet": build_unet(options)})


def build_text_encoder(tokenizer: Any, options: NetworkOptions) -> Any:
    """Return a CLIPTextModel for 16 tokens."""
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=options.text_width,
            projection_dim=options.text_width,
            intermediate_size=8 * options.text_width // 3,
            num_hidden_layers=options.text_layers,
            num_attention_heads=4,
            max_position_embeddings=TEXT_LENGTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    # CLIP's own deviation of 0.02 is meant for long trainings; words that differ from the start are separated sooner.
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.3 if module.num_embeddings == len(tokenizer) else 0.1)
    return model


def build_unet(options: NetworkOptions) -> Any:
    """Return a UNet of two levels that attends to the text at the lower one and in the middle."""
    return UNet2DConditionModel(
        sample_size=options.latent_side,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=options.channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=options.text_width,
        attention_head_dim=4,
        norm_num_groups=options.groups,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
    )


def build_scheduler() -> Any:
    """Return the DDIM scheduler in the setting of Lin et al. 2023."""
    return DDIMScheduler(
        num_train_timesteps=TRAIN_TIMESTEPS,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


@dataclass(frozen=True)
class Latents:
    """The training set as the diffusion model sees it."""

    items: tuple[Item, ...]
    means: Tensor
    """[n, 8, 12, 12]."""
    deviations: Tensor
    """[n, 8, 12, 12]."""

    def every(self, step: int) -> Latents:
        """Return every `step`-th picture: the first variant of each."""
        return Latents(self.items[::step], self.means[::step], self.deviations[::step])


def resampled(latents: Latents, factors: dict[str, float]) -> Latents:
    """Return the same training set with each concept seen `factors` times as often; scenes are seen as often as before."""
    items = [
        replace(item, weight=item.weight * factors[item.concepts[0]]) if len(item.concepts) == 1 else item
        for item in latents.items
    ]
    return replace(latents, items=tuple(items))


def diffusion_loss(model: Any, tokenizer: Any, latents: Latents, networks: NetworkOptions, options: LoopOptions) -> LossAt:
    """Return the loss of each step."""
    weights = torch.tensor([item.weight for item in latents.items])
    signals = build_scheduler().alphas_cumprod

    def loss_at(step: int, shard: Shard) -> Loss:
        rng, device = generator_at(step, options.seed), model["unet"].device
        chosen = torch.multinomial(weights, options.batch_size, replacement=True, generator=rng)
        clean = latents.means[chosen] + latents.deviations[chosen] * torch.randn(latents.means[chosen].shape, generator=rng)
        timesteps = stratified_timesteps(options.batch_size, rng)
        noise = torch.randn(clean.shape, generator=rng)
        signal = signals[timesteps].view(-1, 1, 1, 1)
        noisy = signal.sqrt() * clean + (1 - signal).sqrt() * noise
        velocity = signal.sqrt() * noise - (1 - signal).sqrt() * clean
        ids = tokenize(tokenizer, captions_of(latents.items, chosen, step, networks.unconditional))
        part = shard.take(range(options.batch_size))
        text = with_noise(model["text_encoder"](ids[part].to(device))[0], networks.text_noise, rng)
        predicted = model["unet"](noisy[part].to(device), timesteps[part].to(device), text).sample
        errors = (predicted.float() - velocity[part].to(device)).square().mean((1, 2, 3))
        return mean_of((errors * loss_weights(signal[part].flatten()).to(device)).mean(), len(part))

    return loss_at


def stratified_timesteps(batch: int, rng: torch.Generator) -> Tensor:
    """Return one timestep from each of `batch` equal intervals, in random order: a less noisy loss than independent draws."""
    spread = (torch.arange(batch) + torch.rand(1, generator=rng)) / batch * TRAIN_TIMESTEPS
    return spread.long()[torch.randperm(batch, generator=rng)]


def loss_weights(signal: Tensor) -> Tensor:
    """Return the Min-SNR weights for velocity prediction, with a floor; `signal` is the cumulative product of alphas."""
    snr = signal / (1 - signal)
    return (snr.clamp(max=MIN_SNR_GAMMA) / (snr + 1)).clamp(min=MIN_WEIGHT)


def captions_of(items: tuple[Item, ...], chosen: Tensor, step: int, unconditional: float) -> list[str]:
    """Return a caption for each chosen item; some are empty."""
    rng = random.Random(step)
    return ["" if rng.random() < unconditional else caption(items[index], rng) for index in chosen.tolist()]


def with_noise(text: Tensor, most: float, rng: torch.Generator) -> Tensor:
    """Return embeddings [n, 16, width], half of them with noise of up to `most` times their deviation."""
    level = most * (2 * torch.rand(len(text), 1, 1, generator=rng) - 1).clamp(min=0)
    noise = level * torch.randn(text.shape, generator=rng)
    return text + text.std().detach() * noise.to(text.device)


def redrawn(pipeline: Any, latents: Latents, rng: torch.Generator) -> Tensor:
    """Return latents like those of the training set with the mistakes of `pipeline`: noised half-way, and drawn to the end again.

    Scenes stay as they are. [n, 8, 12, 12], in the order of `latents`.
    """
    scheduler = build_scheduler()
    scheduler.set_timesteps(REDRAWING_STEPS)
    timesteps = scheduler.timesteps[REDRAWING_STEPS // 3 :]
    drawn = latents.means.clone()
    single = torch.tensor([index for index, item in enumerate(latents.items) if len(item.concepts) == 1])
    for part in single.split(64):
        items = [latents.items[index] for index in part.tolist()]
        captions = [f"{item.concepts[0]}, {STYLE_WORDS[item.style][0]} style, on {item.ground}" for item in items]
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            texts = pipeline.text_encoder(tokenize(pipeline.tokenizer, [""] * len(captions) + captions))[0]
            noise = torch.randn(drawn[part].shape, generator=rng)
            now = scheduler.add_noise(drawn[part], noise, timesteps[:1].expand(len(part)))
            for timestep in timesteps:
                plain, guided = pipeline.unet(now.repeat(2, 1, 1, 1), timestep, texts).sample.float().chunk(2)
                now = scheduler.step(plain + GUIDANCE * (guided - plain), timestep, now).prev_sample
        drawn[part] = now
    return drawn
