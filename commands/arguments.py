"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from models.model_catalog import ALL_MODELS
from models.specs.model_spec import AUTO, Task

INPUTS_HELP = "Files, folders or patterns such as '*.mp3'; - for standard input."
FORMATS_HELP = "Format of the output; several with a comma, or given again."

Inputs = Annotated[list[str], typer.Argument(metavar="INPUT", help=INPUTS_HELP, show_default=False)]
Formats = Annotated[list[str] | None, typer.Option("--format", "-f", help=FORMATS_HELP, show_default=False)]
Output = Annotated[str, typer.Option("--output", "-o", help="A folder, or for one input a file; - for standard output.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for each input, a line each.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Inputs that are worked on at once.")]
Again = Annotated[bool, typer.Option("--again", help="Do again what is there; else only missing or older files are made.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress on a terminal.")]


def completing(choices: Iterable[str]) -> Callable[[str], list[str]]:
    """Return the function that completes one of `choices` in a shell."""
    known = tuple(dict.fromkeys(choices))

    def complete(incomplete: str) -> list[str]:
        return [choice for choice in known if choice.startswith(incomplete)]

    return complete


def completing_models(*tasks: Task) -> Callable[[str], list[str]]:
    """Return the function that completes the key of a model for one of `tasks`."""
    return completing([AUTO, *(spec.key for spec in ALL_MODELS if {spec.task, *spec.further_tasks} & {*tasks})])
