"""Times as clocks, errors and sentences write them."""

from __future__ import annotations

import pytest

from pipelines.wording.times import clock_time, length, measured_time


def test_whole_seconds_are_cut_off_as_players_do() -> None:
    assert [clock_time(seconds) for seconds in (0, 7.9, 83, 3725)] == ["0:00", "0:07", "1:23", "1:02:05"]


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00.0"), (12.74, "0:12.7"), (59.96, "1:00.0"), (3661.0, "1:01:01.0")])
def test_tenths_are_rounded(seconds: float, shown: str) -> None:
    assert clock_time(seconds, 1) == shown


def test_subtitle_formats_have_layouts_of_their_own() -> None:
    assert clock_time(3661.234, 3, "hh:mm:ss") == "01:01:01.234"
    assert clock_time(3661.23, 2, "mm:ss") == "61:01.23"


def test_a_measured_time_below_a_minute_has_a_unit() -> None:
    assert [measured_time(seconds) for seconds in (1.0, 90, 36_000)] == ["1.0 s", "0:01:30", "10:00:00"]


def test_durations_in_words() -> None:
    words = [length(seconds) for seconds in (0.01, 1, 2.44, 47, 60, 61, 125, 7260)]
    assert words[:5] == ["0.1 seconds", "one second", "2.4 seconds", "47 seconds", "one minute"]
    assert words[5:] == ["one minute and 1 second", "two minutes and 5 seconds", "two hours and one minute"]
