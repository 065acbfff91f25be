"""The commands `describe` and `ask`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.arguments import Again, AsJson, Formats, Inputs, Jobs, Output, Quiet, completing_models
from commands.outputs import STANDARD_OUTPUT, OutputFormat
from commands.running import FileCommand, JobStep, RunOptions, run
from pipelines import APP_VERSION
from pipelines.annotations.export import ENDINGS, ExportFormat, export_results
from pipelines.clip.clip import AudioClip
from pipelines.description.description import ClipDescription, DescriptionOptions, describe_clip, description_document
from pipelines.description.model_caption import CaptionOptions
from pipelines.music.facts import FactOptions
from pipelines.questions.answering import ClipAnswer, answer_about
from pipelines.questions.from_model import QuestionOptions
from services import Services

DEFAULTS, FACTS, CAPTION = DescriptionOptions(), FactOptions(), CaptionOptions()
WRITER_HELP = "'auto' takes the best model that fits; 'facts' writes from the measurements; or a key that `models` lists."


def describe(
    inputs: Inputs,
    formats: Formats = None,
    output: Output = STANDARD_OUTPUT,
    model: Annotated[
        str, typer.Option(help=WRITER_HELP, autocompletion=completing_models("describe_music", "write_text"))
    ] = CAPTION.model,
    sound_model: Annotated[
        str, typer.Option(help="Tagger of sounds.", autocompletion=completing_models("tag_sounds"))
    ] = DEFAULTS.sound_model,
    max_tags: Annotated[int, typer.Option(help="Tags of each kind.", min=1)] = DEFAULTS.max_tags,
    min_bpm: Annotated[float, typer.Option(help="Slowest tempo.")] = FACTS.min_bpm,
    max_bpm: Annotated[float, typer.Option(help="Fastest tempo, at least twice the slowest.")] = FACTS.max_bpm,
    beats_per_bar: Annotated[int | None, typer.Option(help="2 to 5; detected if it is not given.")] = FACTS.beats_per_bar,
    prompt: Annotated[str, typer.Option(help="Prompt for a model; by default its usual one.")] = CAPTION.prompt,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """Describe music and sounds: txt, json (all measurements), jams, audacity, sonic_visualiser or npz."""
    options = DescriptionOptions(
        sound_model, max_tags, FactOptions(min_bpm, max_bpm, beats_per_bar), CaptionOptions(model=model, prompt=prompt)
    )
    run(description_command(options), RunOptions(inputs, output, formats or (), as_json, jobs, again, quiet))


def ask(
    question: Annotated[str, typer.Argument(help="In English.", show_default=False)],
    inputs: Inputs,
    formats: Formats = None,
    output: Output = STANDARD_OUTPUT,
    model: Annotated[
        str,
        typer.Option(help=WRITER_HELP.replace("writes", "answers"), autocompletion=completing_models("answer_questions")),
    ] = CAPTION.model,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """Answer a question about recordings: txt or json."""
    run(answer_command(question, model), RunOptions(inputs, output, formats or (), as_json, jobs, again, quiet))


def description_command(options: DescriptionOptions) -> FileCommand[ClipDescription]:
    """Return what `describe` does with each input."""

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[ClipDescription]]:
        for now in describe_clip(clip, options, services.runtime, should_stop):
            yield JobStep(now.position, now if now.facts else None, now.state == "done")

    formats: dict[str, OutputFormat[ClipDescription]] = {
        "txt": OutputFormat(".txt", _text_of),
        "json": OutputFormat(".json", lambda clip, found: json_bytes(description_document(clip, found))),
    }
    for name, ending in ENDINGS.items():
        formats[name] = OutputFormat(ending, partial(_exported, name), is_text=name == "jams")
    return FileCommand(formats, steps, description_document)


def answer_command(question: str, model: str) -> FileCommand[ClipAnswer]:
    """Return what `ask` does with each input."""

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[ClipAnswer]]:
        answer = answer_about(clip, question, QuestionOptions(model=model), services.runtime, should_stop)
        if not should_stop():
            yield JobStep(1.0, answer, is_done=True)

    def document(clip: AudioClip, answer: ClipAnswer) -> dict[str, Any]:
        return {"question": question, **answer.to_dict()}

    formats = {
        "txt": OutputFormat[ClipAnswer](".txt", lambda clip, answer: f"{answer.text}\n".encode()),
        "json": OutputFormat[ClipAnswer](".json", lambda clip, answer: json_bytes(document(clip, answer))),
    }
    return FileCommand(formats, steps, document)


def json_bytes(document: dict[str, Any]) -> bytes:
    """Return the content of a JSON file."""
    return (json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode("utf-8", "backslashreplace")


def _text_of(clip: AudioClip, found: ClipDescription) -> bytes:
    return f"{found.caption.text if found.caption else ''}\n".encode()


def _exported(name: ExportFormat, clip: AudioClip, found: ClipDescription) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return export_results(clip, found.findings, name, Path(folder), APP_VERSION).read_bytes()
