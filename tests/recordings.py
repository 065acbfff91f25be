"""Real recordings with known content, from the repository and from Debian's packages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"
LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")


@dataclass(frozen=True)
class Sentence:
    """A LibriVox recording and what is said in it."""

    path: Path
    text: str


def librivox_sentences() -> list[Sentence]:
    """The five sentences of `pocketsphinx-testdata`."""
    lines = (LIBRIVOX / "transcription").read_text().splitlines()
    parsed = [re.fullmatch(r"<s> (.*) </s> \((.*)\)", line.strip()) for line in lines if line.strip()]
    return [Sentence(LIBRIVOX / f"{match[2]}.wav", match[1]) for match in parsed if match]
