"""Subtitle cues from a transcription: how text is cut into them, and how long each shows.

Times are whole milliseconds from the first step on: no format is finer, and what was rounded once cannot be made to overlap
by rounding it again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipelines.speech.transcript import Segment
from pipelines.subtitles.cue_options import MIN_CUE_MS, CueOptions, check_cue_options
from pipelines.subtitles.line_breaking import cut_into_cues, cut_into_lines
from pipelines.subtitles.unbreakable_units import Atom, CueWord, line_text, make_atoms, plain_text

FRAME_MS = 40
"""One frame at 25 frames a second: the least distance between the starts of two cues."""


@dataclass(frozen=True)
class Cue:
    """Text on the screen from `start_ms` to `end_ms`, in milliseconds of the clip."""

    start_ms: int
    end_ms: int
    lines: tuple[tuple[CueWord, ...], ...]
    side: str = ""
    """Side of the clip that it was read from, 'left' or 'right'; '' for all of the clip."""
    speaker: str = ""
    """Name of the speaker; '' where speakers were not distinguished."""

    @property
    def voice(self) -> str:
        """The speaker on one line, or else the side of the clip, as 'Left'; '' for neither."""
        return plain_text(self.speaker) or self.side.capitalize()

    @property
    def line_texts(self) -> tuple[str, ...]:
        """Text of each line."""
        return tuple(line_text(line) for line in self.lines)

    @property
    def labelled_lines(self) -> tuple[str, ...]:
        """Text of each line, with the voice before the first, which does not count in the limits of a line."""
        first, *others = self.line_texts
        return with_voice(self.voice, first), *others

    @property
    def words(self) -> tuple[CueWord, ...]:
        """Words of all lines."""
        return tuple(word for line in self.lines for word in line)

    @property
    def text(self) -> str:
        """All words in one line."""
        return line_text(self.words)


def make_cues(segments: Iterable[Segment], duration: float, options: CueOptions = CueOptions()) -> tuple[Cue, ...]:
    """Return cues that hold the text of `segments` in its order, and end within the clip.

    They overlap only where they belong to different sides of the clip; those of one side keep to the limits by themselves.

    The words of a segment give the times of its text. Where they do not spell it (it was edited) or there are none, the times
    of the text are estimated. Each cue is laid out by the language of its segment.

    Args:
        segments: the lines of a transcript.
        duration: seconds of the clip.
        options: limits of the cues.

    Raises:
        InvalidOption: an option that no cue could keep.
        ValueError: there is text, but no millisecond to show it in.
    """
    check_cue_options(options)
    duration_ms = math.floor(duration * 1000)
    sides: dict[str, list[Segment]] = {}
    for segment in segments:
        sides.setdefault(segment.side, []).append(segment)
    cues = (cue for side, lines in sides.items() for cue in _cues_of_side(side, lines, duration_ms, options))
    return tuple(sorted(cues, key=lambda cue: cue.start_ms))


def with_voice(voice: str, text: str) -> str:
    """Return text with the name of the voice before it, as "Left: text"."""
    return f"{voice}: {text}" if voice else text


def _cues_of_side(side: str, segments: Iterable[Segment], duration_ms: int, options: CueOptions) -> tuple[Cue, ...]:
    atoms = make_atoms(segments, duration_ms, options)
    if atoms and duration_ms < 1:
        raise ValueError("a clip shorter than a millisecond has no room for a cue")
    groups = cut_into_cues(atoms, options)
    if len(groups) > duration_ms:
        groups = [atoms]
    return tuple(
        Cue(start, end, _timed_lines(group, start, end), side, group[0].speaker)
        for group, (start, end) in zip(groups, _cue_times(groups, duration_ms, options), strict=True)
    )


def _timed_lines(atoms: Sequence[Atom], start_ms: int, end_ms: int) -> tuple[tuple[CueWord, ...], ...]:
    return tuple(
        tuple(replace(word, start_ms=min(max(word.start_ms, start_ms), end_ms)) for atom in line for word in atom.words)
        for line in cut_into_lines(atoms)
    )


def _cue_times(groups: Sequence[Sequence[Atom]], duration_ms: int, options: CueOptions) -> list[tuple[int, int]]:
    """Return start and end of each cue in milliseconds."""
    starts = _cue_starts([group[0].start_ms for group in groups], duration_ms)
    gaps = [*[round(options.min_gap_seconds * 1000)] * (len(starts) - 1), 0]
    return [
        (start, _cue_end(group, start, after, gap, options))
        for group, start, after, gap in zip(groups, starts, [*starts[1:], duration_ms], gaps, strict=False)
    ]


def _cue_starts(spoken_ms: Sequence[int], duration_ms: int) -> list[int]:
    """Return when each cue starts: with its speech, but never within a frame of the one before it.

    Words that came with the same time share the time until the next word.
    """
    starts = list(spoken_ms)
    frame_ms = min(FRAME_MS, duration_ms // max(len(starts), 1))
    first = 0
    for place in range(1, len(starts) + 1):
        if place < len(starts) and spoken_ms[place] - spoken_ms[place - 1] < frame_ms:
            continue
        until_ms = spoken_ms[place] if place < len(starts) else duration_ms
        step_ms = max(frame_ms, min(MIN_CUE_MS, (until_ms - spoken_ms[first]) // (place - first)))
        for later in range(first + 1, place):
            starts[later] = starts[first] + step_ms * (later - first)
        first = place
    for place in range(1, len(starts)):
        starts[place] = max(starts[place], starts[place - 1] + frame_ms)
    if starts:
        earliest = starts[-2] + MIN_CUE_MS if len(starts) > 1 else 0
        starts[-1] = min(starts[-1], max(earliest, duration_ms - MIN_CUE_MS))
    latest = duration_ms
    for place in reversed(range(len(starts))):
        latest = starts[place] = min(starts[place], latest - frame_ms)
    return starts


def _cue_end(atoms: Sequence[Atom], start_ms: int, after_ms: int, gap_ms: int, options: CueOptions) -> int:
    """Return when a cue ends: after the speech, later if that is too soon to read it and silence follows.

    Args:
        atoms: the text of the cue.
        start_ms: when it starts.
        after_ms: when the next one starts.
        gap_ms: wanted between the two, unless the cue would be shorter than `MIN_CUE_MS`.
        options: limits of the cue.
    """
    spoken_ms = atoms[-1].end_ms
    reading_ms = 1000 * sum(atom.width + atom.spaced for atom in atoms) / atoms[0].limits.characters_a_second
    wanted_ms = start_ms + max(options.min_seconds * 1000, reading_ms)
    soonest_ms = min(start_ms + MIN_CUE_MS, after_ms)
    latest_ms = max(after_ms - gap_ms, soonest_ms)
    end_ms = max(spoken_ms, min(wanted_ms, spoken_ms + options.max_hold_seconds * 1000), soonest_ms)
    if latest_ms - end_ms < (options.close_gaps_below_seconds - options.min_gap_seconds) * 1000:
        end_ms = latest_ms
    return math.floor(min(end_ms, latest_ms, start_ms + options.max_seconds * 1000))
