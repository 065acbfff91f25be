"""What the catalogue wants from each hub repository is there, by the hub's own pages; `null` in the listings: not seen.

Listings are in the page's order; '...' where the page was cut off. A folder of which nothing is listed was not seen.
"""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from models.files.checkpoint_parts import INDEX_FILE
from models.model_catalog import ALL_MODELS
from models.specs.model_spec import HubSource

LISTINGS: dict[str, dict[str, Any] | None] = json.loads((Path(__file__).parent / "hub_listings.json").read_text(encoding="utf-8"))
CUT = "..."
WEIGHTS = ("*.safetensors", "model.bin")
"""Forms that are loaded: `model.bin` is CTranslate2's; pickles have other names."""
NEEDED_PATTERNS = ("vocabulary.*", "tokenizer/*.json", "tokenizer/*.txt", *WEIGHTS)
"""Patterns that must match something; others are for files that some repositories have."""
SOURCES = sorted({spec.source for spec in ALL_MODELS if isinstance(spec.source, HubSource)}, key=repr)
SEEN = [source for source in SOURCES if LISTINGS[source.repository] is not None]
each_seen_source = pytest.mark.parametrize("source", SEEN, ids=lambda source: source.repository)


def files_of(source: HubSource) -> list[str]:
    listing = LISTINGS[source.repository]
    assert listing is not None
    return [str(name) for name in listing["files"]]


def is_in_doubt(wanted: str, files: list[str]) -> bool:
    """Return whether the listing cannot say: the folder was not seen, or the page was cut off before the name."""
    folder = [file for file in files if PurePosixPath(file).parent == PurePosixPath(wanted).parent]
    return not folder or (folder[-1] == CUT and ("*" in wanted or wanted > folder[-2]))


def test_every_repository_has_a_listing_or_is_marked_as_not_seen() -> None:
    assert set(LISTINGS) == {source.repository for source in SOURCES}


@each_seen_source
def test_the_wanted_files_are_in_the_repository(source: HubSource) -> None:
    files = files_of(source)
    for wanted in source.files:
        if is_in_doubt(wanted, files) or ("*" in wanted and wanted not in NEEDED_PATTERNS):
            continue
        assert any(fnmatch(name, wanted) for name in files), wanted


@each_seen_source
def test_the_wanted_files_have_weights_that_are_no_pickles(source: HubSource) -> None:
    wanted = [name for name in files_of(source) if any(fnmatch(name, pattern) for pattern in source.files)]
    assert any(fnmatch(PurePosixPath(name).name, form) for name in wanted for form in (*WEIGHTS, INDEX_FILE))


@each_seen_source
def test_the_listing_is_of_the_revision_that_the_catalogue_takes(source: HubSource) -> None:
    listing = LISTINGS[source.repository]
    assert listing is not None
    assert source.revision == listing.get("revision", "")
