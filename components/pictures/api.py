"""The endpoints that draw, for scripts and as MCP tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from components.clip.clip_input import open_for_api
from components.page.downloads import as_file_data
from components.page.endpoints import add_endpoint
from components.page.events import borrowing
from components.page.json_documents import as_document
from components.pictures.files import keep_pictures, open_init_image
from models.specs.model_spec import AUTO
from pipelines.pictures.audio_to_image import audio_to_image as draw
from pipelines.pictures.audio_to_image import segment_concepts
from pipelines.pictures.options import PictureOptions
from pipelines.pictures.prompt_writing import write_prompt
from services import Services


def add_picture_endpoints(services: Services) -> None:
    """Add them to the page's API."""

    def audio_to_image(
        audio: gr.FileData,
        audio_weight: float = 1.0,
        prompt: str = "",
        extra_prompt: str = "",
        negative_prompt: str = "",
        style: str = "",
        seed: int = -1,
        model: str = AUTO,
        aligner: str = AUTO,
        start: float = -1.0,
        end: float = -1.0,
        audio_guidance: float = 1.0,
        steps: int = 0,
        guidance_scale: float = -1.0,
        width: int = 0,
        height: int = 0,
        scheduler: str = "",
        init_image: gr.FileData | None = None,
        strength: float = 0.6,
        fast: bool = False,
        *,
        should_stop: Callable[[], bool],
    ) -> Iterator[dict[str, Any] | None]:
        """Draw a picture of what is heard in a recording.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.
            audio_weight: 1 draws from the sound itself, 0 from words about it, between from a blend of both.
            prompt: words about the sound; '' has them written from the recording where they are needed.
            extra_prompt: what else is to be seen; added to the prompt, also to a sound.
            negative_prompt: what is not to be seen.
            style: such as 'flat style' for the tiny offline model.
            seed: the same seed and settings give the same picture; -1 for a random one.
            model: 'auto', or a key of the catalogue such as 'tiny-diffusion' or 'stable-diffusion-2-1'.
            aligner: what turns sound into a prompt: 'auto', or a key such as 'tiny-aligner'.
            start: where the part begins that is drawn, in seconds; -1 for the most telling part.
            end: where that part ends, in seconds; -1 for the most telling part.
            audio_guidance: how much the sound weighs, 1 is usual.
            steps: of the diffusion; 0 for the model's own number.
            guidance_scale: how closely the prompt is followed; -1 for the model's own.
            width: in pixels, a multiple of 8; 0 for the model's own.
            height: in pixels, a multiple of 8; 0 for the model's own.
            scheduler: 'DDIM', 'DPM++ 2M', 'UniPC', 'Euler', 'Euler ancestral', 'LCM', or '' for the model's own.
            init_image: a picture to start from instead of noise.
            strength: how much of the initial image is drawn anew, above 0 and up to 1.
            fast: few steps, with a model made for that where there is one.

        Returns:
            The picture, a PNG file; its text chunk 'audioscope' holds all of its settings as JSON: models and their revisions,
            the seed, the part that was drawn, the prompt, what was heard; a initial image is in a chunk 'auSp'. Null for every
            step until it is drawn.
        """
        options = PictureOptions(
            model=model,
            aligner=aligner,
            audio_weight=audio_weight,
            audio_guidance=audio_guidance,
            prompt=prompt or None,
            extra_prompt=extra_prompt,
            negative_prompt=negative_prompt,
            style=style,
            start=_given(start),
            end=_given(end),
            steps=steps or None,
            guidance_scale=_given(guidance_scale),
            width=width or None,
            height=height or None,
            scheduler=scheduler,
            seed=_given(seed),
            init_image=open_init_image(init_image, Path(get_upload_folder())) if init_image else None,
            strength=strength,
            preview_every=0,
            fast=fast,
        )
        clip = open_for_api(services, audio, should_stop)
        for now in draw(clip, options, services.runtime, should_stop):
            yield as_file_data(keep_pictures(clip, now.pictures)[0].path) if now.state == "done" else None

    def prompt_from_audio(
        audio: gr.FileData,
        model: str = AUTO,
        start: float = -1.0,
        end: float = -1.0,
        *,
        should_stop: Callable[[], bool],
    ) -> dict[str, Any]:
        """Write a prompt for pictures from what is heard in a recording.

        Args:
            audio: the recording, in any format that carries sound.
            model: the picture model that is to understand it: 'auto', or a key of the catalogue such as 'tiny-diffusion'.
            start: where the part begins, in seconds; -1 for the most telling part.
            end: where that part ends, in seconds; -1 for the most telling part.

        Returns:
            prompt; sources, what it was written from ('tags', 'music', 'transcript'); concepts [{concept, category, weight}], the
            decomposition of the audio embeds in the model's text space; start and end of the segment, in seconds; clip_notes.
        """
        clip = open_for_api(services, audio, should_stop)
        options = PictureOptions(model=model, start=_given(start), end=_given(end))
        spec = services.runtime.catalog.choose("draw_pictures", model).spec
        start, end, concepts = segment_concepts(clip, options, services.runtime)
        written = write_prompt(clip, start, end, spec, services.runtime, should_stop)
        return {
            "prompt": written.text,
            "sources": written.sources,
            "concepts": as_document(concepts),
            "start": start,
            "end": end,
            "clip_notes": clip.notes,
        }

    shared = borrowing(services.settings)
    add_endpoint(audio_to_image, **shared)
    add_endpoint(prompt_from_audio, **shared)


def _given(number: Any) -> Any:
    """None for a number below 0."""
    return None if number < 0 else number
