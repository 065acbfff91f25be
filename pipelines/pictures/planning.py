"""Plan a picture: check every option and choose the models before any of them is loaded."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from models.arrays import MAX_SEED
from models.errors import InvalidOption, ModelError
from models.model_catalog import ModelCatalog, ModelChoice
from models.specs.image import DrawingDefaults, drawing_defaults
from models.specs.model_spec import AUTO, ModelSpec, Task
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import MIN_CUT_SECONDS
from pipelines.jobs.gpu_seconds import drawing_seconds
from pipelines.pictures.audio_embeds import choose_aligner
from pipelines.pictures.init_image import check_init_image, prepare_init_image
from pipelines.pictures.options import (
    MAX_GUIDANCE_SCALE,
    MAX_STEPS,
    MAX_TEXT_CHARACTERS,
    SCHEDULERS,
    DiffusionOptions,
    PictureOptions,
)

MAX_LCM_STEPS = 50
"""The LCM scheduler picks its steps among the 50 of its teacher."""
MAX_AUDIO_GUIDANCE = 3.0
LATENT_PIXELS = 8
"""Side of one latent in pixels; sides of pictures are multiples of it."""
WORKING_BYTES_PER_PIXEL = 4096
"""Memory of the last layers of a decoder like Stable Diffusion's, in float32, with room for copies."""
ENCODING_SECONDS = 2.0
"""Estimated GPU time for the embeds of the audio, of the prompt and of the concepts."""


@dataclass(frozen=True)
class PicturePlan:
    """Checked options, and the models that will follow them."""

    options: PictureOptions
    model: ModelChoice
    aligner: ModelChoice | None
    """None: the audio weight is 0."""
    sampling: DiffusionOptions
    seed: int
    """Seed of the first picture."""

    @property
    def working_bytes(self) -> int:
        """Memory that one picture needs beside the model."""
        return WORKING_BYTES_PER_PIXEL * self.sampling.width * self.sampling.height

    @property
    def gpu_seconds(self) -> float:
        """Estimated GPU time of one picture."""
        sampling = self.sampling
        return ENCODING_SECONDS + drawing_seconds(self.model.spec, sampling.width * sampling.height, sampling.denoising_steps)

    @property
    def needs_written_prompt(self) -> bool:
        """Whether the prompt has to be written from the clip."""
        return self.options.prompt is None and self.options.audio_weight < 1

    @property
    def uses_audio(self) -> bool:
        """Whether the picture depends on the clip."""
        return self.aligner is not None or self.needs_written_prompt


def plan_picture(clip: AudioClip, options: PictureOptions, catalog: ModelCatalog) -> PicturePlan:
    """Check `options` and choose the models.

    Raises:
        InvalidOption, InvalidInitImage: an option cannot be followed.
        ModelError: see `ModelCatalog.choose` and `choose_aligner`.
    """
    _check_numbers(options)
    _check_texts(options)
    _check_segment(clip, options)
    if options.init_image is not None:
        check_init_image(options.init_image)
    choice, aligner = _models(options, catalog)
    seed = secrets.randbelow(MAX_SEED + 1) if options.seed is None else options.seed
    return PicturePlan(options, choice, aligner, _sampling(options, choice.spec), seed)


def pictures_gpu_seconds(clip: AudioClip, options: PictureOptions, catalog: ModelCatalog) -> float:
    """Return the estimated time of the pictures on ZeroGPU; 0 for those that need none.

    Raises:
        InvalidOption, InvalidInitImage, ModelError: see `plan_picture`.
    """
    plan = plan_picture(clip, options, catalog)
    return options.pictures * plan.gpu_seconds if plan.model.spec.on_zero_gpu else 0.0


