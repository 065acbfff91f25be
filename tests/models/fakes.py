"""A machine with exact memory, and everything that the cache needs to run on it: no weights, no sleeping, no real time."""

from __future__ import annotations

import threading
import traceback
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.cache.model_cache import CacheLimits, ModelCache
from models.specs.model_spec import (
    Device,
    FetchedModel,
    HubSource,
    ModelSpec,
)

GUARD_SECONDS = 20.0
"""How long a test waits for another thread before it fails."""


def make_spec(key: str, size_bytes: int = 10, **changes: Any) -> ModelSpec:
    """A catalogue row whose model takes `size_bytes` on every device."""
    row: dict[str, Any] = {
        "key": key,
        "title": f"Model {key}",
        "task": "transcribe",
        "loader": "transformers",
        "source": HubSource(f"tests/{key}"),
        "licence": "MIT",
        "licence_url": "https://example.org/licence",
        "download_bytes": size_bytes,
        "cpu_dtype": "float32",
        "gpu_dtype": "float16",
        "cpu_bytes": size_bytes,
        "gpu_bytes": size_bytes,
    }
    return ModelSpec(**(row | changes))


def in_thread(function: Callable[..., Any], *args: Any, **options: Any) -> Future[Any]:
    """Run `function` in its own thread; ask the future with `GUARD_SECONDS`."""
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(function(*args, **options))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def await_event(event: threading.Event) -> None:
    """Wait for `event`; fail instead of hanging."""
    assert event.wait(GUARD_SECONDS), "the other thread never came"


class Gate:
    """A point where one thread waits until the test lets it through."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        await_event(self.opened)


class StopFlag:
    """A `should_stop` that records that it was asked: the cache asks only once the request is in its queue."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.stopped = False

    def __call__(self) -> bool:
        self.asked.set()
        return self.stopped


class FakeClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeModel:
    """What a lease hands out; weights are in memory for as long as this object lives."""

    def __init__(self, key: str, size_bytes: int, place: str) -> None:
        self.key = key
        self.size_bytes = size_bytes
        self.place = place
        self.held = False
        self.itself = self  # as torch modules with hooks do: only the garbage collector frees it


class FakeMachine:
    """Knows every live model, and notes each broken promise of the cache in `violations`."""

    def __init__(self) -> None:
        self._models: weakref.WeakSet[FakeModel] = weakref.WeakSet()
        self._models_lock = threading.RLock()  # the collector may end a lease, and so measure, in the middle of measuring
        self._constructing = threading.Lock()
        self.violations: list[str] = []

    def models(self) -> list[FakeModel]:
        """Every live model; a set must not grow in another thread while it is read."""
        with self._models_lock:
            return list(self._models)

    def used_bytes(self, place: str) -> int:
        return sum(model.size_bytes for model in self.models() if model.place == place)

    def place(self, key: str) -> str | None:
        """Where the model lies now, None if it is gone."""
        places = [model.place for model in self.models() if model.key == key]
        assert len(places) <= 1, f"{key} exists twice"
        return places[0] if places else None

    def put(self, model: FakeModel) -> FakeModel:
        with self._models_lock:
            self._models.add(model)
        return model

    @contextmanager
    def constructing(self, what: str) -> Iterator[None]:
        """Held while a model is built or moved; two at a time break a promise."""
        alone = self._constructing.acquire(blocking=False)
        if not alone:
            self.violations.append(f"{what} while another model was built or moved")
        try:
            yield
        finally:
            if alone:
                self._constructing.release()

    @contextmanager
    def using(self, *models: FakeModel) -> Iterator[None]:
        """Use the models as a borrower does; record a violation if another one has a model, or if a model moves."""
        for model in models:
            if model.held:
                self.violations.append(f"{model.key} was lent twice")
            if model.place == "host":
                self.violations.append(f"{model.key} was lent from {model.place}")
            model.held = True
        try:
            yield
        finally:
            for model in models:
                model.held = False


class FakeProbe:
    """Exact memory of one place; `others_bytes` is what something else on this machine uses."""

    def __init__(self, machine: FakeMachine, device: Device, place: str, total_bytes: int) -> None:
        self.device = device
        self.others_bytes = 0
        self.gave_back = 0
        self._machine = machine
        self._place = place
        self._total_bytes = total_bytes

    def total_bytes(self) -> int:
        return self._total_bytes

    def free_bytes(self) -> int:
        return self._total_bytes - self.used_bytes()

    def used_bytes(self) -> int:
        return self._machine.used_bytes(self._place) + self.others_bytes

    def give_back(self) -> None:
        self.gave_back += 1


