"""Weights small enough to lie in this repository: found and checked."""

from __future__ import annotations

from pathlib import Path

from models.files.package_weights import check_sha256
from models.specs.model_spec import ModelSpec, RepositorySource

WEIGHTS = Path(__file__).parent / "weights"


def fetch_from_repository(spec: ModelSpec, source: RepositorySource) -> Path:
    """The folder with the model's files, each checked against its SHA-256.

    Raises:
        DamagedWeights: a file has another checksum than the catalogue.
    """
    folder = WEIGHTS / source.folder
    for file in source.files:
        check_sha256(spec, folder / file.name, file.sha256)
    return folder
