"""The endpoints that draw, for scripts and as MCP tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.downloads import as_file_data
from components.page.endpoints import add_endpoint
from components.page.option_arguments import with_option_arguments
from components.pictures.files import keep_pictures, open_init_image
from models.errors import JobStopped
from models.specs.model_spec import AUTO
from pipelines.isolation.isolation import Isolation
from pipelines.jobs.result import as_document
from pipelines.pictures.audio_to_image import audio_to_image as draw
from pipelines.pictures.audio_to_image import segment_concepts
from pipelines.pictures.options import Drawing, PictureOptions
from pipelines.pictures.prompt_writing import write_prompt
from services import Services

Endpoint = Callable[..., Any]
FACTS = (
    "prompt",
    "prompt_overflow",
    "negative_prompt_overflow",
    "concepts",
    "certainty",
    "start",
    "end",
    "model",
    "licence",
    "elapsed",
)
"""Fields of a drawing that the endpoint answers with."""


@dataclass(frozen=True)
class DrawingArguments:
    """The arguments of all endpoints that draw, beside the recording."""

    audio_weight: Annotated[float, "weight of the audio, 0 (text alone) to 1 (audio alone)."] = 1.0
    prompt: Annotated[str, "description of the sound; '' has it written from the recording where it is needed."] = ""
    extra_prompt: Annotated[str, "text that is added to the prompt, or to the audio."] = ""
    negative_prompt: Annotated[str, "what is not to be in the picture."] = ""
    style: Annotated[str, "such as 'flat style' for the tiny offline model."] = ""
    seed: Annotated[int, "0 to 4294967295; -1 for a random one."] = -1
    model: Annotated[str, "'auto', or a key of the catalogue such as 'tiny-diffusion' or 'stable-diffusion-2-1'."] = AUTO
    aligner: Annotated[str, "what turns audio into prompt embeds: 'auto', or a key such as 'tiny-aligner'."] = AUTO
    audio_guidance: Annotated[float, "factor on the audio's part of the prompt, 0 to 3; 1 is usual."] = 1.0
    steps: Annotated[int, "diffusion steps, 1 to 100; 0 for the model's default."] = 0
    guidance_scale: Annotated[float, "guidance scale (CFG), 0 to 30; -1 for the model's default."] = -1.0
    width: Annotated[int, "in pixels, a multiple of 8; 0 for the model's default."] = 0
    height: Annotated[int, "in pixels, a multiple of 8; 0 for the model's default."] = 0
    scheduler: Annotated[str, "DDIM, DPM++ 2M, UniPC, Euler, Euler ancestral or LCM; '' for the model's default."] = ""
    init_image: Annotated[gr.FileData | None, "initial image: PNG, JPEG, WebP, GIF (its first frame), BMP, TIFF or AVIF."] = None
    strength: Annotated[float, "how much of the initial image is replaced, above 0 and up to 1."] = 0.6
    fast: Annotated[bool, "whether to take few steps, with a model made for that where there is one."] = False

    def options(self, isolation: Isolation) -> PictureOptions:
        """Return the options of the pipeline; `isolation` reads the initial image.

        Raises:
            InvalidOption, InvalidInitImage, WorkerFailed: see `open_init_image`.
        """
        return PictureOptions(
            model=self.model,
            aligner=self.aligner,
            audio_weight=self.audio_weight,
            audio_guidance=self.audio_guidance,
            prompt=self.prompt or None,
            extra_prompt=self.extra_prompt,
            negative_prompt=self.negative_prompt,
            style=self.style,
            steps=self.steps or None,
            guidance_scale=_given(self.guidance_scale),
            width=self.width or None,
            height=self.height or None,
            scheduler=self.scheduler,
            seed=_given(self.seed),
            init_image=open_init_image(self.init_image, isolation) if self.init_image else None,
            strength=self.strength,
            preview_every=0,
            fast=self.fast,
        )


@dataclass(frozen=True)
class PictureArguments(DrawingArguments):
    """The arguments of `/audio_to_image` beside the recording."""

    start: Annotated[float, "start of the segment to draw, in seconds; -1 for the most salient window."] = -1.0
    end: Annotated[float, "end of the segment to draw, in seconds; -1 for the most salient window."] = -1.0

    def options(self, isolation: Isolation) -> PictureOptions:
        """Return the options of the pipeline, with the segment."""
        return replace(super().options(isolation), start=_given(self.start), end=_given(self.end))


def add_picture_endpoints(services: Services) -> None:
    """Add both to the page's API, each under the name of its function."""
    for build in (_audio_to_image, _prompt_from_audio):
        add_endpoint(build(services), services.stop_flags, services.lines.calls.models)


