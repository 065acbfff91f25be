"""Limits of subtitles: their defaults, those of a language, and the check of what a person chose."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import InvalidOption

MIN_CUE_MS = 300
"""A cue that shows for less cannot be read; only the start of the next one makes it shorter."""


@dataclass(frozen=True)
class CueOptions:
    """Limits of a subtitle. Defaults: Netflix Timed Text Style Guide (general and timing), BBC Subtitle Guidelines.

    A word that is longer than a line, or is spoken for longer than a cue may show, still comes whole, in a cue of its own line.
    """

    max_characters_a_line: int | None = None
    """Visible characters; marks above and below letters count nothing. None: usual for the language of the line."""
    max_lines: int = 2
    max_words: int | None = None
    """Words per cue. 1 shows word by word; None leaves it to the other limits."""
    min_seconds: float = 5 / 6
    max_seconds: float = 7.0
    max_characters_a_second: float | None = None
    """Reading speed; a cue that is faster stays longer if silence follows. None: usual for the language of the line."""
    max_hold_seconds: float = 1.5
    """How long a cue may stay after the speech has stopped (BBC 5.2)."""
    min_gap_seconds: float = 1 / 12
    """Two frames at 24 frames a second, so that the eye sees the change."""
    close_gaps_below_seconds: float = 0.5
    """A gap shorter than this flickers, and is closed to `min_gap_seconds` (Netflix)."""
    split_at_silence_seconds: float = 1.5
    """Words with so much silence between them never share a cue."""
    merge_segments: bool = True
    """Whether a cue may hold text of more than one segment."""


@dataclass(frozen=True)
class LineLimits:
    """How much text a reader of one language takes in."""

    characters_a_line: int = 42
    characters_a_second: float = 17.0


_LANGUAGE_LIMITS = {
    "en": LineLimits(42, 20.0),
    "ja": LineLimits(13, 4.0),
    "zh": LineLimits(16, 9.0),
    "yue": LineLimits(16, 9.0),
    "ko": LineLimits(16, 12.0),
}
"""Where Netflix asks for others than `LineLimits` has, by ISO code."""


def line_limits(options: CueOptions, language: str) -> LineLimits:
    """Return the limits of lines in a language: those of `options`, and what is usual where they leave it open.

    Args:
        options: what the person chose.
        language: ISO code of the written text; '' if it is not known.
    """
    usual = _LANGUAGE_LIMITS.get(language, LineLimits())
    return LineLimits(
        options.max_characters_a_line or usual.characters_a_line, options.max_characters_a_second or usual.characters_a_second
    )


def check_cue_options(options: CueOptions) -> None:
    """Raise InvalidOption for limits that no cue could keep."""
    if options.max_characters_a_line is not None and not 5 <= options.max_characters_a_line <= 200:
        raise InvalidOption("characters a line", options.max_characters_a_line, "5 to 200")
    if not 1 <= options.max_lines <= 10:
        raise InvalidOption("lines a cue", options.max_lines, "1 to 10")
    if options.max_words is not None and options.max_words < 1:
        raise InvalidOption("words a cue", options.max_words, "1 or more")
    if not 0 <= options.min_seconds <= options.max_seconds <= 60:
        raise InvalidOption("seconds a cue", (options.min_seconds, options.max_seconds), "0 to 60, minimum not above maximum")
    if options.max_seconds * 1000 < MIN_CUE_MS:
        raise InvalidOption("maximum seconds a cue", options.max_seconds, f"{MIN_CUE_MS / 1000} to 60")
    if options.max_characters_a_second is not None and not options.max_characters_a_second > 0:
        raise InvalidOption("characters a second", options.max_characters_a_second, "more than 0")
    for name in ("max_hold_seconds", "min_gap_seconds", "close_gaps_below_seconds", "split_at_silence_seconds"):
        if not 0 <= getattr(options, name) <= 60:
            raise InvalidOption(name.replace("_", " "), getattr(options, name), "0 to 60")
