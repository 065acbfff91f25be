"""The command `models`."""

from __future__ import annotations

import json
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table

from commands.arguments import completing
from models.errors import as_size
from models.files.model_files import Availability
from models.model_catalog import ALL_MODELS
from models.specs.model_spec import ModelSpec, Task
from services import build_services
from settings import Settings

COLUMNS = ("Key", "Model", "Tasks", "Size", "Licence", "Availability")
TASKS = get_args(Task)


def models(
    task: Annotated[str, typer.Option(help="Only models that do it.", autocompletion=completing(TASKS))] = "",
    within_reach: Annotated[bool, typer.Option("--within-reach", help="Only models that can be used now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List the models of each task, best first: a table on a terminal, tabs between columns in a pipe."""
    if task and task not in TASKS:
        raise typer.BadParameter(f"There is no task {task!r}: choose from {', '.join(TASKS)}.")
    services = build_services(Settings())
    known = (*ALL_MODELS, *services.trained.find().specs)
    specs = [spec for spec in known if not task or task in (spec.task, *spec.further_tasks)]
    availabilities = {spec: services.files.availability(spec) for spec in specs}
    rows = [_row(spec, found) for spec, found in availabilities.items() if found.available or not within_reach]
    if as_json:
        names = [column.lower() for column in COLUMNS]
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], ensure_ascii=False, indent=1))
        return
    console = Console()
    if not console.is_terminal:
        print("".join("\t".join(row) + "\n" for row in rows), end="")
        return
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _row(spec: ModelSpec, availability: Availability) -> tuple[str, ...]:
    tasks = ", ".join((spec.task, *spec.further_tasks))
    return spec.key, spec.title, tasks, as_size(spec.download_bytes), spec.licence, availability.words
