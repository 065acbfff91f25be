"""Options of a picture, the snapshots of a drawing, and the settings that make the same picture again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from PIL import Image

from models.specs.model_spec import AUTO
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import LEFT_OUT, Result
from pipelines.wording.certainty import MIN_PROBABLE

SCHEDULERS: dict[str, str] = {
    "DDIM": "DDIMScheduler",
    "DPM++ 2M": "DPMSolverMultistepScheduler",
    "UniPC": "UniPCMultistepScheduler",
    "Euler": "EulerDiscreteScheduler",
    "Euler ancestral": "EulerAncestralDiscreteScheduler",
    "LCM": "LCMScheduler",
}
"""Name on the page -> class of diffusers. All of them can start from pure noise, which models with zero terminal SNR need."""

MAX_STEPS = 100
MAX_GUIDANCE_SCALE = 30.0
MAX_TEXT_CHARACTERS = 2000


@dataclass(frozen=True)
class PictureOptions:
    """What the person can choose."""

    model: str = AUTO
    aligner: str = AUTO
    audio_weight: float = 1.0
    """Weight of the audio embeds in the prompt embeds, 0 to 1; the text embeds of the prompt have the rest."""
    audio_guidance: float = 1.0
    """Factor on the distance of the audio embeds from the negative prompt embeds; 1 leaves them as the aligner gives them."""
    prompt: str | None = None
    """Description of the audio; None: written from the clip where it is needed."""
    extra_prompt: str = ""
    """Added to the prompt, and to audio embeds likewise."""
    negative_prompt: str = ""
    style: str = ""
    """Added to the prompt after a comma, e.g. one of the model's `DrawingDefaults.styles`; empty for none."""
    start: float | None = None
    end: float | None = None
    """The segment of the clip that is drawn, in seconds; None: its salient window."""
    steps: int | None = None
    guidance_scale: float | None = None
    width: int | None = None
    height: int | None = None
    """Pixels, multiples of 8. These four: None for the model's own."""
    scheduler: str = ""
    """A name in `SCHEDULERS`; empty for the model's own."""
    seed: int | None = None
    """Seed of the first picture; each further picture has the next one, 0 after `MAX_SEED`. None: a random one, which is in the
    settings."""
    pictures: int = 1
    """Number of pictures."""
    init_image: Image.Image | None = None
    """The picture to start from instead of noise."""
    strength: float = 0.6
    """How much of the initial image is replaced: near 0 hardly anything, 1 all."""
    preview_every: int = 2
    """Steps from one preview to the next; 0 for none."""
    fast: bool = False
    """Few steps, with a model made for that where there is one."""


@dataclass(frozen=True)
class PictureSettings(Result):
    """All that made one picture: with the same clip and models, `options` draws it again to the bit on the same machine."""

    model: str
    """Key in the catalogue."""
    model_title: str
    model_revision: str
    aligner: str
    """Key in the catalogue; this and the next two are empty where the picture was drawn from text alone."""
    aligner_title: str
    aligner_revision: str
    clip_name: str
    clip_hash: str
    start: float
    end: float
    """The segment that was drawn, in seconds of the clip."""
    audio_weight: float
    audio_guidance: float
    prompt: str | None
    """Description of the audio; None: none was needed."""
    concepts: tuple[str, ...]
    """Concepts of the audio embeds, largest weight first."""
    extra_prompt: str
    negative_prompt: str
    style: str
    steps: int
    guidance_scale: float
    width: int
    height: int
    """Pixels that the model drew; the image may be this times a whole number."""
    scheduler: str
    """A name in `SCHEDULERS`; empty for the model's own."""
    seed: int
    init_image: Image.Image | None = field(default=None, metadata=LEFT_OUT)
    """The initial image as the model gets it: RGB, `width` by `height`."""
    strength: float = 0.6
    fast: bool = False

    def options(self) -> PictureOptions:
        """Return the options that draw this picture again."""
        return PictureOptions(
            model=self.model,
            aligner=self.aligner or AUTO,
            audio_weight=self.audio_weight,
            audio_guidance=self.audio_guidance,
            prompt=self.prompt,
            extra_prompt=self.extra_prompt,
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
            init_image=self.init_image,
            strength=self.strength,
            fast=self.fast,
        )


@dataclass(frozen=True, eq=False)
class Picture(Result):
    """One finished picture."""

    image: Image.Image = field(metadata=LEFT_OUT)
    """RGB."""
    seed: int
    settings: PictureSettings


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawing(ModelUse):
    """Snapshot of a drawing; the last one of a run is the result. `model` and `licence` name the aligner too, if one is used."""

    state: Literal["loading", "encoding", "drawing", "done", "stopped"] = "loading"
    start: float = 0.0
    end: float = 0.0
    """The segment of the clip that is drawn, in seconds; 0 to 0 until it is chosen."""
    prompt: str = ""
    """Description of the audio that is used, without extra prompt and style; empty where none is needed."""
    concepts: tuple[ConceptWeight, ...] = ()
    """Decomposition of the audio embeds, largest weight first; empty where the picture is drawn from text alone."""
    certainty: float | None = None
    """Probability that the first concept is right, 0 to 1; None where there is none or it was never measured for the aligner."""
    prompt_overflow: str = ""
    """End of the prompt, with extra prompt and style, that the text encoder cut off; empty if all of it was encoded."""
    negative_prompt_overflow: str = ""
    """The same of the negative prompt."""
    picture: int = 0
    """Number of the picture that is being drawn, from 1."""
    step: int = 0
    steps: int = 0
    """Steps of one picture."""
    preview: Image.Image | None = field(default=None, metadata=LEFT_OUT)
    """RGB: the picture that is being drawn, as far as it is; it stays when the job is stopped."""
    pictures: tuple[Picture, ...] = ()
    """Finished pictures."""

    @property
    def is_unsure(self) -> bool:
        """Whether the first concept is more probably wrong than right: the picture then is drawn from words."""
        return self.certainty is not None and self.certainty < MIN_PROBABLE

    @property
    def drawn_concepts(self) -> tuple[ConceptWeight, ...]:
        """The concepts that decide the picture: none where it is drawn from words."""
        return () if self.is_unsure else self.concepts


@dataclass(frozen=True)
class ConceptWeight(Result):
    """A concept with its weight in a decomposition."""

    concept: str
    category: str
    weight: float
    """Fraction of the embeds that the concept explains, 0 to about 1."""


@dataclass(frozen=True)
class DiffusionOptions:
    """How a picture is sampled; all values are checked before."""

    steps: int
    guidance_scale: float
    width: int
    height: int
    """Pixels."""
    scheduler: str = ""
    """Class name of diffusers; empty for the checkpoint's own."""
    init_image: Image.Image | None = None
    """RGB, `width` by `height`."""
    strength: float = 1.0
    """How much of the initial image is replaced, 0 to 1."""

    @property
    def denoising_steps(self) -> int:
        """Steps that are run: with an initial image only the last ones, counted as in `StableDiffusionImg2ImgPipeline`."""
        return int(self.steps * self.strength) if self.init_image else self.steps
