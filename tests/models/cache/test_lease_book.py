from __future__ import annotations

import pytest

from models.errors import ModelLoadFailed, OutOfMemory, QueueFull
from tests.models.cache.ledger import Ledger, identity, ticket


def test_a_ticket_gets_all_of_its_models_in_one_step() -> None:
    ledger = Ledger()
    first = ledger.enter("a")
    both = ledger.enter("ba")
    assert not both.granted
    assert identity("b") not in ledger.book.entries
    ledger.finish(first)
    assert both.granted
    assert both.to_load == {identity("b"): 3}


def test_a_later_ticket_passes_only_when_it_shares_no_model_with_an_earlier_one() -> None:
    ledger = Ledger()
    ledger.enter("a")
    waits_for_a = ledger.enter("ab")
    behind = ledger.enter("b")
    free = ledger.enter("c")
    assert [t.granted for t in (waits_for_a, behind, free)] == [False, False, True]


def test_nobody_passes_a_ticket_that_waits_for_memory() -> None:
    ledger = Ledger()
    holder = ledger.enter("a")
    large = ledger.enter("d", working_bytes=2)
    small = ledger.enter("b")
    assert not large.granted
    assert not small.granted
    ledger.finish(holder)
    assert large.granted


def test_victims_are_the_least_recently_used_idle_entries_and_no_more_than_needed() -> None:
    ledger = Ledger()
    for key in "bca":
        ledger.finish(ledger.enter(key))
    large = ledger.enter("d")
    assert large.victims == [ledger.book.entries[identity("b")], ledger.book.entries[identity("c")]]
    assert all(victim.leaving for victim in large.victims)
    assert ledger.entry("a").is_idle


def test_a_ticket_never_evicts_its_own_models() -> None:
    ledger = Ledger()
    for key in "ab":
        ledger.finish(ledger.enter(key))
    both = ledger.enter("ad")
    assert both.victims == [ledger.book.entries[identity("b")]]


def test_an_entry_on_its_way_out_is_not_handed_out() -> None:
    ledger = Ledger()
    for key in "ab":
        ledger.finish(ledger.enter(key))
    ledger.enter("d")
    again = ledger.enter("a")
    assert not again.granted


def test_a_parked_model_has_to_come_back_and_counts_with_its_measured_size() -> None:
    ledger = Ledger()
    first = ledger.enter("a")
    ledger.load(first, size_bytes=6)
    ledger.release(first)
    large = ledger.enter("d")
    ledger.evict(large, parks=True)
    assert ledger.entry("a").place == "host"
    ledger.finish(large)
    assert ledger.enter("a").to_load == {identity("a"): 6}


def test_a_ticket_that_can_never_fit_fails_with_what_it_needed_and_what_was_free() -> None:
    hopeless = Ledger().enter("ad", working_bytes=2)
    assert isinstance(hopeless.error, OutOfMemory)
    assert (hopeless.error.needed_bytes, hopeless.error.free_bytes) == (11, 10)


def test_idle_entries_whose_sizes_were_underestimated_are_evicted_before_a_ticket_fails() -> None:
    ledger = Ledger()
    small = ledger.enter("a")
    ledger.load(small, size_bytes=1)
    ledger.release(small)
    new = ticket("d")
    ledger.book.enter(new)
    ledger.book.admit(lambda: 3)  # the model really takes 7
    assert new.error is None
    assert new.victims == [ledger.entry("a")]


def test_a_failed_load_fails_those_who_wait_for_the_same_model_and_nobody_else() -> None:
    ledger = Ledger()
    granted = ledger.enter("a")
    same, other = ledger.enter("ab"), ledger.enter("b")
    error = ModelLoadFailed("A", "no reason")
    ledger.book.load_failed(granted, identity("a"), error, now=1.0)
    ledger.admit()
    assert same.error is error
    assert other.granted
    assert identity("a") not in ledger.book.entries
    assert ledger.book.reserved_bytes() == 3


def test_a_returned_ticket_is_first_in_line_and_lets_its_victims_stay() -> None:
    ledger = Ledger()
    for key in "ab":
        ledger.finish(ledger.enter(key))
    granted, behind = ledger.enter("d"), ledger.enter("d")
    ledger.book.return_to_queue(granted, now=9.0)
    assert ledger.book.waiting == [granted, behind]
    assert ledger.entry("a").is_idle
    assert ledger.book.reserved_bytes() == 0


def test_the_queue_is_bounded() -> None:
    ledger = Ledger(max_waiting=1)
    ledger.enter("a")
    ledger.enter("a")
    with pytest.raises(QueueFull):
        ledger.enter("a")


def test_withdrawing_lets_those_behind_go() -> None:
    ledger = Ledger()
    ledger.enter("a")
    waits = ledger.enter("ab")
    behind = ledger.enter("b")
    ledger.book.withdraw(waits)
    ledger.admit()
    assert behind.granted


def test_ahead_of_a_ticket_are_those_of_its_models_or_all_where_it_waits_for_memory() -> None:
    ledger = Ledger()
    holder = ledger.enter("a")
    ledger.enter("c")
    second, third = ledger.enter("a"), ledger.enter("a")
    assert [ledger.book.jobs_ahead(second), ledger.book.jobs_ahead(third)] == [1, 2]
    ledger.finish(holder)
    assert second.granted
    assert ledger.book.jobs_ahead(third) == 1
    crowded = Ledger()
    crowded.enter("a")
    large = crowded.enter("d", working_bytes=2)
    assert crowded.book.jobs_ahead(large) == 1
