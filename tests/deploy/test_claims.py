"""Every claim about where Audioscope runs has a test or the words 'not tried': the table at the end of docs/hosting.md."""

from __future__ import annotations

import re

import pytest

from tests.deploy.space_files import ROOT

HEADING = "\n## Claims and their tests\n"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE, TABLE = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8").split(HEADING)
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if line.startswith("| ")][1:]
NOT_TRIED = "not tried"


def plain(text: str) -> str:
    """Return the words of a text in lower case, with single spaces and links as their names."""
    return " ".join(re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text).lower().split())


CLAIMS = [plain(claim) for claim, _ in ROWS]


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def stated_parts() -> dict[str, str]:
    """Return what needs a row of the table: sections of the page and of the README, and their list items."""
    parts = {heading: section(PAGE, heading) for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)}
    parts |= {f"README, {heading}": section(README, heading) for heading in ("Models", "With a GPU", "Hosting")}
    items = {
        f"{name}: {item[:40]}": item for name, text in parts.items() for item in re.split(r"^- ", text, flags=re.MULTILINE)[1:]
    }
    return parts | items


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_words_of_a_claim_are_in_the_readme_or_on_the_page(claim: str) -> None:
    assert claim in plain(README) or claim in plain(PAGE)


@pytest.mark.parametrize("evidence", sorted({evidence for _, evidence in ROWS}))
def test_the_test_of_a_claim_exists(evidence: str) -> None:
    named = re.findall(r"`([^`]+)`", evidence)
    assert named or evidence == NOT_TRIED
    for name in named:
        file, _, test = name.partition("::")
        assert (ROOT / file).is_file()
        assert not test or f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in stated_parts().items()])
def test_everything_that_is_stated_has_a_claim_in_the_table(text: str) -> None:
    assert any(claim in plain(text) for claim in CLAIMS)
