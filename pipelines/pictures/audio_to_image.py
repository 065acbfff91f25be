"""Pictures of a clip, drawn from its audio, from text about it, or from both."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from models.arrays import MAX_SEED
from models.errors import JobStopped, ModelUnavailable
from models.runtime import ModelRuntime
from models.specs.aligner import aligner_facts
from models.specs.image import drawing_defaults
from models.specs.model_spec import Device, ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background, reported_steps
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.gpu_calls import gpu_reports, gpu_steps
from pipelines.jobs.model_use import model_fields
from pipelines.pictures.audio_embeds import AudioEmbeds, audio_embeds
from pipelines.pictures.concept_decomposition import decompose_concepts, first_concept_prob
from pipelines.pictures.options import ConceptWeight, Drawing, Picture, PictureOptions, PictureSettings
from pipelines.pictures.planning import ENCODING_SECONDS, PicturePlan, plan_picture
from pipelines.pictures.prompt_embeds import PromptEmbeds, encode_prompt, prompt_text, text_overflow
from pipelines.pictures.prompt_writing import write_prompt
from pipelines.pictures.salient_window import salient_window
from pipelines.pictures.sampling import Preview, preview_function, sample_picture
from pipelines.pictures.upscaling.sharpening import upscale

Report = Callable[[Drawing], None]
PROMPT_WINDOW_SECONDS = 10.0
"""Length of the salient window where no aligner sets it."""


@in_cluster("pictures", model="options.model")
def audio_to_image(
    clip: AudioClip,
    options: PictureOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Drawing]:
    """Draw `clip`: yields a snapshot for each result, step and preview, and ten a second in between.

    Several pictures are drawn one after the other, so that each is the same alone or among others and none needs more memory.

    Raises:
        InvalidOption, InvalidInitImage, TooMuchOutput: before any model is touched.
        PictureOverflow: the model's values overflowed.
        ModelError: a model cannot be had; see `ModelCache.lease`.
        GpuRefused: no GPU was given; pictures before that were yielded.
    """
    began = clock()
    runtime.outputs.check_pictures(options.pictures)
    plan = plan_picture(clip, options, runtime.catalog)
    now = beginning = _first_snapshot(plan, runtime.catalog.device)
    yield now
    job = _Job(clip, plan, runtime)

    def snapshots(stopped: Callable[[], bool]) -> Generator[Drawing, None, None]:
        return reported_steps(lambda report: job.draw(beginning, report, stopped), stopped)

    for step in in_background(snapshots, should_stop):
        now = replace(step or now, elapsed=clock() - began)
        yield now
    if now.state != "done":
        yield replace(now, state="stopped", elapsed=clock() - began)


@in_cluster("pictures", model="options.model")
def picture_segment(clip: AudioClip, options: PictureOptions, runtime: ModelRuntime) -> tuple[float, float]:
    """Return (start, end) in seconds of the segment of `clip` that `options` would draw.

    Raises:
        InvalidOption, InvalidInitImage, ModelError: see `audio_to_image`.
    """
    return _segment(clip, plan_picture(clip, options, runtime.catalog), runtime, never_stop)


@in_cluster("pictures", model="options.model")
def segment_concepts(
    clip: AudioClip, options: PictureOptions, runtime: ModelRuntime, should_stop: Callable[[], bool] = never_stop
) -> tuple[float, float, tuple[ConceptWeight, ...]]:
    """Return start and end in seconds of the segment that `options` would draw, and its concepts; nothing is drawn.

    Raises:
        InvalidOption, InvalidInitImage, ModelError: see `audio_to_image`.
        JobStopped: `should_stop` returned true before the concepts were sought.
    """
    plan = plan_picture(clip, options, runtime.catalog)
    start, end = _segment(clip, plan, runtime, should_stop)
    if should_stop():
        raise JobStopped
    spec = plan.model.spec
    found = list(gpu_steps(partial(_concepts, clip, plan, start, end), runtime, spec, ENCODING_SECONDS, should_stop))
    if should_stop():
        raise JobStopped
    return start, end, found[0]


def _segment(clip: AudioClip, plan: PicturePlan, runtime: ModelRuntime, should_stop: Callable[[], bool]) -> tuple[float, float]:
    """Return the segment in seconds: the chosen one, else the salient window, or the whole clip if its audio is not used."""
    options, aligner = plan.options, plan.aligner
    if options.start is None and options.end is None and plan.uses_audio:
        duration = aligner_facts(aligner.spec).window_seconds if aligner else PROMPT_WINDOW_SECONDS
        return salient_window(clip, duration, runtime, should_stop=should_stop)
    return options.start or 0.0, clip.duration if options.end is None else min(options.end, clip.duration)


def _audio_embeds(
    clip: AudioClip, plan: PicturePlan, start: float, end: float, runtime: ModelRuntime, should_stop: Callable[[], bool]
) -> AudioEmbeds | None:
    """Return the segment's embeds; None where the audio weight is 0."""
    if plan.aligner is None:
        return None
    return audio_embeds(clip, start, end, plan.aligner.spec, plan.model.spec, runtime, should_stop)


