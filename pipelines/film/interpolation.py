"""The pictures of a walk: those of a storyboard, and between two of them others that turn one into the other.

They are drawn from states between those of their neighbours, with the same initial noise and the same options.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from PIL import Image

from models.runtime import ModelRuntime
from models.specs.image import drawing_defaults
from pipelines.clip.clip import AudioClip
from pipelines.film.storyboard import StoryboardEntry
from pipelines.jobs.callbacks import reported_steps
from pipelines.pictures.audio_embeds import AudioStates, audio_states
from pipelines.pictures.options import PictureSettings
from pipelines.pictures.planning import PicturePlan, plan_picture
from pipelines.pictures.prompt_embeds import (
    PromptStates,
    PromptWords,
    between,
    prompt_states,
)
from pipelines.pictures.sampling import draw
from pipelines.pictures.upscaling import upscaled


@dataclass(frozen=True)
class WalkPictures:
    """What is drawn for a walk."""

    clip: AudioClip
    entries: tuple[StoryboardEntry, ...]
    """Of the storyboard, two or more, all drawn with the same options."""
    count: int
    """Pictures between two neighbours."""
    runtime: ModelRuntime

    def in_order(self, stopped: Callable[[], bool]) -> Generator[Image.Image, None, None]:
        """Those of the storyboard, and between them the others, each as it is drawn.

        Raises:
            ModelError: a model cannot be had; see `ModelCache.lease`.
            PictureOverflow: the model's numbers ran out of range.
        """
        first, *others = (entry.picture.image for entry in self.entries)
        yield first
        if not self.count:
            yield from others
            return
        made = [entry.picture.settings for entry in self.entries]
        plan = plan_picture(self.clip, made[0].options(), self.runtime.catalog)
        sounds = [self._sound(settings, plan) for settings in made]
        spec = plan.model.spec
        with self.runtime.cache.lease(spec, working_bytes=plan.working_bytes, should_stop=stopped) as (pipeline,):
            states = [_states(pipeline, settings, sound) for settings, sound in zip(made, sounds, strict=True)]
            for (one, other), picture in zip(pairwise(states), others, strict=True):
                for step in range(1, self.count + 1):
                    yield from self._drawn(pipeline, between(one, other, step / (self.count + 1)), plan, stopped)
                yield picture

    def _sound(self, settings: PictureSettings, plan: PicturePlan) -> AudioStates | None:
        if plan.aligner is None:
            return None
        return audio_states(self.clip, settings.start, settings.end, plan.aligner.spec, plan.model.spec, self.runtime)

    def _drawn(
        self, pipeline: Any, states: PromptStates, plan: PicturePlan, stopped: Callable[[], bool]
    ) -> Iterator[Image.Image]:
        """One picture, or none if the job is stopped before its last step."""

        def work(report: Callable[[Image.Image | None], None]) -> None:
            picture = draw(pipeline, states, plan.sampling, plan.seed, lambda step, latents: report(None))
            report(upscaled(picture, drawing_defaults(plan.model.spec).upscale))

        return (step for step in reported_steps(work, stopped) if step is not None)


def _states(pipeline: Any, settings: PictureSettings, sound: AudioStates | None) -> PromptStates:
    """Those that a picture of the storyboard was drawn from."""
    heard = settings.heard[0] if settings.heard else ""
    words = PromptWords(
        (settings.prompt or "") if settings.sound_share < 1 else heard,
        settings.own_words,
        settings.style,
        settings.negative_prompt,
    )
    return prompt_states(pipeline, words, sound, settings.sound_share, settings.sound_strength)