def _models(options: PictureOptions, catalog: ModelCatalog) -> tuple[ModelChoice, ModelChoice | None]:
    """Choose the picture model and, unless the audio weight is 0, its aligner; 'auto' prefers models with an aligner here."""
    task: Task = "draw_quickly" if options.fast and options.model == AUTO else "draw_pictures"
    if options.audio_weight == 0:
        return catalog.choose(task, options.model), None
    candidates = catalog.models(task) if options.model == AUTO else ()
    aligned = {spec.key for spec in candidates if _has_aligner(spec, options, catalog)}
    choice = catalog.choose(task, options.model, suits=lambda spec: not aligned or spec.key in aligned)
    return choice, choose_aligner(catalog, choice.spec, options.aligner)


def _has_aligner(spec: ModelSpec, options: PictureOptions, catalog: ModelCatalog) -> bool:
    try:
        choose_aligner(catalog, spec, options.aligner)
    except ModelError:
        return False
    return True


def _check_numbers(options: PictureOptions) -> None:
    _check_range("audio weight", options.audio_weight, 0, 1)
    _check_range("audio guidance", options.audio_guidance, 0, MAX_AUDIO_GUIDANCE)
    _check_range("strength", options.strength, 0, 1)
    if options.pictures < 1:
        raise InvalidOption("number of pictures", options.pictures, "1 or more")
    _check_range("preview", options.preview_every, 0, MAX_STEPS)
    if options.guidance_scale is not None:
        _check_range("guidance scale", options.guidance_scale, 0, MAX_GUIDANCE_SCALE)
    if options.seed is not None:
        _check_range("seed", options.seed, 0, MAX_SEED)
    if options.scheduler and options.scheduler not in SCHEDULERS:
        raise InvalidOption("scheduler", options.scheduler, f"one of {', '.join(SCHEDULERS)}")


def _check_range(name: str, value: float, minimum: float, maximum: float) -> None:
    if not minimum <= value <= maximum:
        raise InvalidOption(name, value, f"{minimum:g} to {maximum:g}")


def _check_texts(options: PictureOptions) -> None:
    texts = {"prompt": options.prompt or "", "extra prompt": options.extra_prompt, "negative prompt": options.negative_prompt}
    for name, text in (texts | {"style": options.style}).items():
        if len(text) > MAX_TEXT_CHARACTERS:
            raise InvalidOption(name, text, f"at most {MAX_TEXT_CHARACTERS} characters")


def _check_segment(clip: AudioClip, options: PictureOptions) -> None:
    start = 0.0 if options.start is None else options.start
    end = clip.duration if options.end is None else min(options.end, clip.duration)
    if not 0 <= start <= end - MIN_CUT_SECONDS:
        raise InvalidOption("segment", f"{start:.2f} to {end:.2f} s", f"at least {MIN_CUT_SECONDS} s inside the clip")


def _sampling(options: PictureOptions, spec: ModelSpec) -> DiffusionOptions:
    defaults = drawing_defaults(spec)
    width, height = (_side(name, side, defaults) for name, side in (("width", options.width), ("height", options.height)))
    steps = (defaults.fast_steps if options.fast else defaults.steps) if options.steps is None else options.steps
    scheduler = options.scheduler or defaults.scheduler
    _check_range("steps", steps, 1, MAX_LCM_STEPS if scheduler == "LCM" else MAX_STEPS)
    sampling = DiffusionOptions(
        steps=steps,
        guidance_scale=defaults.guidance_scale if options.guidance_scale is None else options.guidance_scale,
        width=width,
        height=height,
        scheduler=SCHEDULERS.get(scheduler, ""),
        init_image=None if options.init_image is None else prepare_init_image(options.init_image, width, height),
        strength=options.strength,
    )
    if sampling.denoising_steps < 1:
        accepted = f"at least {1 / sampling.steps:.2f} with {sampling.steps} steps"
        raise InvalidOption("strength", options.strength, accepted)
    return sampling


def _side(name: str, side: int | None, defaults: DrawingDefaults) -> int:
    if side is None:
        return defaults.size
    if not defaults.smallest <= side <= defaults.largest or side % LATENT_PIXELS:
        accepted = f"multiples of {LATENT_PIXELS} from {defaults.smallest} to {defaults.largest} with this model"
        raise InvalidOption(name, side, accepted)
    return side
