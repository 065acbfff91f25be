"""Latent interpolation: pictures that turn one picture of a storyboard into the next.

They are drawn from prompt embeds between those of their neighbours, with the same initial noise and the same options.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from PIL import Image

from models.runtime import ModelRuntime
from models.specs.image import drawing_defaults
from pipelines.clip.clip import AudioClip
from pipelines.film.storyboard_types import StoryboardEntry
from pipelines.jobs.background import reported_steps
from pipelines.jobs.gpu_calls import gpu_steps
from pipelines.pictures.audio_embeds import AudioEmbeds, audio_embeds
from pipelines.pictures.options import PictureSettings
from pipelines.pictures.planning import PicturePlan, plan_picture
from pipelines.pictures.prompt_embeds import PromptEmbeds, encode_prompt, interpolate_embeds, prompt_text
from pipelines.pictures.sampling import sample_picture
from pipelines.pictures.upscaling.sharpening import upscale


@dataclass(frozen=True)
class InterpolatedPictures:
    """The pictures of a storyboard and those between them."""

    clip: AudioClip
    entries: tuple[StoryboardEntry, ...]
    """Entries of a storyboard, all drawn with the same options."""
    interpolation_steps: int
    """Pictures between two neighbours."""
    runtime: ModelRuntime

    def in_order(self, stopped: Callable[[], bool]) -> Generator[Image.Image, None, None]:
        """Yield the pictures of the storyboard and those between them, each as it is drawn.

        Raises:
            ModelError: a model cannot be had; see `ModelCache.lease`.
            PictureOverflow: the model's values overflowed.
        """
        first, *others = (entry.picture.image for entry in self.entries)
        yield first
        if not self.interpolation_steps:
            yield from others
            return
        settings = [entry.picture.settings for entry in self.entries]
        plan = plan_picture(self.clip, settings[0].options(), self.runtime.catalog)
        spec, seconds = plan.model.spec, self.interpolation_steps * plan.gpu_seconds
        for (left, right), picture in zip(pairwise(settings), others, strict=True):
            work = partial(_pictures_between, self.clip, plan, left, right, self.interpolation_steps)
            yield from gpu_steps(work, self.runtime, spec, seconds, stopped)
            yield picture


def _pictures_between(
    clip: AudioClip,
    plan: PicturePlan,
    left: PictureSettings,
    right: PictureSettings,
    count: int,
    runtime: ModelRuntime,
    stopped: Callable[[], bool],
) -> Generator[Image.Image, None, None]:
    """Yield `count` pictures between two of a storyboard; fewer after a stop."""
    audios = [_audio_embeds(clip, each, plan, runtime) for each in (left, right)]
    with runtime.cache.lease(plan.model.spec, working_bytes=plan.working_bytes, should_stop=stopped) as (pipeline,):
        first, last = (_encode_settings(pipeline, each, audio) for each, audio in zip((left, right), audios, strict=True))
        for step in range(1, count + 1):
            between = interpolate_embeds(first, last, step / (count + 1))
            yield from _draw(pipeline, between, plan, stopped)


def _audio_embeds(clip: AudioClip, settings: PictureSettings, plan: PicturePlan, runtime: ModelRuntime) -> AudioEmbeds | None:
    if plan.aligner is None:
        return None
    return audio_embeds(clip, settings.start, settings.end, plan.aligner.spec, plan.model.spec, runtime)


def _draw(pipeline: Any, embeds: PromptEmbeds, plan: PicturePlan, stopped: Callable[[], bool]) -> Iterator[Image.Image]:
    """Yield one picture, or none if the job is stopped before its last step."""

    def work(report: Callable[[Image.Image | None], None]) -> None:
        picture = sample_picture(pipeline, embeds, plan.sampling, plan.seed, lambda step, latents: report(None))
        report(upscale(picture, drawing_defaults(plan.model.spec).upscale))

    return reported_steps(work, stopped)


def _encode_settings(pipeline: Any, settings: PictureSettings, audio: AudioEmbeds | None) -> PromptEmbeds:
    """Return the prompt embeds that a picture of the storyboard was drawn from."""
    text = prompt_text(settings.options(), settings.prompt or "", settings.concepts)
    return encode_prompt(pipeline, text, audio, settings.audio_weight, settings.audio_guidance)
