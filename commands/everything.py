"""The command `analyse`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from commands.arguments import Again, AsJson, Formats, Inputs, Jobs, Output, Quiet, completing
from commands.music import json_bytes
from commands.outputs import STANDARD_OUTPUT, OutputFormat
from commands.running import FileCommand, JobStep, RunOptions, run
from models.files.trained_models import TrainedModels
from models.model_catalog import ALL_MODELS
from pipelines.bundle.writing import BundleOptions, write_bundle
from pipelines.clip.clip import AudioClip
from pipelines.everything.analysis import analyse_everything
from pipelines.everything.bundled import bundle_contents
from pipelines.everything.summary import summary_of, text_of
from pipelines.everything.types import SUBJECTS, EverythingFound, EverythingOptions, Subject
from services import Services
from settings import Settings

SUBJECTS_HELP = f"Only these of {', '.join(SUBJECTS)}; several with a comma."


def analyse(
    inputs: Inputs,
    formats: Formats = None,
    output: Output = STANDARD_OUTPUT,
    subjects: Annotated[str, typer.Option("--only", help=SUBJECTS_HELP, autocompletion=completing(SUBJECTS))] = "",
    with_clip: Annotated[bool, typer.Option(help="Put the recording into the bundle.")] = BundleOptions.with_clip,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """Run all that fits each recording: txt (in short), json (all results) or zip (a bundle with report.html)."""
    wanted = tuple(cast(Subject, name.strip()) for name in subjects.split(",") if name.strip())
    options = EverythingOptions(wanted or SUBJECTS)
    run(everything_command(options, with_clip), RunOptions(inputs, output, formats or (), as_json, jobs, again, quiet))


def everything_command(options: EverythingOptions, with_clip: bool) -> FileCommand[EverythingFound]:
    """Return what `analyse` does with each input."""

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[EverythingFound]]:
        for now in analyse_everything(clip, options, services.runtime, should_stop):
            yield JobStep(now.position, now if now.subject or now.state != "analysing" else None, now.state == "done")

    def document(clip: AudioClip, found: EverythingFound) -> dict[str, Any]:
        return {"summary": summary_of(found), **found.to_dict()}

    def bundle(clip: AudioClip, found: EverythingFound) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bundle.zip"
            trained = TrainedModels(Settings().trained_models_path).find().specs
            write_bundle(clip, bundle_contents(found, options), path, BundleOptions(with_clip, specs=(*ALL_MODELS, *trained)))
            return path.read_bytes()

    formats = {
        "txt": OutputFormat[EverythingFound](".txt", lambda clip, found: text_of(found).encode()),
        "json": OutputFormat[EverythingFound](".json", lambda clip, found: json_bytes(document(clip, found))),
        "zip": OutputFormat[EverythingFound](".zip", bundle, is_text=False),
    }
    return FileCommand(formats, steps, document)
