"""The commands `embed` and `similar`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import numpy as np
import typer

from commands.arguments import INPUTS_HELP, Again, AsJson, Inputs, Jobs, Output, Quiet, completing_models
from commands.music import json_bytes
from commands.outputs import STANDARD_OUTPUT, OutputFormat
from commands.running import SOME_FAILED, WRONG_USE, FileCommand, JobStep, RunOptions, run
from models.errors import AudioscopeError, InvalidOption
from models.specs.model_spec import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.clip_library import ClipMatch
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.library_search import clips_near_text, library_encoder, library_options
from pipelines.jobs.result import as_document
from pipelines.wording.times import clock_time
from services import Services, build_services
from settings import Settings

DEFAULTS = EmbeddingOptions()
EMBEDDING_FACTS = ("layer", "frame_seconds", "duration", "model", "licence", "dtype", "device", "elapsed")
ENCODER_HELP = "'auto', or an encoder such as yamnet or whisper-base-encoder; the message for an unknown one lists all."

EncoderKey = Annotated[str, typer.Option("--model", help=ENCODER_HELP, autocompletion=completing_models("embed_audio"))]


def embed(
    inputs: Inputs,
    output: Output = ".",
    encoder: EncoderKey = DEFAULTS.encoder,
    layer: Annotated[str, typer.Option(help="Such as 'layer 3'; by default the encoder's own.")] = DEFAULTS.layer,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """Write the hidden states of an audio model as NPZ: its frames, and their times in seconds."""
    run(embedding_command(EmbeddingOptions(encoder, layer)), RunOptions(inputs, output, (), as_json, jobs, again, quiet))


def similar(
    inputs: Annotated[list[str] | None, typer.Argument(metavar="INPUT", help=INPUTS_HELP, show_default=False)] = None,
    text: Annotated[str, typer.Option(help="Search by these words instead; needs an encoder such as CLAP.")] = "",
    output: Output = STANDARD_OUTPUT,
    encoder: EncoderKey = AUTO,
    count: Annotated[int, typer.Option(help="Clips that are listed.", min=1)] = 5,
    add: Annotated[bool, typer.Option("--add", help="Add each input to the library, after the search.")] = False,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """List the clips of the library that sound like each input: input, similarity, name, and where it is most similar."""
    if bool(inputs) == bool(text):
        raise typer.BadParameter("Give inputs or --text.")
    if not inputs:
        _print_clips_near(text, encoder, count, as_json)
        return
    run(search_command(encoder, count, add), RunOptions(inputs, output, (), as_json, jobs, again, quiet))


def embedding_command(options: EmbeddingOptions) -> FileCommand[ClipEmbedding]:
    """Return what `embed` does with each input."""

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[ClipEmbedding]]:
        for now in embed_clip(clip, options, services.runtime, should_stop):
            yield JobStep(now.position / clip.duration, now.embedding, now.state == "done")

    def document(clip: AudioClip, found: ClipEmbedding) -> dict[str, Any]:
        frames, width = found.frames.shape
        facts = {name: as_document(getattr(found, name)) for name in EMBEDDING_FACTS}
        return {"encoder": found.encoder.key, "frames": frames, "width": width, **facts}

    return FileCommand({"npz": OutputFormat(".npz", _npz_of, is_text=False)}, steps, document)


def search_command(key: str, count: int, add: bool) -> FileCommand[tuple[ClipMatch, ...]]:
    """Return what `similar` does with each input."""

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[tuple[ClipMatch, ...]]]:
        if add:
            services.library.check_room(clip)
        wanted = library_options(library_encoder(services.runtime.catalog, key))
        embeddings: list[ClipEmbedding] = []
        for number, options in enumerate(wanted):
            for now in embed_clip(clip, options, services.runtime, should_stop):
                embeddings += [now.embedding] if now.embedding else []
                yield JobStep((number + now.position / clip.duration) / len(wanted))
        if len(embeddings) < len(wanted):
            return
        found = services.library.nearest(embeddings[0], count, also=embeddings[1:])
        for embedding in embeddings if add else ():
            services.library.add(clip, embedding)
        yield JobStep(1.0, found, is_done=True)

    def document(clip: AudioClip, found: tuple[ClipMatch, ...]) -> dict[str, Any]:
        return {"clips": as_document(found)}

    formats = {
        "txt": OutputFormat[tuple[ClipMatch, ...]](".txt", _lines_of),
        "json": OutputFormat[tuple[ClipMatch, ...]](".json", lambda clip, found: json_bytes(document(clip, found))),
    }
    return FileCommand(formats, steps, document)


def _print_clips_near(text: str, key: str, count: int, as_json: bool) -> None:
    """Print the clips of the library that are most similar to a text."""
    services = build_services(Settings())
    try:
        encoder = library_encoder(services.runtime.catalog, key, needs_text=True)
        found = clips_near_text(services.library, text, encoder, count, services.runtime)
    except AudioscopeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_USE if isinstance(error, InvalidOption) else SOME_FAILED) from None
    if as_json:
        typer.echo(json_bytes({"text": text, "clips": as_document(found)}), nl=False)
    else:
        typer.echo(_rows(text, found), nl=False)


def _npz_of(clip: AudioClip, found: ClipEmbedding) -> bytes:
    content = io.BytesIO()
    np.savez(content, frames=found.frames, times=found.times)
    return content.getvalue()


def _lines_of(clip: AudioClip, found: tuple[ClipMatch, ...]) -> bytes:
    return _rows(clip.name, found)


def _rows(sought: str, found: tuple[ClipMatch, ...]) -> bytes:
    """Return a line for each match: what was sought, similarity, name and place, with tabs between."""
    places = [f"{clock_time(match.start, 1)}–{clock_time(match.end, 1)}" for match in found]
    rows = (f"{sought}\t{match.similarity:.2f}\t{match.clip.name}\t{place}\n" for match, place in zip(found, places, strict=True))
    return "".join(rows).encode()
