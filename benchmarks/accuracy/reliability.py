"""Reliability of confidences: bins, expected calibration error, and diagrams as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.measurement import Finding

BINS = 10
"""Bins of equal numbers of findings (Nguyen and O'Connor 2015: adaptive bins)."""
SIZE, MARGIN = 200, 36
"""Side of the plot and space for its labels, in pixels."""
COLUMNS = 3


@dataclass(frozen=True)
class Bin:
    """Findings of neighbouring confidences."""

    confidence: float
    """Mean, 0 to 1."""
    rightness: float
    """Mean, 0 to 1."""
    count: int


def adaptive_bins(findings: Sequence[Finding], bins: int = BINS) -> tuple[Bin, ...]:
    """Return at most `bins` bins of equal numbers of findings, least confident first."""
    ordered = sorted(findings, key=lambda finding: finding.confidence)
    parts = np.array_split(np.arange(len(ordered)), min(bins, len(ordered)) or 1)
    return tuple(
        Bin(
            float(np.mean([ordered[i].confidence for i in part])),
            float(np.mean([ordered[i].rightness for i in part])),
            len(part),
        )
        for part in parts
        if len(part)
    )


def expected_calibration_error(findings: Sequence[Finding], bins: int = BINS) -> float:
    """Return the mean difference of confidence and rightness over adaptive bins, weighted by their counts (Guo et al. 2017)."""
    found = adaptive_bins(findings, bins)
    return sum(part.count * abs(part.confidence - part.rightness) for part in found) / len(findings)


def diagrams(by_kind: Mapping[str, Sequence[Finding]]) -> str:
    """Return the reliability diagrams of several kinds as one SVG: rightness over confidence, a dot per bin."""
    side = SIZE + 2 * MARGIN
    rows = -(-len(by_kind) // COLUMNS)
    parts = [
        f'<g transform="translate({side * (i % COLUMNS)} {side * (i // COLUMNS)})">{_diagram(kind, findings)}</g>'
        for i, (kind, findings) in enumerate(by_kind.items())
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * COLUMNS}" height="{side * rows}" '
        f'font-family="sans-serif" font-size="12" fill="#777">{"".join(parts)}</svg>\n'
    )


def _diagram(title: str, findings: Sequence[Finding]) -> str:
    bins = adaptive_bins(findings)
    points = " ".join(f"{_x(part.confidence)},{_y(part.rightness)}" for part in bins)
    texts = [
        (MARGIN + SIZE / 2, MARGIN - 10, f"{title}: n = {len(findings)}, ECE {expected_calibration_error(findings):.3f}"),
        (MARGIN + SIZE / 2, MARGIN + SIZE + 16, "confidence"),
        (_x(0), MARGIN + SIZE + 16, "0"),
        (_x(1), MARGIN + SIZE + 16, "1"),
    ]
    return "".join(
        [
            f'<rect x="{_x(0)}" y="{_y(1)}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#888"/>',
            f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#888" stroke-dasharray="4 4"/>',
            f'<polyline points="{points}" fill="none" stroke="#2563eb" stroke-width="2"/>',
            *(f'<circle cx="{_x(part.confidence)}" cy="{_y(part.rightness)}" r="4" fill="#2563eb"/>' for part in bins),
            *(f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{text}</text>' for x, y, text in texts),
            f'<text transform="translate({MARGIN - 12} {MARGIN + SIZE / 2:.0f}) rotate(-90)" text-anchor="middle">right</text>',
        ]
    )


def _x(value: float) -> float:
    return round(MARGIN + SIZE * value, 1)


def _y(value: float) -> float:
    return round(MARGIN + SIZE * (1 - value), 1)
