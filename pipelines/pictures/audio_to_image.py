"""Pictures of a clip: drawn from its sound, from words about it, or from both."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from models.errors import ModelUnavailable
from models.runtime import ModelRuntime
from models.specs.aligner import aligner_facts
from models.specs.image import drawing_defaults
from models.specs.model_spec import Device, ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.jobs.callbacks import reported_steps
from pipelines.pictures.audio_embeds import AudioStates, audio_states
from pipelines.pictures.concept_decomposition import HeardWord, heard_words
from pipelines.pictures.options import (
    Drawing,
    Picture,
    PictureOptions,
    PictureSettings,
)
from pipelines.pictures.planning import PicturePlan, plan_picture
from pipelines.pictures.prompt_embeds import PromptStates, PromptWords, prompt_states
from pipelines.pictures.prompt_writing import write_prompt
from pipelines.pictures.salient_window import telling_window
from pipelines.pictures.sampling import Preview, draw, preview_with
from pipelines.pictures.upscaling import upscaled

Report = Callable[[Drawing], None]
WORDS_WINDOW_SECONDS = 10.0
"""What is written about where no aligner says how much it hears at once."""


def audio_to_image(
    clip: AudioClip,
    options: PictureOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Drawing]:
    """Draw `clip`: a snapshot for whatever becomes known, every step and every preview, ten a second in between.

    Several pictures are drawn one after the other, so that each is the same alone or among others and none needs more memory.

    Raises:
        InvalidOption, BrokenStartPicture: before any model is touched.
        PictureOverflow: the model's numbers ran out of range.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    plan = plan_picture(clip, options, runtime.catalog)
    now = beginning = _beginning(plan, runtime.catalog.device)
    yield now
    job = _Job(clip, plan, runtime)

    def snapshots(stopped: Callable[[], bool]) -> Generator[Drawing, None, None]:
        return reported_steps(lambda report: job.draw(beginning, report, stopped), stopped)

    for step in in_background(snapshots, should_stop):
        now = replace(step or now, elapsed=clock() - began)
        yield now
    if now.state != "done":
        yield replace(now, state="stopped", elapsed=clock() - began)


def drawn_window(clip: AudioClip, options: PictureOptions, runtime: ModelRuntime) -> tuple[float, float]:
    """(start, end) in seconds of the part of `clip` that `options` would draw.

    Raises:
        InvalidOption, BrokenStartPicture, ModelError: see `audio_to_image`.
    """
    return _part(clip, plan_picture(clip, options, runtime.catalog), runtime)


def heard_in(clip: AudioClip, options: PictureOptions, runtime: ModelRuntime) -> tuple[float, float, tuple[HeardWord, ...]]:
    """(start, end) of the part that `options` would draw, and what the aligner hears in it, best first; nothing is drawn.

    Raises:
        InvalidOption, BrokenStartPicture, ModelError: see `audio_to_image`.
    """
    plan = plan_picture(clip, options, runtime.catalog)
    start, end = _part(clip, plan, runtime)
    sound = _sound(clip, plan, start, end, runtime)
    return start, end, heard_words(sound, plan.model.spec, runtime) if sound else ()


def _part(clip: AudioClip, plan: PicturePlan, runtime: ModelRuntime) -> tuple[float, float]:
    """(start, end) in seconds: what the person chose, else the most telling window; the whole clip if nobody listens."""
    options, aligner = plan.options, plan.aligner
    if options.start is None and options.end is None and plan.listens:
        seconds = aligner_facts(aligner.spec).window_seconds if aligner else WORDS_WINDOW_SECONDS
        return telling_window(clip, seconds, runtime)
    return options.start or 0.0, clip.duration if options.end is None else min(options.end, clip.duration)


def _sound(clip: AudioClip, plan: PicturePlan, start: float, end: float, runtime: ModelRuntime) -> AudioStates | None:
    """The states of the part, if the sound has a share."""
    if plan.aligner is None:
        return None
    return audio_states(clip, start, end, plan.aligner.spec, plan.model.spec, runtime)


def _beginning(plan: PicturePlan, device: Device) -> Drawing:
    """Nothing is heard yet."""
    spec = plan.model.spec
    aligner = plan.aligner.spec if plan.aligner else None
    return Drawing(
        steps=plan.sampling.steps_to_do,
        model=spec.title,
        model_reason=plan.model.reason,
        aligner=aligner.title if aligner else "",
        licences=tuple(part.licence for part in (spec, aligner) if part),
        dtype=spec.dtype(device),
        device=device.upper(),
    )