def _audio_to_image(services: Services) -> Endpoint:
    @with_option_arguments(PictureArguments)
    def audio_to_image(
        audio: gr.FileData, arguments: PictureArguments, *, should_stop: Callable[[], bool]
    ) -> Iterator[tuple[gr.FileData | None, dict[str, Any] | None]]:
        """Draw a picture from the sound of a recording.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.

        Returns:
            The picture, a PNG file with all of its settings as JSON in the text chunk 'audioscope' and its initial image in the
            chunk 'auSp'; and seed, prompt, prompt_overflow and negative_prompt_overflow (the words beyond the text encoder's
            limit, which had no effect), concepts [{concept, category, weight}], certainty (the probability that the first concept
            is right; below 0.5 the picture is drawn from the prompt; null where it was not measured), start and end of the
            segment in seconds, model, licence, elapsed in seconds, clip_notes. Both are null at every step until the picture is
            drawn.
        """
        options = arguments.options(services.file_readers)
        clip = open_for_api(services, audio, should_stop)
        for now in draw(clip, options, services.runtime, should_stop):
            if now.state != "done":
                yield None, None
                continue
            (kept,) = keep_pictures(clip, now.pictures)
            yield as_file_data(kept.path), {"seed": kept.picture.seed, **_facts(now), "clip_notes": clip.notes}
        if should_stop() and now.state != "done":
            raise JobStopped

    return audio_to_image


def _prompt_from_audio(services: Services) -> Endpoint:
    def prompt_from_audio(
        audio: gr.FileData,
        model: str = AUTO,
        start: float = -1.0,
        end: float = -1.0,
        *,
        should_stop: Callable[[], bool],
    ) -> dict[str, Any]:
        """Write a prompt for pictures from the sounds, music and speech of a recording.

        Args:
            audio: the recording, in any format that carries sound.
            model: the picture model that the prompt is for: 'auto', or a key of the catalogue such as 'tiny-diffusion'.
            start: start of the segment, in seconds; -1 for the most salient window.
            end: end of the segment, in seconds; -1 for the most salient window.

        Returns:
            prompt; sources, what it was written from ('tags', 'music', 'transcript'); concepts [{concept, category, weight}], the
            decomposition of the audio embeds in the model's text space; start and end of the segment, in seconds; clip_notes.
        """
        clip = open_for_api(services, audio, should_stop)
        options = PictureOptions(model=model, start=_given(start), end=_given(end))
        spec = services.runtime.catalog.choose("draw_pictures", model).spec
        start, end, concepts = segment_concepts(clip, options, services.runtime, should_stop)
        written = write_prompt(clip, start, end, spec, services.runtime, should_stop)
        return {
            "prompt": written.text,
            "sources": written.sources,
            "concepts": as_document(concepts),
            "start": start,
            "end": end,
            "clip_notes": clip.notes,
        }

    return prompt_from_audio


def _facts(now: Drawing) -> dict[str, Any]:
    return {name: as_document(getattr(now, name)) for name in FACTS}


def _given(number: Any) -> Any:
    """Return None for a number below 0."""
    return None if number < 0 else number
