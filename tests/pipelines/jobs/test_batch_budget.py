"""Memory that runs out makes batches smaller, and loses nothing."""

from __future__ import annotations

import pytest

from models.errors import OutOfMemory
from pipelines.jobs.batch_budget import BatchBudget


class Machine:
    """Decodes up to `room` windows at once; each eviction makes room for one more."""

    def __init__(self, room: int, evictable: int = 0) -> None:
        self.room = room
        self.evictable = evictable
        self.calls: list[int] = []

    def decode(self, windows: list[int]) -> list[str]:
        self.calls.append(len(windows))
        if len(windows) > self.room:
            raise RuntimeError("CUDA failed with error out of memory")
        return [str(window) for window in windows]

    def evict(self) -> None:
        self.room, self.evictable = self.room + self.evictable, 0


def test_windows_are_halved_until_they_fit_and_keep_their_order() -> None:
    machine = Machine(room=3)
    budget = BatchBudget(16, machine.evict)
    assert budget.in_parts(machine.decode, list(range(16))) == [str(number) for number in range(16)]
    assert machine.calls[:3] == [16, 8, 4]
    assert budget.size == 2


def test_what_is_idle_is_evicted_before_a_single_window_is_given_up() -> None:
    machine = Machine(room=0, evictable=1)
    assert BatchBudget(1, machine.evict).in_parts(machine.decode, [7]) == ["7"]
    machine = Machine(room=0)
    with pytest.raises(RuntimeError, match="out of memory"):
        BatchBudget(1, machine.evict).in_parts(machine.decode, [7])
    assert machine.calls == [1, 1]


@pytest.mark.parametrize("windows", [[1], [1, 2]])
def test_another_error_is_raised_at_once(windows: list[int]) -> None:
    def broken(windows: list[int]) -> list[str]:
        raise RuntimeError("no kernel image is available")

    with pytest.raises(RuntimeError, match="no kernel"):
        BatchBudget(16, pytest.fail).in_parts(broken, windows)


def test_the_languages_are_detected_once_more() -> None:
    tries: list[int] = []

    def detect() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise OutOfMemory(2, 1, "cuda")
        return "en"

    assert BatchBudget(16).once_more(detect) == "en"
