from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from models.cache.lease_book import Entry, LeaseBook, Ticket
from models.errors import ModelLoadFailed, OutOfMemory, QueueFull
from models.specs.model_spec import FetchedModel, ModelIdentity
from tests.models.fakes import FakeFiles, FakeModel, make_spec

SIZES = {"a": 4, "b": 3, "c": 3, "d": 5}
MODELS: dict[str, FetchedModel] = {key: FakeFiles().fetch(make_spec(key, size)) for key, size in SIZES.items()}
BUDGET = 10


class StubResident:
    can_park = True

    def __init__(self, key: str) -> None:
        self.model = FakeModel(key, SIZES[key], "device")

    def weight_bytes(self) -> int:
        return 0

    def park(self) -> None: ...

    def restore(self) -> None: ...


def identity(key: str) -> ModelIdentity:
    return MODELS[key].identity("cuda")


def ticket(keys: str, working_bytes: int = 0) -> Ticket:
    return Ticket(tuple((identity(key), MODELS[key], SIZES[key]) for key in keys), working_bytes)


class Ledger:
    """A book with exact memory and a clock, and the steps that the cache takes."""

    def __init__(self, max_waiting: int = 32) -> None:
        self.book = LeaseBook("cuda", max_waiting)
        self.now = 0.0

    def used_bytes(self) -> int:
        return sum(e.size_bytes for e in self.book.entries.values() if e.resident and e.place == "device")

    def admit(self) -> None:
        self.book.admit(lambda: BUDGET - self.used_bytes())

    def enter(self, keys: str, working_bytes: int = 0) -> Ticket:
        new = ticket(keys, working_bytes)
        self.book.enter(new)
        self.admit()
        return new

    def has_room(self, granted: Ticket) -> bool:
        others = self.book.reserved_bytes() - granted.reserved_bytes
        return BUDGET - self.used_bytes() - others >= granted.reserved_bytes

    def evict(self, granted: Ticket, parks: bool) -> None:
        victim = granted.victims.pop(0)
        if parks:
            self.book.parked(victim)
        else:
            self.book.dropped(victim)
        self.admit()

    def load(self, granted: Ticket, size_bytes: int | None = None) -> None:
        loaded, expected = next(iter(granted.to_load.items()))
        key = next(key for key in SIZES if identity(key) == loaded)
        self.book.loaded(granted, loaded, StubResident(key), expected if size_bytes is None else size_bytes)
        self.admit()

    def release(self, granted: Ticket) -> None:
        self.now += 1
        self.book.release(granted, self.now)
        self.admit()

    def finish(self, granted: Ticket) -> None:
        while granted.victims:
            self.evict(granted, parks=False)
        while granted.to_load:
            self.load(granted)
        self.release(granted)

    def entry(self, key: str) -> Entry:
        return self.book.entries[identity(key)]


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


TICKETS = st.sampled_from(["a", "b", "c", "d", "ab", "ba", "bc", "cb", "abc", "db", "bd", "ad"])


