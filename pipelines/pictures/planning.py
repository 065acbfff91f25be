"""From what a person asked for to what is to be drawn: every option checked, models chosen, nothing loaded."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from PIL import Image, ImageOps

from models.errors import InvalidOption, ModelError
from models.model_catalog import AUTO, ModelCatalog, ModelChoice
from models.specs.image import DrawingDefaults, drawing_defaults
from models.specs.model_spec import ModelSpec, Task
from pipelines.clip.clip import MIN_CUT_SECONDS, AudioClip
from pipelines.pictures.audio_embeds import choose_aligner
from pipelines.pictures.errors import BrokenStartPicture
from pipelines.pictures.options import LARGEST_SEED, SCHEDULERS, PictureOptions
from pipelines.pictures.sampling import SamplingOptions

MAX_PICTURES = 16
MAX_STEPS = 100
MAX_LCM_STEPS = 50
"""The LCM scheduler picks its steps among those of its teacher."""
MAX_GUIDANCE = 30.0
MAX_STRENGTH = 3.0
"""Of the sound."""
MAX_LETTERS = 2000
SIDE_STEP = 8
"""Pixels of a latent's side."""
LARGEST_START_PIXELS = 64 * 10**6
WORKING_BYTES_PER_PIXEL = 4096
"""What an autoencoder like Stable Diffusion's needs at the last layers of its decoder, in float32, with room for copies."""


@dataclass(frozen=True)
class PicturePlan:
    """What will be done."""

    options: PictureOptions
    model: ModelChoice
    aligner: ModelChoice | None
    """None: the sound has no share."""
    sampling: SamplingOptions
    seed: int
    """Of the first picture."""

    @property
    def working_bytes(self) -> int:
        """Memory that drawing one picture needs beside the model."""
        return WORKING_BYTES_PER_PIXEL * self.sampling.width * self.sampling.height

    @property
    def needs_written_prompt(self) -> bool:
        """Whether words about the sound are drawn that nobody has given."""
        return self.options.prompt is None and self.options.sound_share < 1

    @property
    def listens(self) -> bool:
        """Whether the picture depends on the clip."""
        return self.aligner is not None or self.needs_written_prompt


def plan_picture(clip: AudioClip, options: PictureOptions, catalog: ModelCatalog) -> PicturePlan:
    """Check `options` and choose the models.

    Raises:
        InvalidOption, BrokenStartPicture: an option cannot be followed.
        ModelError: see `ModelCatalog.choose` and `choose_aligner`.
    """
    _check_numbers(options)
    _check_texts(options)
    _check_part(clip, options)
    if options.start_picture is not None:
        _check_start_picture(options.start_picture)
    choice, aligner = _models(options, catalog)
    seed = secrets.randbelow(LARGEST_SEED - MAX_PICTURES) if options.seed is None else options.seed
    return PicturePlan(options, choice, aligner, _sampling(options, choice.spec), seed)


def _models(options: PictureOptions, catalog: ModelCatalog) -> tuple[ModelChoice, ModelChoice | None]:
    """The picture model and, if the sound has a share, its aligner; 'auto' passes over picture models that none is here for."""
    task: Task = "draw_quickly" if options.fast and options.model == AUTO else "draw_pictures"
    if options.sound_share == 0:
        return catalog.choose(task, options.model), None
    rivals = catalog.models(task) if options.model == AUTO else ()
    aligned = {spec.key for spec in rivals if _has_aligner(spec, options, catalog)}
    choice = catalog.choose(task, options.model, suits=lambda spec: not aligned or spec.key in aligned)
    return choice, choose_aligner(catalog, choice.spec, options.aligner)


def _has_aligner(spec: ModelSpec, options: PictureOptions, catalog: ModelCatalog) -> bool:
    try:
        choose_aligner(catalog, spec, options.aligner)
    except ModelError:
        return False
    return True


def _check_numbers(options: PictureOptions) -> None:
    _require("sound share", options.sound_share, 0, 1)
    _require("strength of the sound", options.sound_strength, 0, MAX_STRENGTH)
    _require("strength of the start picture", options.start_picture_strength, 0, 1)
    _require("number of pictures", options.pictures, 1, MAX_PICTURES)
    _require("preview", options.preview_every, 0, MAX_STEPS)
    if options.guidance_scale is not None:
        _require("guidance", options.guidance_scale, 0, MAX_GUIDANCE)
    if options.seed is not None:
        _require("seed", options.seed, 0, LARGEST_SEED)
    if options.scheduler and options.scheduler not in SCHEDULERS:
        raise InvalidOption("scheduler", options.scheduler, f"one of {', '.join(SCHEDULERS)}")


def _require(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InvalidOption(name, value, f"{least:g} to {most:g}")


def _check_texts(options: PictureOptions) -> None:
    texts = {"prompt": options.prompt or "", "own words": options.own_words, "negative prompt": options.negative_prompt}
    for name, text in (texts | {"style": options.style}).items():
        if len(text) > MAX_LETTERS:
            raise InvalidOption(name, text, f"at most {MAX_LETTERS} letters")


def _check_part(clip: AudioClip, options: PictureOptions) -> None:
    start = 0.0 if options.start is None else options.start
    end = clip.duration if options.end is None else min(options.end, clip.duration)
    if not 0 <= start <= end - MIN_CUT_SECONDS:
        raise InvalidOption("part", f"{start:.2f} to {end:.2f} s", f"at least {MIN_CUT_SECONDS} s inside the clip")


def _check_start_picture(picture: Image.Image) -> None:
    """Files are decoded here, not before: their size is known without that."""
    if picture.width * picture.height > LARGEST_START_PIXELS:
        raise BrokenStartPicture(f"it has {picture.width} by {picture.height} pixels")
    try:
        picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BrokenStartPicture("its file is damaged") from error


def _sampling(options: PictureOptions, spec: ModelSpec) -> SamplingOptions:
    usual = drawing_defaults(spec)
    width, height = (_side(name, side, usual) for name, side in (("width", options.width), ("height", options.height)))
    steps = (usual.fast_steps if options.fast else usual.steps) if options.steps is None else options.steps
    scheduler = options.scheduler or usual.scheduler
    _require("steps", steps, 1, MAX_LCM_STEPS if scheduler == "LCM" else MAX_STEPS)
    start = options.start_picture
    sampling = SamplingOptions(
        steps=steps,
        guidance_scale=usual.guidance_scale if options.guidance_scale is None else options.guidance_scale,
        width=width,
        height=height,
        scheduler=SCHEDULERS.get(scheduler, ""),
        start_picture=None if start is None else as_drawn(start, width, height),
        start_picture_strength=options.start_picture_strength,
    )
    if sampling.steps_to_do < 1:
        accepted = f"at least {1 / sampling.steps:.2f} with {sampling.steps} steps"
        raise InvalidOption("strength of the start picture", options.start_picture_strength, accepted)
    return sampling


def _side(name: str, side: int | None, usual: DrawingDefaults) -> int:
    if side is None:
        return usual.size
    if not usual.smallest <= side <= usual.largest or side % SIDE_STEP:
        accepted = f"multiples of {SIDE_STEP} from {usual.smallest} to {usual.largest} with this model"
        raise InvalidOption(name, side, accepted)
    return side


def as_drawn(picture: Image.Image, width: int, height: int) -> Image.Image:
    """RGB of the given size: upright, on white where it is transparent, its edges cut where its shape is another."""
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    opaque = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
    return ImageOps.fit(opaque, (width, height), Image.Resampling.LANCZOS)
