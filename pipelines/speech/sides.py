"""Speech of a clip that holds a recording on each side: the lines of both in order of time, without crosstalk."""

from __future__ import annotations

import heapq
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TypeVar

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.speech.transcript import Segment
from pipelines.speech.voice_activity import SAMPLE_RATE

MIN_CROSSTALK_DB = 3.0
"""A line is softer by more on the side that it leaked to."""
MIN_SHARED_TEXT = 0.6
"""Fraction of the characters of a line that leaked which the line of the other side has, too."""
MIN_CROSSTALK_CORRELATION = 0.3
"""Between the sides while the line lasts, at the best delay. Two voices that say the same at once stay below 0.2."""
MAX_DELAY_SECONDS = 0.05
"""The latest that a voice reaches the other microphone: 17 m of air."""

Step = TypeVar("Step")


def in_order(decoded: Mapping[str, Generator[Step, None, None]]) -> Iterator[Step]:
    """Yield what is decoded of each side, its segments in order of time; what is no segment comes first.

    Args:
        decoded: by the side's name. Each is closed at the end, also at an early one.
    """
    with ExitStack() as stack:
        for steps in decoded.values():
            stack.enter_context(closing(steps))
        yield from heapq.merge(*(_on_side(side, steps) for side, steps in decoded.items()), key=_start)


def _on_side(side: str, steps: Iterator[Step]) -> Iterator[Step]:
    for step in steps:
        yield replace(step, side=side) if isinstance(step, Segment) else step


def _start(step: object) -> float:
    return step.start if isinstance(step, Segment) else -1.0


def with_line(lines: Sequence[Segment], line: Segment, clip: AudioClip) -> tuple[Segment, ...]:
    """Append a line to those of a clip before it; of two that overlap, the one that only leaked from the other side goes."""
    near = [*(other for other in lines if other.end > line.start and line.side), line]
    leaked = [each for each in near if _is_crosstalk(each, [other for other in near if other.side != each.side], clip)]
    return tuple(each for each in (*lines, line) if each not in leaked)


def _is_crosstalk(line: Segment, others: Sequence[Segment], clip: AudioClip) -> bool:
    """Return whether the lines of the other side hold the same words, louder, in the same sound."""
    overlapping = [other for other in others if other.start < line.end and line.start < other.end]
    if not overlapping or _shared_text(line, overlapping) < MIN_SHARED_TEXT:
        return False
    first, last = (round(time * SAMPLE_RATE) for time in (line.start, line.end))
    own, other = (clip.speech_waveform(SAMPLE_RATE, side)[first:last] for side in (line.side, overlapping[0].side))
    return is_leak(own, other)


def _shared_text(line: Segment, others: Sequence[Segment]) -> float:
    """Return the fraction of a line's characters that other lines have in the same order."""
    own, theirs = (re.sub(r"\W", "", text.lower()) for text in (line.text, " ".join(other.text for other in others)))
    matcher = SequenceMatcher(None, own, theirs, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / max(1, len(own))


def is_leak(own: FloatArray, other: FloatArray) -> bool:
    """Return whether one side, [samples] at 16 kHz, holds the sound of the other more softly."""
    from scipy.signal import correlate

    energy, louder = (float(np.dot(side, side)) for side in (own, other))
    if energy * 10 ** (MIN_CROSSTALK_DB / 10) > louder or not energy:
        return False
    delay = round(MAX_DELAY_SECONDS * SAMPLE_RATE)
    middle = len(own) - 1
    products = correlate(own, other, method="fft")[max(0, middle - delay) : middle + delay + 1]
    return bool(np.abs(products).max() > MIN_CROSSTALK_CORRELATION * np.sqrt(energy * louder))
