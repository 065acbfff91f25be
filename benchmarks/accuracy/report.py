"""Tables of the figures, and the part of docs/accuracy.md that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks.accuracy.measurement import OURS, Finding, Measured
from benchmarks.accuracy.reliability import diagrams, expected_calibration_error
from pipelines.music.calibration import Kind

DOCUMENT = Path("docs") / "accuracy.md"
DIAGRAMS = "reliability.svg"
START, END = "<!-- figures: written by make accuracy -->", "<!-- end of figures -->"
GOALS = {
    "tempo": 0.92,
    "tempo but for octaves": 0.98,
    "beats": 0.90,
    "downbeats": 0.80,
    "key": 0.75,
    "key, weighted": 0.85,
    "chords": 0.78,
    "sections 0.5 s": 0.60,
    "sections 3 s": 0.75,
    "instruments": 0.75,
}
MEASURES = (*GOALS, "metre", "sevenths", "section labels", "vocals")
MAX_CALIBRATION_ERROR = 0.08
MIN_FINDINGS = 10
"""Findings from which a kind has a calibration error."""
GROUPS = (
    ("Real music, kept apart", "real", "kept apart"),
    ("Rendered music, kept apart", "rendered", "kept apart"),
    ("Real music, used for tuning", "real", "tuning"),
    ("Rendered music, used for tuning", "rendered", "tuning"),
)
"""(heading, kind, split) of the tables, in their order."""


def summary(results: Sequence[Measured]) -> str:
    """Return all tables as Markdown."""
    parts = []
    for heading, kind, split in GROUPS:
        group = [result for result in results if (result.source.kind, result.source.split) == (kind, split)]
        if group:
            parts += [f"### {heading}", score_table(group)]
    apart = [result for result in results if result.source.split == "kept apart" and result.source.kind == "real"]
    if apart:
        parts += ["### Confidences on real music, kept apart", calibration_table(apart)]
    return "\n\n".join([*parts, "### Sources", source_table(results)])


def score_table(results: Sequence[Measured]) -> str:
    """Return the mean of each measure by program; one that was not run on all tracks stands beside our mean on those it was."""
    programs = list(dict.fromkeys(program for result in results for program in result.scores))
    peers = [program for program in programs if program != OURS]
    rows = []
    for measure in MEASURES:
        own = [result.scores[OURS][measure] for result in results if measure in result.scores[OURS]]
        if own:
            goal = f"{GOALS[measure]:.2f}" if measure in GOALS else ""
            cells = [_peer_cell(results, measure, peer, len(own)) for peer in peers]
            rows.append([measure, str(len(own)), f"**{np.mean(own):.3f}**", goal, *cells])
    return _table(["measure", "tracks", OURS, "goal", *peers], rows)


def _peer_cell(results: Sequence[Measured], measure: str, peer: str, count: int) -> str:
    pairs = [
        (result.scores[peer][measure], result.scores[OURS].get(measure))
        for result in results
        if measure in result.scores.get(peer, {})
    ]
    if not pairs:
        return "–"
    mean = f"{np.mean([theirs for theirs, _ in pairs]):.3f}"
    own = [ours for _, ours in pairs if ours is not None]
    return mean if len(pairs) == count else f"{mean} on {len(pairs)} ({OURS} {np.mean(own):.3f})"


def calibration_table(results: Sequence[Measured]) -> str:
    """Return count, mean confidence, mean rightness and calibration error of each kind of finding."""
    rows = []
    for kind, findings in by_kind(results).items():
        confidence, right = (np.mean([getattr(one, field) for one in findings]) for field in ("confidence", "rightness"))
        error = expected_calibration_error(findings)
        mark = "" if error <= MAX_CALIBRATION_ERROR else " (goal missed)"
        rows.append([kind, str(len(findings)), f"{confidence:.2f}", f"{right:.2f}", f"{error:.3f}{mark}"])
    return _table(["confidence of", "findings", "mean confidence", "right", f"ECE (goal {MAX_CALIBRATION_ERROR})"], rows)


def by_kind(results: Sequence[Measured]) -> dict[str, list[Finding]]:
    """Return the findings of each kind of which there are enough."""
    found = {
        kind: [finding for result in results for finding in result.findings if finding.kind == kind]
        for kind in (*get_args(Kind), "instrument", "vocals")
    }
    return {kind: findings for kind, findings in found.items() if len(findings) >= MIN_FINDINGS}


def source_table(results: Sequence[Measured]) -> str:
    """Return the sources that were measured."""
    rows = []
    for source in dict.fromkeys(result.source for result in results):
        count = sum(result.source == source for result in results)
        what = f"{source.package} {source.version}".strip()
        tasks = ", ".join(source.tasks)
        rows.append([source.name, what, source.kind, source.split, str(count), tasks, source.licence, source.truth])
    return _table(["source", "package", "kind", "split", "tracks", "truth of", "licence", "how it was found"], rows)


def write_document(results: Sequence[Measured], document: Path = DOCUMENT) -> None:
    """Write tables and diagrams between the markers of the document, and the diagrams beside it."""
    text = document.read_text(encoding="utf-8")
    before, after = text.split(START)[0], text.split(END)[1]
    apart = [result for result in results if result.source.split == "kept apart" and result.source.kind == "real"]
    (document.parent / DIAGRAMS).write_text(diagrams(by_kind(apart)), encoding="utf-8")
    picture = f"![Reliability of each kind of confidence]({DIAGRAMS})"
    document.write_text(f"{before}{START}\n\n{summary(results)}\n\n{picture}\n\n{END}{after}", encoding="utf-8")


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
