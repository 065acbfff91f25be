"""The autoencoder: 96 x 96 pixels to 8 x 12 x 12 latents and back (the first stage of latent diffusion, Rombach et al. 2022)."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional

from training.loop.batches import Loss, LossAt, Shard, generator_at, mean_of
from training.loop.options import LoopOptions
from training.tiny_diffusion.recognition import Recogniser, perceptual_distance

LATENT_CHANNELS = 8
KL_WEIGHT = 2e-4
GREEN_WEIGHT = 0.3
GREEN_CHANNEL = 6
PERCEPTUAL_WEIGHT = 0.5
LATENT_NOISE = 0.3
"""Greatest standard deviation of the noise that the decoder learns to overlook; latents have a deviation of 1."""


def build_autoencoder(channels: tuple[int, ...] = (16, 32, 64, 128), size: int = 96) -> Any:
    """Return an AutoencoderKL without attention that halves the sides once less than it has levels."""
    levels = len(channels)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=channels,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        mid_block_add_attention=False,
        sample_size=size,
        scaling_factor=1.0,
    )


def to_model(pixels: Tensor) -> Tensor:
    """Return the uint8 pixels [n, height, width, 3] as the model's values [n, 3, height, width] from -1 to 1."""
    return pixels.permute(0, 3, 1, 2).contiguous().float().div(127.5).sub(1)


def picture_loss(decoded: Tensor, pixels: Tensor) -> Tensor:
    """Return the absolute and squared errors, with more weight on edges, on chroma and on the colour of areas.

    Without the terms for colour a small autoencoder gets shapes right and colours wrong.
    """
    error = decoded.float() - pixels
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    chroma = error - error.mean(1, keepdim=True)
    areas = 4 * functional.avg_pool2d(error, 8).square().mean()
    chroma_areas = functional.avg_pool2d(chroma, 4)
    green_areas = chroma_areas[:, 1]
    colours = 2 * chroma.abs().mean() + areas + 6 * chroma_areas.square().mean() + chroma_areas.abs().mean()
    greens = 16 * green_areas.square().mean() + 2 * green_areas.abs().mean()
    return error.abs().mean() + error.square().mean() + 0.4 * edges + colours + greens


def green_channel_loss(latents: Tensor, pixels: Tensor) -> Tensor:
    """Return how far one latent channel is from the greenness of its cell, on a scale where that has a deviation near 1.

    Green against magenta varies least in the pictures. Left alone, the encoder kept nothing of it for thousands of steps, and the
    decoder guessed it from shapes: orange leaves.
    """
    cell = pixels.shape[-1] // latents.shape[-1]
    red, green, blue = functional.avg_pool2d(pixels, cell).unbind(1)
    greenness = 5 * (green - (red + blue) / 2)
    return (latents[:, GREEN_CHANNEL].float() - greenness).square().mean()


def autoencoder_loss(model: Any, pixels: Tensor, options: LoopOptions) -> LossAt:
    """Return the loss of training on uint8 pixels [n, 96, 96, 3]; the latents are not normalised."""

    def loss_at(step: int, shard: Shard) -> Loss:
        rng = generator_at(step, options.seed)
        chosen = shard.take(torch.randint(len(pixels), (options.batch_size,), generator=rng).tolist())
        batch = to_model(pixels[chosen]).to(model.device)
        posterior = model.encode(batch).latent_dist
        decoded = model.decode(posterior.sample(rng)).sample
        kl = 0.5 * (posterior.mean.square() + posterior.var - 1 - posterior.logvar).float().mean()
        greens = green_channel_loss(posterior.mean, batch)
        return mean_of(picture_loss(decoded, batch) + KL_WEIGHT * kl + GREEN_WEIGHT * greens, len(chosen))

    return loss_at


def encode(model: Any, pixels: Tensor, batch: int = 64) -> tuple[Tensor, Tensor]:
    """Return the mean and standard deviation of the latents, each [n, 8, 12, 12], of uint8 pixels [n, 96, 96, 3]."""
    with torch.no_grad():
        posteriors = [model.encode(to_model(part).to(model.device)).latent_dist for part in pixels.split(batch)]
    return torch.cat([each.mean.cpu() for each in posteriors]), torch.cat([each.std.cpu() for each in posteriors])


def normalise_latents(model: Any, pixels: Tensor) -> None:
    """Fold each latent channel's mean and deviation into the convolutions around it, so that latents are standard normal.

    The scaling factor of the pipeline then is 1, and no channel drowns in the noise that suits another.
    """
    mean, deviation = encode(model, pixels)
    shift = mean.mean((0, 2, 3))
    scale = (mean.var((0, 2, 3)) + deviation.square().mean((0, 2, 3))).sqrt()
    with torch.no_grad():
        before, after = model.quant_conv, model.post_quant_conv
        before.weight[:LATENT_CHANNELS] /= scale.view(-1, 1, 1, 1)
        before.bias[:LATENT_CHANNELS] = (before.bias[:LATENT_CHANNELS] - shift) / scale
        before.bias[LATENT_CHANNELS:] -= 2 * scale.log()
        after.bias += (after.weight[:, :, 0, 0] * shift).sum(1)
        after.weight *= scale.view(1, -1, 1, 1)


def decoder_of(model: Any) -> nn.Module:
    """Return what decodes latents, as one trainable module."""
    return nn.ModuleList([model.post_quant_conv, model.decoder])


def decoder_loss(model: Any, pixels: Tensor, latents: Tensor, options: LoopOptions, critic: Recogniser | None = None) -> LossAt:
    """Return the loss of the decoder on latents with noise, for a diffusion model's latents are never quite clean.

    Args:
        model: the autoencoder, whose decoder is trained.
        pixels: uint8 [n, 96, 96, 3].
        latents: what is to be decoded to them, [n, 8, 12, 12].
        options: of the training.
        critic: a network whose features are to be the same; None compares pixels alone, which leaves edges soft.
    """

    def loss_at(step: int, shard: Shard) -> Loss:
        rng = generator_at(step, options.seed)
        chosen = torch.randint(len(pixels), (options.batch_size,), generator=rng)
        levels = LATENT_NOISE * torch.rand(len(chosen), 1, 1, 1, generator=rng)
        noisy = latents[chosen] + levels * torch.randn(latents[chosen].shape, generator=rng)
        part = shard.take(range(len(chosen)))
        decoded, target = model.decode(noisy[part].to(model.device)).sample, to_model(pixels[chosen[part]]).to(model.device)
        loss = picture_loss(decoded, target)
        if critic is not None:
            loss = loss + PERCEPTUAL_WEIGHT * perceptual_distance(critic, decoded, target)
        return mean_of(loss, len(part))

    return loss_at


def peak_signal_to_noise(model: Any, pixels: Tensor) -> float:
    """Return the mean PSNR in dB of encoding and decoding uint8 pixels [n, 96, 96, 3]."""
    errors = []
    for part in pixels.split(64):
        values = to_model(part)
        with torch.no_grad():
            decoded = model.decode(model.encode(values).latent_dist.mean).sample.clamp(-1, 1)
        errors.append((decoded - values).square().mean((1, 2, 3)))
    return float((10 * torch.log10(4 / torch.cat(errors))).mean())
