"""Options in YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

Options = TypeVar("Options")
ConfigPath = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path that may begin with ~, or is relative to the current folder."""


class ConfigRefused(ValueError):
    """A config is not what its training expects; the message says where and why."""


def read_config(path: Path, kind: type[Options]) -> Options:
    """Read a frozen dataclass, with dataclasses in it, from a YAML 1.2 file.

    Args:
        path: the file.
        kind: the dataclass.

    Raises:
        ConfigRefused: the file is no YAML, or a key is unknown, missing or of another type.
    """
    try:
        # JSON's strict mode makes paths of texts and tuples of lists, but no numbers of texts.
        text = to_json([YAML(typ="safe", pure=True).load(path)])
    except (YAMLError, PydanticSerializationError) as error:
        raise ConfigRefused(f"{path} is no YAML file: {' '.join(str(error).split())}") from error
    # A dataclass takes no config from outside; a tuple around it does, and passes it on to all dataclasses inside.
    adapter = TypeAdapter(tuple[kind], config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))  # type: ignore[valid-type]
    try:
        (options,) = adapter.validate_json(text)
    except ValidationError as error:
        reasons = [
            f"{'.'.join(map(str, each['loc'][1:])) or 'the whole'}: {each['msg']}" for each in error.errors(include_url=False)
        ]
        raise ConfigRefused(f"{path} is refused: {'; '.join(reasons)}") from error
    return options
