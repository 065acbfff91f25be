"""Batches that are read ahead."""

from __future__ import annotations

import threading

import pytest

from training.loop.batches import Shard
from training.loop.prefetching import Prefetcher


def test_the_next_batches_are_read_meanwhile_and_each_only_once():
    loaded: list[tuple[int, int]] = []
    third = threading.Event()

    def load(step: int, shard: Shard) -> str:
        loaded.append((step, shard.index))
        if step == 2 and shard.index == 1:
            third.set()
        return f"{step} {shard.index}"

    batches = Prefetcher(load, steps=2)
    assert [batches(0, Shard(index, 2)) for index in range(2)] == ["0 0", "0 1"]
    assert third.wait(10)
    assert batches(1, Shard(0, 2)) == "1 0"
    assert len(loaded) == len(set(loaded))


def test_an_error_while_reading_ahead_is_raised_at_its_step():
    def load(step: int, shard: Shard) -> int:
        if step == 1:
            raise OSError("unreadable")
        return step

    batches = Prefetcher(load, steps=1)
    assert batches(0, Shard(0, 1)) == 0
    with pytest.raises(OSError, match="unreadable"):
        batches(1, Shard(0, 1))
