"""The whole cache, with real threads, through random schedules: every step waits until all threads hold, wait or are over."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from models.errors import JobStopped, ModelLoadFailed, WaitedTooLong
from models.specs.model_spec import ModelSpec
from tests.models.fakes import GUARD_SECONDS, FakeModel, in_thread, make_bench, make_spec

SPECS = [make_spec("a", 40), make_spec("b", 30), make_spec("c", 30), make_spec("d", 50)]
BUDGET = 100
LEASE_SECONDS = 50.0
MAX_BORROWERS = 6
NUMBERS = st.integers(0, MAX_BORROWERS - 1)
"""Which of the borrowers; what is drawn must not depend on which thread was quicker."""


class Borrower:
    """A thread that leases, holds until `end` is called, and notifies the schedule of each step."""

    def __init__(self, schedule: AnySchedule, specs: list[ModelSpec], working_bytes: int) -> None:
        self.schedule = schedule
        self.holding = False
        self.stopped = False
        self.deadline = schedule.bench.clock.now + LEASE_SECONDS
        self.ending: BaseException | None = None
        self.go = threading.Event()
        options = {"working_bytes": working_bytes, "should_stop": self.should_stop, "then": self.hold}
        self.future = in_thread(schedule.bench.borrow, *specs, **options)
        self.future.add_done_callback(lambda _: schedule.notify())

    def should_stop(self) -> bool:
        self.schedule.notify()
        return self.stopped

    def hold(self, *models: FakeModel) -> None:
        self.holding = True
        self.schedule.notify()
        assert self.go.wait(GUARD_SECONDS)
        if self.ending:
            raise self.ending

    def end(self, ending: BaseException | None) -> None:
        self.holding = False
        self.ending = ending
        self.go.set()
        self.future.exception(GUARD_SECONDS)


class AnySchedule(RuleBasedStateMachine):
    """Lease, release, fail, stop, time out, clear and sweep in any order, on a device that holds fewer models than there are."""

    def __init__(self) -> None:
        super().__init__()
        gc.freeze()  # what earlier schedules left is not looked at again: the cache collects at every eviction
        self.changed = threading.Condition()
        self.borrowers: list[Borrower] = []
        self.failing: set[str] = set()
        self.unexpected: list[BaseException] = []

    @initialize(host_bytes=st.sampled_from([None, 0, 60, 200]), tells_sizes=st.booleans())
    def start(self, host_bytes: int | None, tells_sizes: bool) -> None:
        self.bench = make_bench(BUDGET, host_bytes, lease_timeout_seconds=LEASE_SECONDS, idle_timeout_seconds=20.0)
        self.bench.builder.tells_sizes = tells_sizes
        self.bench.builder.on_build = self.on_build
        self.bench.builder.on_restore = self.check_budget

    def on_build(self, key: str) -> None:
        self.check_budget(key)
        if key in self.failing:
            raise OSError("the disk is gone")

    def check_budget(self, key: str) -> None:
        """In the middle of a construction: what is there and what is promised fit together."""
        on_device = self.bench.device.used_bytes()
        if on_device > BUDGET:
            self.bench.machine.violations.append(f"{on_device} bytes while {key} was loaded")

    def notify(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def settle(self) -> None:
        """Wait until every borrower holds its lease, stands in line with time left, or is over."""
        self.wait_until(self.is_settled)
        for borrower in [borrower for borrower in self.borrowers if borrower.future.done()]:
            error = borrower.future.exception()
            if error and not isinstance(error, (JobStopped, WaitedTooLong, ModelLoadFailed)) and error is not borrower.ending:
                self.unexpected.append(error)
            self.borrowers.remove(borrower)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + GUARD_SECONDS
        with self.changed:
            while not condition():
                assert time.monotonic() < deadline, "a borrower is stuck"
                self.changed.wait(0.01)

    def is_settled(self) -> bool:
        """Whether no thread will do anything before the next rule: one whose deadline has passed will end at its next look."""
        alive = [borrower for borrower in self.borrowers if not borrower.future.done()]
        if any(not borrower.holding and borrower.deadline <= self.bench.clock.now for borrower in alive):
            return False
        holding = sum(borrower.holding for borrower in alive)
        return holding + self.bench.cache.status().waiting == len(alive)

    def waiting(self) -> list[Borrower]:
        return [borrower for borrower in self.borrowers if not borrower.holding]

    def holding(self) -> list[Borrower]:
        return [borrower for borrower in self.borrowers if borrower.holding]

    @rule(specs=st.lists(st.sampled_from(SPECS), min_size=1, max_size=2, unique=True), working_bytes=st.integers(0, 10))
    def lease(self, specs: list[ModelSpec], working_bytes: int) -> None:
        if len(self.borrowers) < MAX_BORROWERS:
            self.borrowers.append(Borrower(self, specs, working_bytes))
            self.settle()

    @rule(number=NUMBERS, ending=st.sampled_from([None, ValueError, KeyboardInterrupt, GeneratorExit]))
    def release(self, number: int, ending: Callable[[], BaseException] | None) -> None:
        if holding := self.holding():
            holding[number % len(holding)].end(ending() if ending else None)
            self.settle()

    @rule(number=NUMBERS)
    def stop(self, number: int) -> None:
        if waiting := self.waiting():
            borrower = waiting[number % len(waiting)]
            borrower.stopped = True
            assert isinstance(borrower.future.exception(GUARD_SECONDS), JobStopped)
            self.settle()

    @rule()
    def let_all_waiters_run_out_of_time(self) -> None:
        self.bench.clock.advance(LEASE_SECONDS)
        self.settle()

    @rule()
    def clear(self) -> None:
        self.bench.cache.clear()
        self.settle()

    @rule(seconds=st.integers(1, 19))
    def sweep(self, seconds: int) -> None:
        self.bench.clock.advance(seconds)
        self.bench.cache.evict_idle()
        self.settle()

    @rule(key=st.sampled_from("abcd"))
    def break_or_mend(self, key: str) -> None:
        self.failing ^= {key}

    @invariant()
    def no_promise_was_broken(self) -> None:
        assert self.bench.machine.violations == []
        assert self.unexpected == []

    @invariant()
    def resident_and_reserved_stay_within_the_budget(self) -> None:
        assert self.bench.device.used_bytes() + self.bench.cache.status().reserved_bytes <= BUDGET

    @invariant()
    def what_the_status_tells_is_what_is_there(self) -> None:
        status = self.bench.cache.status()
        on_device = sum(r.size_bytes for r in status.residents if r.place == "GPU" or self.bench.host is None)
        assert on_device == self.bench.device.used_bytes()
        assert sum(r.state == "in use" for r in status.residents) == self.lent()
        assert {r.state for r in status.residents} <= {"idle", "in use"}

    def lent(self) -> int:
        return sum(model.held for model in self.bench.machine.models())

    def teardown(self) -> None:
        """Whatever happened: when all borrowers end, everybody had a turn, and a clear leaves nothing."""
        self.failing.clear()
        while self.borrowers:
            assert self.holding(), "no lease is held, but borrowers wait"
            self.holding()[0].end(None)
            self.settle()
        if hasattr(self, "bench"):
            self.no_promise_was_broken()
            self.bench.cache.clear()
            assert self.bench.device.used_bytes() == 0
            assert self.bench.cache.status().residents == ()


TestAnySchedule = AnySchedule.TestCase
TestAnySchedule.settings = settings(max_examples=60, stateful_step_count=25, phases=[Phase.generate])
