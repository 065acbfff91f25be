"""Speech models that were trained on this machine: each is a folder with a Whisper of CTranslate2 and a description.

`python -m training.whisper` writes such folders. They are looked for each time the choices are asked for, so that a new one is
offered without a restart. What is wrong with a folder is one sentence, and the folder is left out.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from models.files.whisper_file import Variables, layer_count, read_variables
from models.specs.model_spec import ModelSpec, TrainedSource, WhisperSizes

log = logging.getLogger(__name__)

DESCRIPTION = "audioscope.json"
FORMAT_VERSION = 1
WEIGHTS_FILE = "model.bin"
OTHER_FILES = ("config.json", "tokenizer.json")
KEY_PREFIX = "trained-"
VERSION_CHARACTERS = 12
INT8_FRACTION, GPU_FRACTION = 0.6, 1.1
"""Memory of the weights relative to their file in float16; see `models.specs.speech`."""


@dataclass(frozen=True)
class TrainedModel:
    """What `audioscope.json` says."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    title: str
    """Name for people."""
    licence: str
    """Licences of the base and of the data."""
    licence_url: str
    english_only: bool
    format_version: int = FORMAT_VERSION
    """Those written before there were versions have none."""


TRAINED_MODEL = TypeAdapter(TrainedModel)
ANY_JSON = TypeAdapter[Any](Any)


class NewerFormat(Exception):
    """A description has a version that is not known here."""


@dataclass(frozen=True)
class FoundModels:
    """What a look into the folder gave."""

    specs: tuple[ModelSpec, ...] = ()
    problems: tuple[str, ...] = ()
    """A sentence about each folder that is no trained model."""


class TrainedModels:
    """The trained models of one folder, in alphabetical order; each is read anew only when its files change."""

    def __init__(self, folder: Path) -> None:
        """Look at nothing yet.

        Args:
            folder: it need not exist.
        """
        self._folder = folder
        self._known: dict[str, tuple[str, ModelSpec | str]] = {}

    def find(self) -> FoundModels:
        """Return what is there now; a problem is also logged, once."""
        try:
            folders = sorted(path for path in self._folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        except FileNotFoundError:
            return FoundModels()
        except OSError as error:
            return FoundModels(
                problems=(f"The folder {self._folder.name} cannot be read ({error.strerror}): its models are left out.",)
            )
        found = [self._read(folder) for folder in folders]
        return FoundModels(
            tuple(one for one in found if isinstance(one, ModelSpec)), tuple(one for one in found if isinstance(one, str))
        )

    def _read(self, folder: Path) -> ModelSpec | str:
        version = _version(folder)
        known = self._known.get(folder.name)
        if known is None or known[0] != version:
            found = _read_model(folder, version)
            if isinstance(found, str):
                log.warning(found)
            known = self._known[folder.name] = (version, found)
        return known[1]


def _version(folder: Path) -> str:
    """Return a hash of the sizes and times of the folder's files."""
    marks = []
    for name in (DESCRIPTION, WEIGHTS_FILE, *OTHER_FILES):
        try:
            facts = (folder / name).stat()
        except OSError:
            marks.append("")
        else:
            marks.append(f"{facts.st_size}.{facts.st_mtime_ns}")
    return hashlib.sha256(" ".join(marks).encode()).hexdigest()[:VERSION_CHARACTERS]


def _read_model(folder: Path, version: str) -> ModelSpec | str:
    """Return the catalogue's row of a folder, or one sentence that says why there is none."""
    try:
        description = _described((folder / DESCRIPTION).read_bytes())
        if absent := [name for name in OTHER_FILES if not (folder / name).is_file()]:
            raise FileNotFoundError(2, "No such file", absent[0])
        return _spec(folder, version, description, read_variables(folder / WEIGHTS_FILE))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        why = f"{DESCRIPTION}: {': '.join([*map(str, first['loc']), first['msg']])}"
    except FileNotFoundError as error:
        why = f"there is no {Path(error.filename).name}"
    except OSError as error:
        why = f"{Path(error.filename or folder).name} cannot be read ({error.strerror})"
    except (ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
        why = f"{WEIGHTS_FILE} is damaged: {error}"
    except NewerFormat as error:
        why = str(error)
    # The page shows this to every visitor: the name alone.
    return f"The folder {folder.name} is left out, for it is no trained model ({why[:200]}): train it again or remove it."


def _described(content: bytes) -> TrainedModel:
    """Return what a description says; a newer one, whose fields may be others, is not taken for a damaged one."""
    stated = ANY_JSON.validate_json(content)
    version = stated.get("format_version") if isinstance(stated, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise NewerFormat("a newer version of Audioscope wrote it")
    return TRAINED_MODEL.validate_json(content)


def _spec(folder: Path, version: str, description: TrainedModel, variables: Variables) -> ModelSpec:
    size = (folder / WEIGHTS_FILE).stat().st_size
    return ModelSpec(
        key=f"{KEY_PREFIX}{folder.name}",
        title=description.title,
        task="transcribe",
        loader="faster_whisper",
        source=TrainedSource(folder, version),
        licence=description.licence,
        licence_url=description.licence_url,
        download_bytes=size,
        cpu_dtype="int8",
        gpu_dtype="float16",
        cpu_bytes=round(INT8_FRACTION * size),
        gpu_bytes=round(GPU_FRACTION * size),
        english_only=description.english_only,
        whisper=WhisperSizes(
            width=len(variables["encoder/layer_norm/gamma"]),
            heads=int(variables["encoder/num_heads"]),
            encoder_layers=layer_count(variables, "encoder"),
            decoder_layers=layer_count(variables, "decoder"),
        ),
    )