class AnySchedule(RuleBasedStateMachine):
    """Every micro step of the cache in any order, on a budget that holds only some of the models."""

    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(max_waiting=6)
        self.book = self.ledger.book
        self.arrivals: dict[Ticket, int] = {}
        self.returned: set[Ticket] = set()
        self.swept: list[Entry] = []
        self.ledger.admit = self.admit_and_check_order  # type: ignore[method-assign]

    def admit_and_check_order(self) -> None:
        queue = list(self.book.waiting)
        self.book.admit(lambda: BUDGET - self.ledger.used_bytes())
        for place, granted in enumerate(queue):
            if granted.granted:
                assert all(t.identities.isdisjoint(granted.identities) for t in queue[:place] if t in self.book.waiting)

    def granted(self, data: st.DataObject, *, fits: bool = False) -> Ticket | None:
        """One granted ticket; with `fits` one that has something to load and room for it, as the cache demands."""
        candidates = [t for t in self.book.granted if not fits or (t.to_load and self.ledger.has_room(t))]
        return data.draw(st.sampled_from(candidates)) if candidates else None

    @rule(keys=TICKETS, working_bytes=st.integers(0, 2))
    def enter(self, keys: str, working_bytes: int) -> None:
        working_bytes = min(working_bytes, BUDGET - sum(SIZES[key] for key in keys))
        if len(self.book.waiting) < 6:
            new = ticket(keys, working_bytes)
            self.arrivals[new] = len(self.arrivals)
            self.book.enter(new)
            self.ledger.admit()

    @precondition(lambda self: any(t.victims for t in self.book.granted))
    @rule(data=st.data(), parks=st.booleans())
    def evict_a_victim(self, data: st.DataObject, parks: bool) -> None:
        self.ledger.evict(data.draw(st.sampled_from([t for t in self.book.granted if t.victims])), parks)

    @rule(data=st.data(), less=st.integers(0, 2))
    def load(self, data: st.DataObject, less: int) -> None:
        if granted := self.granted(data, fits=True):
            for victim in granted.victims:
                victim.leaving = False
            granted.victims = []
            self.ledger.load(granted, max(1, next(iter(granted.to_load.values())) - less))

    @rule(data=st.data())
    def fail_to_load(self, data: st.DataObject) -> None:
        if granted := self.granted(data, fits=True):
            self.ledger.now += 1
            failing = next(iter(granted.to_load))
            waiting_for_it = [t for t in self.book.waiting if failing in t.identities]
            self.book.load_failed(granted, failing, ModelLoadFailed("model", "no reason"), self.ledger.now)
            self.ledger.admit()
            assert all(t.error and not t.granted for t in waiting_for_it)

    @rule(data=st.data())
    def return_to_the_queue(self, data: st.DataObject) -> None:
        candidates = [t for t in self.book.granted if t.to_load]
        if candidates:
            granted = data.draw(st.sampled_from(candidates))
            self.returned.add(granted)
            self.book.return_to_queue(granted, self.ledger.now)
            self.ledger.admit()

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if granted := self.granted(data):
            self.ledger.release(granted)

    @precondition(lambda self: self.book.waiting)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        self.book.withdraw(data.draw(st.sampled_from(self.book.waiting)))
        self.ledger.admit()

    @rule()
    def begin_to_sweep(self) -> None:
        swept = [*self.book.idle_entries("device"), *self.book.idle_entries("host")]
        for entry in swept:
            entry.leaving = True
        self.swept += swept

    @precondition(lambda self: self.swept)
    @rule()
    def drop_one_swept(self) -> None:
        self.book.dropped(self.swept.pop(0))
        self.ledger.admit()

    @invariant()
    def resident_and_reserved_stay_within_the_budget(self) -> None:
        on_their_way_out = sum(victim.size_bytes for t in self.book.granted for victim in t.victims)
        assert self.ledger.used_bytes() <= BUDGET
        assert self.ledger.used_bytes() - on_their_way_out + self.book.reserved_bytes() <= BUDGET

    @invariant()
    def every_entry_is_held_or_idle_or_leaving_or_loading(self) -> None:
        for key, entry in self.book.entries.items():
            holders = [t for t in self.book.granted if key in t.identities]
            assert holders == ([entry.holder] if entry.holder else [])
            assert not (entry.holder and entry.leaving)
            assert entry.is_idle == (entry.resident is not None and not entry.holder and not entry.leaving)
            assert entry.resident or entry.holder

    @invariant()
    def every_leaving_entry_has_exactly_one_evictor(self) -> None:
        evicted = [victim for t in self.book.granted for victim in t.victims] + self.swept
        assert len(evicted) == len({id(entry) for entry in evicted})
        assert {id(e) for e in self.book.entries.values() if e.leaving} == {id(e) for e in evicted}

    @invariant()
    def tickets_wait_in_the_order_of_their_arrival(self) -> None:
        arrivals = [self.arrivals[t] for t in self.book.waiting if t not in self.returned]
        assert arrivals == sorted(arrivals)

    @invariant()
    def a_ticket_is_either_waiting_or_granted_or_over(self) -> None:
        assert all(t.granted and not t.error and t not in self.book.waiting for t in self.book.granted)
        assert all(not t.granted and not t.error for t in self.book.waiting)

    def teardown(self) -> None:
        """Whatever happened: when those who were granted end one after the other, everybody had a turn."""
        while self.swept:
            self.drop_one_swept()
        for _ in range(len(self.book.waiting) + len(self.book.granted)):
            if self.book.granted:
                self.ledger.finish(self.book.granted[0])
        assert self.book.waiting == []
        assert self.book.granted == []
        assert self.book.reserved_bytes() == 0
        assert not any(isinstance(t.error, OutOfMemory) for t in self.arrivals), "all of them would have fitted"


TestAnySchedule = AnySchedule.TestCase
