"""An app of its own, which hostile callers may not bring down and which may keep nothing of what they sent."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.app_process import RunningApp, running_app
from tests.hostile.answers import DEADLINE_SECONDS, MAX_SENTENCE_CHARACTERS, Answer, fault_of, fault_of_sentence
from tests.hostile.caller import Caller

FEW = 4
"""Cases for each endpoint that the suite has time for; with more, jobs run too."""
CASES = int(os.environ.get("HOSTILE_CASES", FEW))


@dataclass
class Tally:
    """What was sent, and how it was answered."""

    app: RunningApp
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Seconds, and the case."""
    faults: list[str] = field(default_factory=list)

    @property
    def folders(self) -> tuple[str, ...]:
        """Paths that no sentence may name."""
        return (str(self.app.log_file.parent), "/site-packages", "/pipelines/")

    def take(self, subject: str, case: str, answer: Answer) -> None:
        """Note an answer of the HTTP API, and its fault if it has one."""
        self._note(subject, case, answer, fault_of(answer, self.folders))

    def take_text(self, subject: str, case: str, answer: Answer) -> None:
        """Note what a tool answered. The words of the protocol's own checks repeat the value, and have no full stop."""
        words = f"{answer.content[: MAX_SENTENCE_CHARACTERS - 1]}."
        fault = fault_of_sentence(words, self.folders) if answer.kind == "error" else ""
        self._note(subject, case, answer, "late" if answer.seconds > DEADLINE_SECONDS else fault)

    def _note(self, subject: str, case: str, answer: Answer, fault: str) -> None:
        self.counts.setdefault(subject, Counter())["fault" if fault else answer.kind] += 1
        self.slowest[subject] = max(self.slowest.get(subject, (0.0, "")), (round(answer.seconds, 2), case[:300]))
        if fault:
            self.faults.append(f"{subject}: {case}\n    {fault}")

    def check(self, first: int) -> None:
        """Fail if there is a fault after the first so many, or if the app is gone."""
        assert self.app.process.poll() is None, self.app.log()[-3000:]
        assert not self.faults[first:], "\n".join(self.faults[first : first + 40])


@pytest.fixture(scope="package")
def tally(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tally]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "temporary").mkdir()
    with running_app(folder, TMPDIR=str(folder / "temporary")) as app:
        tally = Tally(app)
        yield tally
        report = {name: {**tally.counts[name], "slowest": tally.slowest[name]} for name in sorted(tally.counts)}
    if target := os.environ.get("HOSTILE_REPORT"):
        Path(target).write_text(json.dumps({"faults": tally.faults, "answers": report}, indent=1), encoding="utf-8")


@pytest.fixture(scope="package")
def caller(tally: Tally) -> Caller:
    return Caller(tally.app.address)
