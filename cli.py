"""Compose the command line: `python cli.py`, or `audioscope` after `make install`."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from commands.accounts import key, user
from commands.embeddings import embed, similar
from commands.everything import analyse
from commands.model_list import models
from commands.music import ask, describe
from commands.notes import notes
from commands.pictures import picture, storyboard
from commands.speech import transcribe
from models.files.hub_lock import HubLockUnreadable

NAME = "audioscope"
HELP = "Listen to recordings: transcribe, describe, draw, compare, and serve the page."

cli = typer.Typer(name=NAME, help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
for command in (transcribe, describe, ask, notes, picture, storyboard, embed, similar, analyse, models, user, key):
    cli.command()(command)


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all networks.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="By default the first free one from 7860.", min=1, max=65535)] = None,
) -> None:
    """Serve the page, as `python app.py` does."""
    os.environ["GRADIO_SERVER_NAME"] = host
    if port is not None:
        os.environ["GRADIO_SERVER_PORT"] = str(port)
    # Gradio takes longer to import than the other commands take to start.
    from app import main as serve_page

    serve_page()


def _refused(sentence: str) -> int:
    """Say why nothing was done, and return the exit code."""
    print(sentence, file=sys.stderr)
    return 1


def main() -> NoReturn:
    """Run the command line and end the process.

    Threads are not waited for: a step of a model that goes on while Python ends its threads keeps the process from ending.
    """
    code = 0
    try:
        cli(prog_name=NAME)
    except HubLockUnreadable as error:
        code = _refused(str(error))
    except SystemExit as end:
        code = _refused(end.code) if isinstance(end.code, str) else end.code or 0
    logging.shutdown()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
