"""The command line of every training: `python -m training.NAME --config FILE`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from training.loop.config import ConfigRefused, read_config
from training.loop.options import LoopOptions

TRAININGS = Path.home() / ".cache" / "audioscope-training"
"""Parent of the default folders."""


class HasLoop(Protocol):
    """The options of a training: a frozen dataclass."""

    @property
    def loop(self) -> LoopOptions:
        """Duration and learning rate."""


Options = TypeVar("Options", bound=HasLoop)
AnyOptions = TypeVar("AnyOptions")


@dataclass(frozen=True)
class Command(Generic[Options]):
    """What a training is asked for."""

    options: Options
    folder: Path
    """Checkpoints, logs and other files of work; a training whose folder has a checkpoint goes on from it."""
    is_dry_run: bool


def read_command(kind: type[Options], description: str | None, arguments: Sequence[str] | None = None) -> Command[Options]:
    """Read the command line of a training; end the process with a message if it is refused.

    Args:
        kind: dataclass of the training's options, with a field `loop`.
        description: for `--help`.
        arguments: those of the process if None.
    """
    parser = _parser(description)
    parser.add_argument("--folder", type=Path, help=f"files of work; default: one for each config in {TRAININGS}")
    parser.add_argument("--steps", type=int, help="another number of steps than the config's")
    parser.add_argument("--dry-run", action="store_true", help="only print the memory and time of a step")
    chosen = parser.parse_args(arguments)
    options: Any = _read(parser, chosen.config, kind)
    if chosen.steps is not None:
        if chosen.steps < 1:
            parser.error("--steps must be at least 1")
        options = replace(options, loop=replace(options.loop, steps=chosen.steps))
    config = chosen.config.resolve()
    return Command(options, chosen.folder or TRAININGS / config.parents[1].name / config.stem, chosen.dry_run)


def read_fit_options(kind: type[AnyOptions], description: str | None, arguments: Sequence[str] | None = None) -> AnyOptions:
    """Read the command line of a training without steps, such as a regression; end the process if it is refused."""
    parser = _parser(description)
    return _read(parser, parser.parse_args(arguments).config, kind)


def _parser(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="YAML file of the options, such as those in configs/")
    return parser


def _read(parser: argparse.ArgumentParser, config: Path, kind: type[AnyOptions]) -> AnyOptions:
    try:
        return read_config(config, kind)
    except (ConfigRefused, OSError) as error:
        parser.error(str(error))