def _first_snapshot(plan: PicturePlan, device: Device) -> Drawing:
    specs = [choice.spec for choice in (plan.model, plan.aligner) if choice]
    return Drawing(steps=plan.sampling.denoising_steps, **model_fields(specs, device, plan.model.reason))


def _draw_part(
    clip: AudioClip,
    plan: PicturePlan,
    now: Drawing,
    numbers: range,
    runtime: ModelRuntime,
    report: Report,
    stopped: Callable[[], bool],
) -> None:
    _Job(clip, plan, runtime).draw_part(now, numbers, report, stopped)


def _concepts(
    clip: AudioClip, plan: PicturePlan, start: float, end: float, runtime: ModelRuntime, should_stop: Callable[[], bool]
) -> Generator[tuple[ConceptWeight, ...], None, None]:
    audio = _audio_embeds(clip, plan, start, end, runtime, should_stop)
    yield decompose_concepts(audio, plan.model.spec, runtime) if audio else ()


class _Latest:
    """The latest snapshot of several parts."""

    def __init__(self, now: Drawing, report: Report) -> None:
        self.now = now
        self._report = report

    def report_after(self, pictures: tuple[Picture, ...]) -> Report:
        """Return what reports snapshots of a part, after the pictures of the parts before it."""

        def report(drawing: Drawing) -> None:
            self.now = replace(drawing, pictures=(*pictures, *drawing.pictures))
            self._report(self.now)

        return report


