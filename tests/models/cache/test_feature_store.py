from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from models.arrays import AnyArray
from models.cache.feature_store import FeatureKey, FeatureStore
from tests.models.fakes import GUARD_SECONDS, Gate, await_event, in_thread

ITEM_BYTES = 100


def key(clip: str, layer: str = "mel") -> FeatureKey:
    return FeatureKey(clip, "whisper", "c0ffee", layer)


def array(value: int = 0, size_bytes: int = ITEM_BYTES) -> AnyArray:
    return np.full(size_bytes, value, np.uint8)


def never_stop() -> AnyArray:
    raise AssertionError("it is in the store")


def is_stored(store: FeatureStore, wanted: FeatureKey) -> bool:
    computed: list[int] = []

    def compute() -> AnyArray:
        computed.append(1)
        return array()

    store.get_or_compute(wanted, compute)
    return not computed


def test_the_arrays_of_a_clip_go_with_it_and_no_others() -> None:
    store = FeatureStore(10_000)
    for clip, layer in (("one", "a"), ("one", "b"), ("other", "a")):
        store.get_or_compute(FeatureKey(clip, "model", "1", layer), lambda: np.zeros(100, np.float32))
    store.forget("one")
    assert store.used_bytes == 400
    assert store.find(FeatureKey("one", "model", "1", "a")) is None
    assert store.find(FeatureKey("other", "model", "1", "a")) is not None


def test_what_was_computed_is_found_again_and_cannot_be_changed() -> None:
    store = FeatureStore(1000)
    first = store.get_or_compute(key("x"), lambda: array(7))
    assert store.get_or_compute(key("x"), never_stop) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def test_every_part_of_the_key_matters() -> None:
    store = FeatureStore(10_000)
    keys = [FeatureKey(*parts) for parts in ("abcd", "Xbcd", "aXcd", "abXd", "abcX")]
    got = [store.get_or_compute(one, partial(array, value))[0] for value, one in enumerate(keys)]
    assert got == [0, 1, 2, 3, 4]


def test_the_least_recently_used_array_goes_first() -> None:
    store = FeatureStore(3 * ITEM_BYTES)
    for clip in "abc":
        store.get_or_compute(key(clip), array)
    store.get_or_compute(key("a"), never_stop)
    store.get_or_compute(key("d"), array)
    assert store.used_bytes == 3 * ITEM_BYTES
    assert is_stored(store, key("a"))
    assert not is_stored(store, key("b"))


def test_an_array_larger_than_the_store_drives_nothing_out() -> None:
    store = FeatureStore(3 * ITEM_BYTES)
    store.get_or_compute(key("a"), array)
    store.get_or_compute(key("huge"), lambda: array(1, 4 * ITEM_BYTES))
    assert store.used_bytes == ITEM_BYTES
    assert is_stored(store, key("a"))


def test_clear_forgets_everything() -> None:
    store = FeatureStore(1000)
    store.get_or_compute(key("a"), array)
    store.clear()
    assert store.used_bytes == 0
    assert not is_stored(store, key("a"))


def test_many_at_once_compute_once() -> None:
    store = FeatureStore(1000)
    gate = Gate()
    calls = []

    def compute() -> AnyArray:
        calls.append(1)
        gate()
        return array()

    futures = [in_thread(store.get_or_compute, key("a"), compute) for _ in range(5)]
    await_event(gate.reached)
    gate.opened.set()
    assert len({id(future.result(GUARD_SECONDS)) for future in futures}) == 1
    assert calls == [1]


def test_an_error_is_not_stored() -> None:
    store = FeatureStore(1000)
    with pytest.raises(ZeroDivisionError):
        store.get_or_compute(key("a"), lambda: array(1 // 0))
    assert not is_stored(store, key("a"))