@dataclass(frozen=True)
class _Job:
    clip: AudioClip
    plan: PicturePlan
    runtime: ModelRuntime

    def draw(self, now: Drawing, report: Report, stopped: Callable[[], bool]) -> None:
        """Report what becomes known, until the last picture is drawn; `report` may raise.

        All in one thread: OpenMP keeps threads for each one that calls for some, and with more of them than cores every one of
        its loops waits twice as long.
        """
        spec, options = self.plan.model.spec, self.plan.options
        start, end = _part(self.clip, self.plan, self.runtime)
        now = replace(now, state="listening", start=start, end=end)
        report(now)
        sound = _sound(self.clip, self.plan, start, end, self.runtime)
        if sound is not None:
            now = replace(now, heard=heard_words(sound, spec, self.runtime))
            report(now)
        if self.plan.needs_written_prompt:
            now = replace(now, prompt=write_prompt(self.clip, start, end, spec, self.runtime, stopped).text)
        elif options.sound_share < 1:
            now = replace(now, prompt=options.prompt or "")
        now = replace(now, state="drawing", picture=1)
        report(now)
        report(replace(self._pictures(now, sound, report, stopped), state="done"))

    def _pictures(self, now: Drawing, sound: AudioStates | None, report: Report, stopped: Callable[[], bool]) -> Drawing:
        plan, options = self.plan, self.plan.options
        spec, decoder = plan.model.spec, self._preview_decoder()
        words = _words(now, options)
        specs = (spec,) if decoder is None else (spec, decoder)
        with self.runtime.cache.lease(*specs, working_bytes=plan.working_bytes, should_stop=stopped) as (pipeline, *decoders):
            preview = preview_with(decoders[0] if decoders else None, pipeline) if options.preview_every else None
            states = prompt_states(pipeline, words, sound, options.sound_share, options.sound_strength)
            for number in range(1, options.pictures + 1):
                now = replace(now, picture=number, step=0, preview=None)
                now = self._one_picture(now, pipeline, states, preview, report)
            return now

    def _one_picture(self, now: Drawing, pipeline: Any, states: PromptStates, preview: Preview | None, report: Report) -> Drawing:
        """A snapshot a step, and one with the picture, which is the value."""
        plan, seed = self.plan, self.plan.seed + now.picture - 1
        latest = now

        def end_step(step: int, latents: Any) -> None:
            nonlocal latest
            if preview is not None and step < now.steps and (step == 1 or step % plan.options.preview_every == 0):
                latest = replace(latest, preview=preview(latents))
            latest = replace(latest, step=step)
            report(latest)

        drawn = draw(pipeline, states, plan.sampling, seed, end_step)
        image = upscaled(drawn, drawing_defaults(plan.model.spec).upscale)
        picture = Picture(image, seed, self._settings(now, seed))
        latest = replace(latest, preview=image, pictures=(*now.pictures, picture))
        report(latest)
        return latest

    def _preview_decoder(self) -> ModelSpec | None:
        """What previews are decoded with, if it can be had: the picture model's own decoder can do it too, in more time."""
        if not self.plan.options.preview_every:
            return None
        decoder = drawing_defaults(self.plan.model.spec).preview_decoder
        try:
            return self.runtime.catalog.choose("preview_pictures", decoder.key).spec
        except ModelUnavailable:
            return None

    def _settings(self, now: Drawing, seed: int) -> PictureSettings:
        plan, options, sampling = self.plan, self.plan.options, self.plan.sampling
        spec, aligner = plan.model.spec, plan.aligner.spec if plan.aligner else None
        return PictureSettings(
            model=spec.key,
            model_title=spec.title,
            model_revision=self.runtime.catalog.revision(spec),
            aligner=aligner.key if aligner else "",
            aligner_title=aligner.title if aligner else "",
            aligner_revision=self.runtime.catalog.revision(aligner) if aligner else "",
            clip_name=self.clip.name,
            clip_hash=self.clip.content_hash,
            start=now.start,
            end=now.end,
            sound_share=options.sound_share,
            sound_strength=options.sound_strength,
            prompt=now.prompt if options.sound_share < 1 else None,
            heard=tuple(word.concept for word in now.heard),
            own_words=options.own_words,
            negative_prompt=options.negative_prompt,
            style=options.style,
            steps=sampling.steps,
            guidance_scale=sampling.guidance_scale,
            width=sampling.width,
            height=sampling.height,
            scheduler=options.scheduler,
            seed=seed,
            start_picture=sampling.start_picture,
            start_picture_strength=options.start_picture_strength,
            fast=options.fast,
        )


def _words(now: Drawing, options: PictureOptions) -> PromptWords:
    """Where sound alone is drawn, what was heard stands for the text that own words and a style are added to."""
    text = now.prompt if options.sound_share < 1 else (now.heard[0].concept if now.heard else "")
    return PromptWords(text, options.own_words, options.style, options.negative_prompt)
