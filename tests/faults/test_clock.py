"""The system's clock jumps: nothing becomes old at once, and what is old goes in the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.clip.clip_store import ClipStore
from pipelines.storage.age_clock import AgeClock
from tests.recordings import EXAMPLES

DAY = 24 * 3600.0
YEAR = 365 * DAY


@dataclass
class Clocks:
    """The system's two clocks."""

    wall: float = 100 * DAY
    monotonic: float = 1000.0

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def age_clock(self) -> AgeClock:
        return AgeClock(DAY, lambda: self.wall, lambda: self.monotonic)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def test_without_a_jump_it_is_the_systems_time(clocks: Clocks) -> None:
    clock = clocks.age_clock()
    for _ in range(50):
        clocks.advance(3600)
        clocks.wall += 1  # a small correction
        assert clock.now() == pytest.approx(clocks.wall, abs=60)


@pytest.mark.parametrize("jump", [3600.0, DAY, 10 * YEAR])
def test_a_jump_forward_counts_when_everything_has_had_its_time(clocks: Clocks, jump: float) -> None:
    clock = clocks.age_clock()
    before = clocks.wall
    clocks.wall += jump
    assert clock.now() == pytest.approx(before)
    clocks.advance(DAY - 60)
    assert clock.now() == pytest.approx(before + DAY - 60)
    clocks.advance(60)
    assert clock.now() == pytest.approx(clocks.wall)


@pytest.mark.parametrize("jump", [-3600.0, -10 * YEAR])
def test_a_jump_backward_counts_at_once(clocks: Clocks, jump: float) -> None:
    clock = clocks.age_clock()
    clocks.wall += jump
    assert clock.now() == clocks.wall


def test_a_jump_forward_that_is_taken_back_never_counts(clocks: Clocks) -> None:
    clock = clocks.age_clock()
    clocks.wall += YEAR
    clock.now()
    clocks.wall -= YEAR
    clocks.advance(DAY)
    assert clock.now() == clocks.wall
    clocks.wall += YEAR
    assert clock.now() == clocks.wall - YEAR


@pytest.mark.parametrize("jump", [YEAR, -YEAR])
def test_no_clip_goes_because_the_clock_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    store = ClipStore(tmp_path)
    clip = store.open(EXAMPLES / "blackbird.ogg")
    wall: Callable[[], float] = clip.directory.stat().st_mtime.__float__
    monkeypatch.setattr(store, "_age_clock", AgeClock(DAY, wall))
    monkeypatch.setattr(store._age_clock, "_wall", lambda: wall() + jump)
    assert store.sweep() == 0
    os.utime(clip.directory, (wall() + jump - 2 * DAY, wall() + jump - 2 * DAY))
    assert store.sweep() == (1 if jump < 0 else 0)
