"""The page of licences is today's, and no licence is unknown or of a kind that is not accepted."""

from __future__ import annotations

import pytest

from docs.make_licences import (
    ACCEPTED_PACKAGES,
    ACCEPTED_WEIGHTS,
    COMMAND,
    LICENCES,
    ROOT,
    comes_with_the_app,
    licences_page,
    model_licence,
    package_licence,
    parts,
    runtime_packages,
)
from models.model_catalog import ALL_MODELS

REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_the_page_of_licences_is_of_today() -> None:
    assert LICENCES.read_text(encoding="utf-8") == licences_page(REQUIREMENTS), f"run: {COMMAND}"


@pytest.mark.parametrize("name", runtime_packages(REQUIREMENTS))
def test_the_licence_of_a_package_is_known_and_accepted(name: str) -> None:
    found = parts(package_licence(name))
    assert found
    assert found <= ACCEPTED_PACKAGES


def test_weights_that_come_with_the_app_have_accepted_licences() -> None:
    for spec in filter(comes_with_the_app, ALL_MODELS):
        assert parts(model_licence(spec)) <= ACCEPTED_WEIGHTS, spec.title


def test_every_model_says_its_licence_and_where_it_stands() -> None:
    for spec in ALL_MODELS:
        assert spec.licence, spec.title
        assert spec.licence_url.startswith("https://"), spec.title


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("MIT", {"MIT"}),
        ("Apache-2.0 WITH LLVM-exception AND (MPL-2.0 OR MIT)", {"Apache-2.0", "MPL-2.0", "MIT"}),
        ("GPL-3.0-only", {"GPL-3.0-only"}),
        ("", set()),
    ],
)
def test_an_expression_has_parts(expression: str, found: set[str]) -> None:
    assert parts(expression) == found
