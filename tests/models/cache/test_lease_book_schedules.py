"""The lease book under every schedule of its steps."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from models.cache.lease_book import Entry, Ticket
from models.errors import ModelLoadFailed, OutOfMemory
from tests.models.cache.ledger import BUDGET, SIZES, Ledger, ticket

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

    @rule(keys=TICKETS, working_bytes=st.integers(0, 2), shares=st.booleans())
    def enter(self, keys: str, working_bytes: int, shares: bool) -> None:
        working_bytes = min(working_bytes, BUDGET - sum(SIZES[key] for key in keys))
        if len(self.book.waiting) < 6:
            new = ticket(keys, working_bytes, shares)
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
        swept = [entry for entry in self.book.entries.values() if entry.is_idle]
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
            assert set(holders) == set(entry.holders)
            assert len(holders) == len(entry.holders)
            assert len(holders) <= 1 or all(holder.shares for holder in holders)
            assert not (entry.holders and entry.leaving)
            assert entry.is_idle == (entry.resident is not None and not entry.holders and not entry.leaving)
            assert entry.resident or entry.holders

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