@dataclass(frozen=True)
class _Job:
    clip: AudioClip
    plan: PicturePlan
    runtime: ModelRuntime

    def draw(self, now: Drawing, report: Report, stopped: Callable[[], bool]) -> None:
        """Report each new snapshot until the last picture is drawn; `report` may raise.

        On ZeroGPU each picture is a call of its own. What the CPU finds out about the clip comes before the calls.
        """
        # All in one thread: OpenMP keeps a pool for each thread that calls it, and with more threads in all pools than cores
        # every one of its loops waits twice as long.
        spec, options = self.plan.model.spec, self.plan.options
        start, end = _segment(self.clip, self.plan, self.runtime, stopped)
        now = replace(now, state="encoding", start=start, end=end)
        report(now)
        if self.plan.needs_written_prompt:
            now = replace(now, prompt=write_prompt(self.clip, start, end, spec, self.runtime, stopped).text)
        elif options.audio_weight < 1:
            now = replace(now, prompt=options.prompt or "")
        latest = _Latest(now, report)
        numbers = range(1, options.pictures + 1)
        for part in [range(number, number + 1) for number in numbers] if spec.on_zero_gpu else [numbers]:
            work = partial(_draw_part, self.clip, self.plan, replace(latest.now, pictures=()), part)
            seconds = len(part) * self.plan.gpu_seconds
            gpu_reports(work, self.runtime, spec, seconds, latest.report_after(latest.now.pictures), stopped)
            if stopped():
                return
        report(replace(latest.now, state="done"))

    def draw_part(self, now: Drawing, numbers: range, report: Report, stopped: Callable[[], bool]) -> None:
        """Report the concepts, unless they are known, and each snapshot of the pictures of these numbers.

        Words take over where the first concept is more probably wrong than right.
        """
        audio = _audio_embeds(self.clip, self.plan, now.start, now.end, self.runtime, stopped)
        if audio is not None and self.plan.aligner is not None and not now.concepts:
            concepts = decompose_concepts(audio, self.plan.model.spec, self.runtime)
            now = replace(now, concepts=concepts, certainty=first_concept_prob(concepts, self.plan.aligner.spec))
            report(now)
        job = self
        if now.is_unsure:
            job, audio = self._from_words(now, stopped), None
            now = replace(now, prompt=job.plan.options.prompt or "")
        now = replace(now, state="drawing", picture=numbers[0])
        report(now)
        job._draw_pictures(now, audio, numbers, report, stopped)

    def _from_words(self, now: Drawing, stopped: Callable[[], bool]) -> _Job:
        """Return the same job with the person's prompt, or a written one, in place of the audio embeds."""
        options, spec = self.plan.options, self.plan.model.spec
        prompt = options.prompt
        if prompt is None:
            prompt = write_prompt(self.clip, now.start, now.end, spec, self.runtime, stopped).text
        return replace(self, plan=replace(self.plan, aligner=None, options=replace(options, audio_weight=0.0, prompt=prompt)))

    def _draw_pictures(
        self, now: Drawing, audio: AudioEmbeds | None, numbers: range, report: Report, stopped: Callable[[], bool]
    ) -> None:
        plan, options = self.plan, self.plan.options
        spec, decoder = plan.model.spec, self._preview_decoder()
        text = prompt_text(options, now.prompt, tuple(concept.concept for concept in now.concepts))
        specs = (spec,) if decoder is None else (spec, decoder)
        with self.runtime.cache.lease(*specs, working_bytes=plan.working_bytes, should_stop=stopped) as (pipeline, *decoders):
            preview = preview_function(decoders[0] if decoders else None, pipeline) if options.preview_every else None
            embeds = encode_prompt(pipeline, text, audio, options.audio_weight, options.audio_guidance)
            now = replace(
                now,
                prompt_overflow=text_overflow(pipeline.tokenizer, text.full),
                negative_prompt_overflow=text_overflow(pipeline.tokenizer, text.negative),
            )
            for number in numbers:
                now = replace(now, picture=number, step=0, preview=None)
                now = self._draw_picture(now, pipeline, embeds, preview, report)

    def _draw_picture(
        self, now: Drawing, pipeline: Any, embeds: PromptEmbeds, preview: Preview | None, report: Report
    ) -> Drawing:
        """Report a snapshot a step; the last one, with the finished picture, is returned too."""
        plan = self.plan
        seed = (plan.seed + now.picture - 1) % (MAX_SEED + 1)
        latest = now

        def end_step(step: int, latents: Any) -> None:
            nonlocal latest
            if preview is not None and step < now.steps and (step == 1 or step % plan.options.preview_every == 0):
                latest = replace(latest, preview=preview(latents))
            latest = replace(latest, step=step)
            report(latest)

        drawn = sample_picture(pipeline, embeds, plan.sampling, seed, end_step)
        image = upscale(drawn, drawing_defaults(plan.model.spec).upscale)
        picture = Picture(image, seed, self._settings(now, seed))
        latest = replace(latest, preview=image, pictures=(*now.pictures, picture))
        report(latest)
        return latest

    def _preview_decoder(self) -> ModelSpec | None:
        """Return the model that decodes previews, if it can be had; the picture model's own decoder takes more time."""
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
            audio_weight=options.audio_weight,
            audio_guidance=options.audio_guidance,
            prompt=now.prompt if options.audio_weight < 1 else None,
            concepts=tuple(concept.concept for concept in now.concepts) if aligner else (),
            extra_prompt=options.extra_prompt,
            negative_prompt=options.negative_prompt,
            style=options.style,
            steps=sampling.steps,
            guidance_scale=sampling.guidance_scale,
            width=sampling.width,
            height=sampling.height,
            scheduler=options.scheduler,
            seed=seed,
            init_image=sampling.init_image,
            strength=options.strength,
            fast=options.fast,
        )