class FakeResident:
    """Moves between the fake device and the fake host; `on_park` and `on_restore` run in the middle of a move."""

    def __init__(self, machine: FakeMachine, model: FakeModel, builder: FakeBuilder) -> None:
        self.model = model
        self.can_park = builder.can_park
        self._machine = machine
        self._builder = builder

    def weight_bytes(self) -> int:
        return self.model.size_bytes if self._builder.tells_sizes else 0

    def park(self) -> None:
        self._move("host", self._builder.on_park)

    def restore(self) -> None:
        self._move("device", self._builder.on_restore)

    def _move(self, place: str, hook: Callable[[str], None]) -> None:
        with self._machine.constructing(f"{self.model.key} was moved"):
            if self.model.held:
                self._machine.violations.append(f"{self.model.key} was moved while it was lent")
            hook(self.model.key)
            self.model.place = place


def do_nothing(_: str) -> None:
    """The hook that changes nothing."""


class FakeBuilder:
    """Builds fake models; `on_build` runs with the model's key in the middle of it, and may wait or raise."""

    def __init__(self, machine: FakeMachine, probe: FakeProbe) -> None:
        self.calls: Counter[str] = Counter()
        self.devices: list[Device] = []
        self.sizes: dict[str, int] = {}
        """Real sizes where they differ from the estimate."""
        self.can_park = True
        self.tells_sizes = False
        self.on_build: Callable[[str], None] = do_nothing
        self.on_park: Callable[[str], None] = do_nothing
        self.on_restore: Callable[[str], None] = do_nothing
        self._machine = machine
        self._probe = probe

    def build(self, model: FetchedModel, device: Device) -> FakeResident:
        key = model.spec.key
        size_bytes = self.sizes.get(key, model.spec.memory_bytes(device))
        with self._machine.constructing(f"{key} was built"):
            self.calls[key] += 1
            self.devices.append(device)
            place = "device" if device == self._probe.device else "beside it"
            weights = self._machine.put(FakeModel(key, size_bytes, place))  # half built, as far as an error is concerned
            if self._probe.free_bytes() < 0:
                raise MemoryError
            self.on_build(key)
        return FakeResident(self._machine, weights, self)


class FakeFiles:
    """All files are on this disk, at one commit."""

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        return FetchedModel(spec, Path("nowhere"), "c0ffee")


@dataclass
class Bench:
    """A cache on a fake machine."""

    machine: FakeMachine
    device: FakeProbe
    host: FakeProbe | None
    builder: FakeBuilder
    clock: FakeClock
    cache: ModelCache

    def borrow(self, *specs: ModelSpec, then: Callable[..., Any] = lambda *models: None, **options: Any) -> Any:
        """Lease, note broken promises, and return what `then` makes of the models."""
        with self.cache.lease(*specs, **options) as models:
            try:
                with self.machine.using(*models):
                    return then(*models)
            except BaseException as error:
                traceback.clear_frames(error.__traceback__)  # memory is exact here: an error must not keep a model alive
                raise
            finally:
                del models

    def hold(self, *specs: ModelSpec, **options: Any) -> tuple[Gate, Future[Any]]:
        """A thread that has a lease (once `reached`) until the gate is opened."""
        gate = Gate()
        return gate, in_thread(self.borrow, *specs, then=lambda *models: gate(), **options)

    def wait_for(self, *specs: ModelSpec, **options: Any) -> tuple[StopFlag, Future[Any]]:
        """A thread whose request already stands in line behind a lease."""
        flag = StopFlag()
        future = in_thread(self.borrow, *specs, should_stop=flag, **options)
        await_event(flag.asked)
        return flag, future

    def places(self, *keys: str) -> list[str | None]:
        return [self.machine.place(key) for key in keys]


def make_bench(total_bytes: int = 100, host_bytes: int | None = None, **limits: Any) -> Bench:
    """A CPU machine, or with `host_bytes` a GPU with that much main memory behind it."""
    machine = FakeMachine()
    device = FakeProbe(machine, "cpu" if host_bytes is None else "cuda", "device", total_bytes)
    host = None if host_bytes is None else FakeProbe(machine, "cpu", "host", host_bytes)
    builder = FakeBuilder(machine, device)
    clock = FakeClock()
    bounds = CacheLimits(**({"headroom_bytes": 0} | limits))
    return Bench(machine, device, host, builder, clock, ModelCache(FakeFiles(), builder, device, host, bounds, clock))
