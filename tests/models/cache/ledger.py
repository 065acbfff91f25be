"""A lease book with exact memory and a clock."""

from __future__ import annotations

from models.cache.lease_book import Entry, LeaseBook, Ticket
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


def ticket(keys: str, working_bytes: int = 0, shares: bool = False) -> Ticket:
    return Ticket(tuple((identity(key), MODELS[key], SIZES[key]) for key in keys), working_bytes, shares)


class Ledger:
    """A book with exact memory and a clock, and the steps that the cache takes."""

    def __init__(self, max_waiting: int = 32) -> None:
        self.book = LeaseBook("cuda", max_waiting)
        self.now = 0.0

    def used_bytes(self) -> int:
        return sum(e.size_bytes for e in self.book.entries.values() if e.resident and e.place == "device")

    def admit(self) -> None:
        self.book.admit(lambda: BUDGET - self.used_bytes())

    def enter(self, keys: str, working_bytes: int = 0, shares: bool = False) -> Ticket:
        new = ticket(keys, working_bytes, shares)
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
