"""What hostile callers sent, how it was answered, and what was wrong with an answer."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.app_process import RunningApp
from tests.hostile.answers import DEADLINE_SECONDS, MAX_SENTENCE_CHARACTERS, Answer, fault_of, fault_of_sentence

OUTCOMES = {"complete": "right answers", "text": "right answers", "error": "clear errors", "refused": "clear errors"}
"""Kind of an answer without a fault -> its name in a report."""


@dataclass
class Tally:
    """What was sent, and how it was answered. Several threads may note answers."""

    app: RunningApp
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    """Subject, such as an endpoint -> outcome -> count."""
    slowest: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Seconds, and the case."""
    faults: dict[str, list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def folders(self) -> tuple[str, ...]:
        """Paths that no sentence may name; those of uploads are known to who uploads."""
        folder = self.app.log_file.parent
        return (*(str(folder / name) for name in ("data", "clips", "temporary")), "/site-packages", "/pipelines/")

    def take(self, subject: str, case: str, answer: Answer) -> None:
        """Note an answer of the HTTP API, and its fault if it has one."""
        self._note(subject, case, answer, fault_of(answer, self.folders))

    def take_text(self, subject: str, case: str, answer: Answer) -> None:
        """Note what a tool answered. The words of the protocol's own checks repeat the value, and have no full stop."""
        words = f"{answer.content[: MAX_SENTENCE_CHARACTERS - 1]}."
        fault = fault_of_sentence(words, self.folders) if answer.kind == "error" else ""
        self._note(subject, case, answer, f"after {answer.seconds:.0f} s" if answer.seconds > DEADLINE_SECONDS else fault)

    def _note(self, subject: str, case: str, answer: Answer, fault: str) -> None:
        with self._lock:
            self.counts.setdefault(subject, Counter())["broken" if fault else OUTCOMES[answer.kind]] += 1
            self.slowest[subject] = max(self.slowest.get(subject, (0.0, "")), (round(answer.seconds, 2), case[:300]))
            if fault:
                self.faults.setdefault(subject, []).append(f"{case}\n    {fault}")

    def check(self, subject: str) -> None:
        """Fail if there is a fault of the subject, or if the app is gone."""
        assert self.app.process.poll() is None, self.app.log()[-3000:]
        assert not self.faults.get(subject), "\n".join(self.faults[subject][:40])

    def row(self, subject: str) -> dict[str, Any]:
        """Return what a report says of a subject."""
        return {**self.counts[subject], "slowest": self.slowest[subject], "faults": self.faults.get(subject, [])}
