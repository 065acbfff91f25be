"""Make and check training data: `python -m training.data --help`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from models.errors import AudioscopeError
from services import build_services
from settings import Settings
from training.data.archives import unpack
from training.data.augmentation import augmented_copies
from training.data.check.check import CheckOptions, check
from training.data.features import CatalogueEncoder, FeatureFiles
from training.data.folder import FolderRequest, folder_triples
from training.data.hub.reading import HubRequest, LeftOut, hub_triples
from training.data.renderer.render import RendererOptions, render_clips, rendered_triples
from training.data.triples import Task, Triple, read_triples, write_triples
from training.loop.config import ConfigRefused, read_config

commands = typer.Typer(name="training.data", no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
Target = Annotated[Path, typer.Option("--target", help="JSON Lines file of the triples.")]
Seed = Annotated[int, typer.Option(help="Of wordings and of the division of sources.")]


@commands.command()
def render(
    config: Annotated[Path, typer.Option(help="YAML file of the renderer's options, such as configs/music.yaml.")],
    soundfonts: Annotated[Path, typer.Option(help="Folder of the SoundFonts.")],
    folder: Annotated[Path, typer.Option(help="Clips go to its folder 'clips', triples to 'music.jsonl'.")],
    part: Annotated[int, typer.Option(help="Number of this process, from 0.")] = 0,
    parts: Annotated[int, typer.Option(help="Number of processes that share the work.")] = 1,
) -> None:
    """Render clips of composed music, with exact truth; what is there is not rendered again."""
    options = read_config(config, RendererOptions)
    for name in render_clips(options, soundfonts, folder / "clips", part, parts):
        typer.echo(name)
    _write(folder / "music.jsonl", rendered_triples(folder / "clips"))


@commands.command()
def folder(
    folder: Annotated[Path, typer.Argument(help="Folder with a table (CSV or JSON Lines), or texts beside the recordings.")],
    target: Target,
    table: Annotated[Path | None, typer.Option(help="The table, where there are several.")] = None,
    archive: Annotated[Path | None, typer.Option(help="Zip file that is unpacked into the folder first.")] = None,
    task: Annotated[Task, typer.Option(help="Of rows that name none.")] = "speech",
    seed: Seed = 0,
) -> None:
    """Read a person's own recordings and texts."""
    if archive is not None:
        unpack(archive, folder)
    _write(target, folder_triples(FolderRequest(folder, table, task, seed=seed)))


@commands.command()
def hub(
    name: Annotated[str, typer.Argument(help="gtzan, librispeech, clotho, maestro, musiccaps or fsd50k.")],
    target: Target,
    rows: Annotated[int | None, typer.Option(help="Rows of each split; all by default.", min=1)] = None,
    address: Annotated[str, typer.Option(help="Another repository, or a folder with the same files.")] = "",
    audio_folder: Annotated[str, typer.Option(help="Your own audio, where only texts are published.")] = "",
    seed: Seed = 0,
) -> None:
    """Read a published data set."""
    left_out = []

    def triples() -> Iterator[Triple]:
        for each in hub_triples(HubRequest(name, address, audio_folder, rows, seed), target.parent / f"{name}-clips"):
            if isinstance(each, LeftOut):
                left_out.append(each)
            else:
                yield each

    _write(target, triples())
    for each in left_out:
        typer.echo(f"left out: {each.name} ({each.reason})", err=True)


@commands.command()
def augment(
    file: Annotated[Path, typer.Argument(help="Triples whose training clips are copied.")],
    target: Target,
    copies: Annotated[int, typer.Option(help="Copies of each training clip.", min=1)] = 1,
    seed: Seed = 0,
) -> None:
    """Add copies of the training clips with other gain, noise, room, codec, pitch and time; their truth changes with them."""
    triples = read_triples(file)
    added = augmented_copies(triples, target.parent / f"{target.stem}-clips", copies, seed)
    _write(target, (each for part in (triples, added) for each in part))


@commands.command(name="check")
def check_data(
    file: Annotated[Path, typer.Argument(help="Triples of all splits.")],
    min_rate: Annotated[int, typer.Option(help="Hz that the encoder takes.")] = 16_000,
    language: Annotated[str, typer.Option(help="Of the texts: en, de, fr, es, it, pt or nl; '' for any.")] = "en",
    apart: Annotated[list[str] | None, typer.Option(help="A fact whose values must not be in two splits.")] = None,
    vocabulary: Annotated[Path | None, typer.Option(help="Text file of labels that must have examples, one a line.")] = None,
    features: Annotated[Path | None, typer.Option(help="Folder of YAMNet's states; a temporary one by default.")] = None,
    near_duplicates: Annotated[bool, typer.Option(help="Look for one recording in two forms, by YAMNet.")] = True,
) -> None:
    """Name every trap of a data set before the first step; the exit status is 1 if there is an error."""
    labels = vocabulary.read_text(encoding="utf-8").split("\n") if vocabulary else []
    options = CheckOptions(min_rate, language, tuple(apart or ()), tuple(label.strip() for label in labels if label.strip()))
    triples = read_triples(file)
    with tempfile.TemporaryDirectory() as scratch:
        states = None
        if near_duplicates:
            runtime = build_services(Settings(clip_dir=Path(scratch) / "clips")).runtime
            states = FeatureFiles(features or Path(scratch), CatalogueEncoder("yamnet", "", runtime))
        found = check(triples, options, states)
    for each in found:
        typer.echo(str(each))
    errors = sum(each.severity == "error" for each in found)
    typer.echo(f"{len(triples)} triples: {errors} errors, {len(found) - errors} warnings")
    if errors:
        raise typer.Exit(1)


def _write(target: Path, triples: Iterator[Triple]) -> None:
    typer.echo(f"{write_triples(target, triples)} triples in {target}")


def main() -> None:
    """Run the command line; what is wrong with the data is one sentence."""
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    try:
        commands()
    except (AudioscopeError, ConfigRefused) as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
