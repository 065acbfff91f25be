"""The commands `picture` and `storyboard`."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.arguments import Again, AsJson, Formats, Inputs, Jobs, Output, Quiet, completing, completing_models
from commands.music import json_bytes
from commands.outputs import OutputFormat
from commands.running import FileCommand, JobStep, RunOptions, run
from pipelines.clip.clip import AudioClip
from pipelines.film.film import FilmOptions, make_film
from pipelines.film.storyboard import storyboard as draw_storyboard
from pipelines.film.storyboard_types import Storyboard
from pipelines.jobs.result import as_document
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.pictures.init_image import read_init_image
from pipelines.pictures.options import SCHEDULERS, Drawing, PictureOptions
from pipelines.pictures.png_metadata import png_bytes
from services import Services

DEFAULTS = PictureOptions()
STORYBOARD_PART = 0.5
"""Progress of a film when its storyboard is drawn."""
DRAWING_FACTS = ("prompt", "concepts", "certainty", "start", "end", "model", "licence", "elapsed")

Model = Annotated[
    str, typer.Option(help="'auto', or a key that `models` lists.", autocompletion=completing_models("draw_pictures"))
]
Weight = Annotated[float, typer.Option(help="Weight of the audio: 0 draws from text alone, 1 from audio alone.")]
Prompt = Annotated[str | None, typer.Option(help="What is heard; written from the recording where it is not given.")]
ExtraPrompt = Annotated[str, typer.Option(help="Added to the prompt, or to the audio.")]
NegativePrompt = Annotated[str, typer.Option(help="What is not to be in the picture.")]
Style = Annotated[str, typer.Option(help="Such as 'flat style' for the tiny offline model.")]
Seed = Annotated[int | None, typer.Option(help="The same seed draws the same picture; random if it is not given.", min=0)]
Steps = Annotated[int | None, typer.Option(help="Diffusion steps; the model's own if they are not given.")]
Count = Annotated[int, typer.Option("--count", min=1, help="Pictures; each has the seed after the last one's.")]
Scheduler = Annotated[str, typer.Option(help="By default the model's own.", autocompletion=completing(SCHEDULERS))]
Fast = Annotated[bool, typer.Option("--fast", help="Few steps, with a model made for that where there is one.")]


def picture(
    inputs: Inputs,
    output: Output = ".",
    model: Model = DEFAULTS.model,
    audio_weight: Weight = DEFAULTS.audio_weight,
    prompt: Prompt = DEFAULTS.prompt,
    extra_prompt: ExtraPrompt = DEFAULTS.extra_prompt,
    negative_prompt: NegativePrompt = DEFAULTS.negative_prompt,
    style: Style = DEFAULTS.style,
    seed: Seed = DEFAULTS.seed,
    steps: Steps = DEFAULTS.steps,
    fast: Fast = DEFAULTS.fast,
    start: Annotated[float | None, typer.Option(help="Seconds; with --end the segment that is drawn.")] = DEFAULTS.start,
    end: Annotated[float | None, typer.Option(help="Seconds; by default the most salient window is drawn.")] = DEFAULTS.end,
    guidance_scale: Annotated[float | None, typer.Option(help="0 to 30 (CFG).")] = DEFAULTS.guidance_scale,
    width: Annotated[int | None, typer.Option(help="Pixels, a multiple of 8.")] = DEFAULTS.width,
    height: Annotated[int | None, typer.Option(help="Pixels, a multiple of 8.")] = DEFAULTS.height,
    pictures: Count = DEFAULTS.pictures,
    scheduler: Scheduler = DEFAULTS.scheduler,
    init_image: Annotated[Path | None, typer.Option(help="Image to start from.", exists=True, dir_okay=False)] = None,
    strength: Annotated[float, typer.Option(help="How much of that image is replaced.")] = DEFAULTS.strength,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """Draw pictures from the sound, as PNG with all of their settings inside."""
    options = PictureOptions(
        model=model,
        audio_weight=audio_weight,
        prompt=prompt,
        extra_prompt=extra_prompt,
        negative_prompt=negative_prompt,
        style=style,
        start=start,
        end=end,
        steps=steps,
        guidance_scale=guidance_scale,
        width=width,
        height=height,
        scheduler=scheduler,
        seed=seed,
        pictures=pictures,
        init_image=read_init_image(init_image) if init_image else None,
        strength=strength,
        preview_every=0,
        fast=fast,
    )
    command = picture_command(options)
    run(command, RunOptions(inputs, output, tuple(command.formats), as_json, jobs, again, quiet))


def storyboard(
    inputs: Inputs,
    formats: Formats = None,
    output: Output = ".",
    model: Model = DEFAULTS.model,
    audio_weight: Weight = DEFAULTS.audio_weight,
    prompt: Prompt = DEFAULTS.prompt,
    extra_prompt: ExtraPrompt = DEFAULTS.extra_prompt,
    negative_prompt: NegativePrompt = DEFAULTS.negative_prompt,
    style: Style = DEFAULTS.style,
    seed: Seed = DEFAULTS.seed,
    steps: Steps = DEFAULTS.steps,
    fast: Fast = DEFAULTS.fast,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """Draw a picture for each scene: zip (PNG files and their times), mp4 (a film with the sound) or gif."""
    options = PictureOptions(
        model=model,
        audio_weight=audio_weight,
        prompt=prompt,
        extra_prompt=extra_prompt,
        negative_prompt=negative_prompt,
        style=style,
        seed=seed,
        steps=steps,
        preview_every=0,
        fast=fast,
    )
    chosen = formats or ()
    with_film = any(name in each for each in chosen for name in ("mp4", "gif")) or output.endswith((".mp4", ".gif"))
    run(storyboard_command(options, with_film), RunOptions(inputs, output, chosen, as_json, jobs, again, quiet))


def picture_command(options: PictureOptions) -> FileCommand[Drawing]:
    """Return what `picture` does with each input."""

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[Drawing]]:
        for now in audio_to_image(clip, options, services.runtime, should_stop):
            drawn = len(now.pictures) if now.state == "done" else now.picture - 1 + now.step / max(1, now.steps)
            yield JobStep(max(0.0, drawn) / options.pictures, now if now.pictures else None, now.state == "done")

    def document(clip: AudioClip, drawn: Drawing) -> dict[str, Any]:
        facts = {name: as_document(getattr(drawn, name)) for name in DRAWING_FACTS}
        return {"seeds": [picture.seed for picture in drawn.pictures], **facts}

    def png(number: int) -> OutputFormat[Drawing]:
        ending = f"-{number + 1}.png" if options.pictures > 1 else ".png"
        return OutputFormat(ending, lambda clip, drawn: png_bytes(drawn.pictures[number]), is_text=False, can_be_partial=False)

    return FileCommand({f"png {number + 1}": png(number) for number in range(options.pictures)}, steps, document)


@dataclass(frozen=True, eq=False)
class BoardWithFilm:
    """A storyboard, and its film where one was asked for."""

    board: Storyboard
    mp4: bytes = b""
    gif: bytes = b""


def storyboard_command(options: PictureOptions, with_film: bool) -> FileCommand[BoardWithFilm]:
    """Return what `storyboard` does with each input."""
    part = STORYBOARD_PART if with_film else 1.0

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[BoardWithFilm]]:
        if with_film:
            services.runtime.outputs.check_film(clip.duration)
        for board in draw_storyboard(clip, options, services.runtime, should_stop):
            is_whole = board.state == "done" and not with_film
            yield JobStep(part * board.position, BoardWithFilm(board) if board.entries else None, is_whole)
        if not with_film or board.state != "done":
            return
        with tempfile.TemporaryDirectory() as folder:
            for film in make_film(clip, board, FilmOptions(), Path(folder), services.runtime, should_stop):
                yield JobStep(part + (1 - part) * film.position, BoardWithFilm(board))
            if film.video and film.gif:
                yield JobStep(1.0, BoardWithFilm(board, film.video.read_bytes(), film.gif.read_bytes()), is_done=True)

    formats = {
        "zip": OutputFormat[BoardWithFilm](".zip", lambda clip, drawn: _zip_of(drawn.board), is_text=False),
        "mp4": OutputFormat[BoardWithFilm](".mp4", lambda clip, drawn: drawn.mp4, is_text=False, can_be_partial=False),
        "gif": OutputFormat[BoardWithFilm](".gif", lambda clip, drawn: drawn.gif, is_text=False, can_be_partial=False),
    }
    return FileCommand(formats, steps, lambda clip, drawn: _scenes_of(drawn.board))


def _scenes_of(board: Storyboard) -> dict[str, Any]:
    scenes = [
        {
            "start": as_document(entry.start),
            "end": as_document(entry.end),
            "label": entry.label,
            "prompt": entry.prompt,
            "concepts": list(entry.concepts),
            "picture": f"{number:02d}.png",
        }
        for number, entry in enumerate(board.entries, 1)
    ]
    return {"seed": board.seed, "model": board.model, "licence": board.licence, "scenes": scenes}


def _zip_of(board: Storyboard) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for number, entry in enumerate(board.entries, 1):
            archive.writestr(f"{number:02d}.png", png_bytes(entry.picture))
        archive.writestr("storyboard.json", json_bytes(_scenes_of(board)))
    return content.getvalue()
