"""Compose the command line: `python cli.py`, or `audioscope` after `make install`."""

from __future__ import annotations

import typer

from commands.speech import transcribe

NAME = "audioscope"
HELP = "Listen to recordings: transcribe, describe, draw, compare, and serve the page."

cli = typer.Typer(name=NAME, help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
for command in (transcribe,):
    cli.command()(command)


@cli.callback()
def _audioscope() -> None:
    pass


def main() -> None:
    """Run the command line."""
    cli(prog_name=NAME)


if __name__ == "__main__":
    main()
