"""Times and durations in words and on a clock face."""

from __future__ import annotations

from typing import Literal

from pipelines.wording.grammar import counted

MAX_SECONDS_WITH_TENTHS = 10.0
"""Shorter durations are written with tenths of a second."""


def clock_time(seconds: float, decimals: int = 0, layout: Literal["m:ss", "mm:ss", "h:mm:ss", "hh:mm:ss"] = "m:ss") -> str:
    """Return a time as players show it: '0:07', '1:02:30'; with one decimal '0:12.7'.

    Args:
        seconds: not negative.
        decimals: digits after the point, rounded; without any the second is cut off, as players do.
        layout: the shortest form. 'm:ss' grows hours when there are any, 'mm:ss' (LRC) never does.
    """
    unit = 10**decimals
    whole, fraction = divmod(round(seconds * unit) if decimals else int(seconds), unit)
    minutes, rest = divmod(whole, 60)
    end = f"{rest:02}" + (f".{fraction:0{decimals}}" if decimals else "")
    if layout == "mm:ss":
        return f"{minutes:02}:{end}"
    hours, minutes = divmod(minutes, 60)
    if layout == "m:ss" and not hours:
        return f"{minutes}:{end}"
    return f"{hours:02}:{minutes:02}:{end}" if layout == "hh:mm:ss" else f"{hours}:{minutes:02}:{end}"


def measured_time(seconds: float) -> str:
    """Return a time as errors name it: '15.4 s' below a minute, else '0:01:30'."""
    return f"{seconds:.1f} s" if seconds < 60 else clock_time(round(seconds), layout="h:mm:ss")


def length(seconds: float) -> str:
    """Return a duration in words: '2.4 seconds', '47 seconds', 'two minutes and 5 seconds'."""
    if seconds < MAX_SECONDS_WITH_TENTHS:
        tenths = max(0.1, round(seconds, 1))
        return "one second" if tenths == 1 else f"{tenths:g} seconds"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} seconds"
    if minutes >= 60:
        hours, minutes = divmod(minutes, 60)
        return counted(hours, "hour") + (f" and {counted(minutes, 'minute')}" if minutes else "")
    return counted(minutes, "minute") + (f" and {rest} second{'' if rest == 1 else 's'}" if rest else "")
