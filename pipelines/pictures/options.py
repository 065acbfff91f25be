"""What a person can choose of a picture, what comes of it, and what it takes to make the same picture again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from models.model_catalog import AUTO
from models.specs.image import drawing_defaults
from models.specs.model_spec import ModelSpec
from pipelines.pictures.concept_decomposition import HeardWord

SCHEDULERS: dict[str, str] = {
    "DDIM": "DDIMScheduler",
    "DPM++ 2M": "DPMSolverMultistepScheduler",
    "UniPC": "UniPCMultistepScheduler",
    "Euler": "EulerDiscreteScheduler",
    "Euler ancestral": "EulerAncestralDiscreteScheduler",
    "LCM": "LCMScheduler",
}
"""Name for people -> class of diffusers. All of them can begin at pure noise, as models with zero terminal SNR need it."""

LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class PictureOptions:
    """What the person can choose."""

    model: str = AUTO
    aligner: str = AUTO
    sound_share: float = 1.0
    """1: the sound itself is the prompt; 0: words about it are; between: a blend of both."""
    sound_strength: float = 1.0
    """How far the sound's states stand from those of noise, against what the aligner gives."""
    prompt: str | None = None
    """The words about the sound; None: written from the clip where they are needed."""
    own_words: str = ""
    """Added to whatever the prompt is, also to a sound."""
    negative_prompt: str = ""
    style: str = ""
    """Added to the prompt after a comma, e.g. one of `style_names`; empty for none."""
    start: float | None = None
    end: float | None = None
    """The part of the clip that is drawn, in seconds; None: its most telling window."""
    steps: int | None = None
    guidance_scale: float | None = None
    width: int | None = None
    height: int | None = None
    """Pixels, multiples of 8. These four: None for the model's own."""
    scheduler: str = ""
    """A name in `SCHEDULERS`; empty for the model's own."""
    seed: int | None = None
    """Of the first picture, the next one has the next; None: a random one, which the picture's settings tell."""
    pictures: int = 1
    start_picture: Image.Image | None = None
    start_picture_strength: float = 0.6
    """How much of the start picture is drawn anew: near 0 hardly anything, 1 all."""
    preview_every: int = 2
    """Steps from one preview to the next; 0 for none."""
    fast: bool = False
    """Few steps, with a model made for that where there is one."""


@dataclass(frozen=True)
class PictureSettings:
    """All that made one picture: with the same clip and models, `options` draws it again to the bit on the same machine."""

    model: str
    """Key in the catalogue."""
    model_title: str
    model_revision: str
    aligner: str
    """Key in the catalogue; this and the next two are empty where the picture was drawn from words alone."""
    aligner_title: str
    aligner_revision: str
    clip_name: str
    clip_hash: str
    start: float
    end: float
    """Of the part that was drawn, in seconds of the clip."""
    sound_share: float
    sound_strength: float
    prompt: str | None
    """The words about the sound; None: none were needed."""
    heard: tuple[str, ...]
    """Concepts that the aligner heard, best first."""
    own_words: str
    negative_prompt: str
    style: str
    steps: int
    guidance_scale: float
    width: int
    height: int
    """Pixels of what the model drew; the image may be this times a whole number."""
    scheduler: str
    """A name in `SCHEDULERS`; empty for the model's own."""
    seed: int
    start_picture: Image.Image | None = None
    """As the model saw it: RGB, `width` by `height`."""
    start_picture_strength: float = 0.6
    fast: bool = False

    def options(self) -> PictureOptions:
        """What draws this picture again."""
        return PictureOptions(
            model=self.model,
            aligner=self.aligner or AUTO,
            sound_share=self.sound_share,
            sound_strength=self.sound_strength,
            prompt=self.prompt,
            own_words=self.own_words,
            negative_prompt=self.negative_prompt,
            style=self.style,
            start=self.start,
            end=self.end,
            steps=self.steps,
            guidance_scale=self.guidance_scale,
            width=self.width,
            height=self.height,
            scheduler=self.scheduler,
            seed=self.seed,
            start_picture=self.start_picture,
            start_picture_strength=self.start_picture_strength,
            fast=self.fast,
        )


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture."""

    image: Image.Image
    """RGB."""
    seed: int
    settings: PictureSettings


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is known so far; the last one of a run is the result."""

    state: Literal["loading", "listening", "drawing", "done", "stopped"] = "loading"
    start: float = 0.0
    end: float = 0.0
    """Of the part of the clip that is drawn, in seconds; 0 to 0 until it is chosen."""
    prompt: str = ""
    """The words about the sound that are used, without the person's own and the style; empty where none are needed."""
    heard: tuple[HeardWord, ...] = ()
    """What the aligner heard, best first; empty where the picture is drawn from words alone."""
    picture: int = 0
    """Number of the picture that is being drawn, from 1."""
    step: int = 0
    steps: int = 0
    """Of one picture."""
    preview: Image.Image | None = None
    """RGB: what the picture that is being drawn looks like; it stays when the job is stopped."""
    pictures: tuple[Picture, ...] = ()
    """Those that are ready."""
    model: str = ""
    """Title."""
    model_reason: str = ""
    aligner: str = ""
    """Title; empty where the picture is drawn from words alone."""
    licences: tuple[str, ...] = ()
    """Of the picture model, then of the aligner."""
    dtype: str = ""
    device: str = ""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""


def style_names(spec: ModelSpec) -> tuple[str, ...]:
    """Styles that a picture model knows, as `PictureOptions.style` takes them."""
    return drawing_defaults(spec).styles
