from __future__ import annotations

import gc
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_server.access.quotas import Quotas
from gridgrad_server.arrays.array_store import ArrayStore, HeldArray
from gridgrad_server.config.quota_limits import limits_of

KIB = 1 << 10
ALICE, BOB = "@alice 1", "@bob 7"


def numbers(n: int, size: int = 8 * KIB) -> bytes:
    return n.to_bytes(8, "little") * (size // 8)


def keep(store: ArrayStore, n: int, caller: str = ALICE, size: int = 8 * KIB) -> HeldArray:
    data = numbers(n, size)
    return store.keep(sha256(data).digest(), data, caller)


def has(store: ArrayStore, n: int, caller: str = ALICE, size: int = 8 * KIB) -> bool:
    return store.find(sha256(numbers(n, size)).digest(), caller) is not None


def test_an_array_is_found_by_its_owner_alone() -> None:
    store = ArrayStore(64 * KIB)
    array = keep(store, 1).array
    assert store.find(array.digest, "@alice 200") is array, "another client of the same principal"
    assert store.find(array.digest, BOB) is None
    assert keep(store, 1).array is array
    assert keep(store, 1, BOB).array is array, "its numbers are there once"
    assert (len(store), store.kept_bytes, store.bytes_of("@bob")) == (2, 16 * KIB, 8 * KIB)


def test_what_was_used_longest_ago_goes_first() -> None:
    store = ArrayStore(24 * KIB)
    first = keep(store, 1).array
    keep(store, 2)
    keep(store, 3)
    assert has(store, 1)
    keep(store, 4)
    assert [has(store, n) for n in (1, 2, 3, 4)] == [True, False, True, True]
    assert first.data == numbers(1)
    keep(store, 5)
    keep(store, 6)
    assert first.data is None, "its memory is free, whoever knows of it"


def test_who_has_most_loses_his() -> None:
    store = ArrayStore(32 * KIB)
    for n in range(3):
        keep(store, n)
    keep(store, 7, BOB)
    keep(store, 8, BOB)
    assert [has(store, n) for n in range(3)] == [False, True, True]
    assert has(store, 7, BOB)


def test_what_is_held_stays_and_what_finds_no_room_is_not_kept() -> None:
    store = ArrayStore(16 * KIB)
    first, second = keep(store, 1), keep(store, 2)
    third = keep(store, 3)
    assert third.array.data == numbers(3), "it is used all the same"
    assert not has(store, 3)
    assert store.kept_bytes == 16 * KIB
    again = first.array.hold()
    del first
    gc.collect()
    assert again.array.is_held, "as long as one holds it"
    del again, second
    gc.collect()
    keep(store, 3)
    assert has(store, 3)


def test_numbers_are_there_while_anybody_needs_them() -> None:
    store = ArrayStore(8 * KIB)
    held = store.held(sha256(numbers(1)).digest(), numbers(1))
    array = held.array
    assert not has(store, 1), "nobody has asked to keep it"
    keep(store, 1)
    keep(store, 1, BOB)
    assert store.bytes_of("@alice") + store.bytes_of("@bob") == 8 * KIB
    del held
    assert array.data == numbers(1)
    keep(store, 2)
    assert not has(store, 1)
    assert keep(store, 1, BOB).array.data == numbers(1)
    assert keep(store, 1, BOB).array is array, "who knows of it has its numbers again"
    loose = store.held(sha256(numbers(3)).digest(), numbers(3)).array
    assert loose.data is None


def test_the_room_for_an_array_is_not_made_by_dropping_its_own_numbers() -> None:
    store = ArrayStore(8 * KIB)
    keep(store, 1, BOB)
    held = keep(store, 1)
    assert held.array.data == numbers(1)
    assert (store.bytes_of("@alice"), store.bytes_of("@bob")) == (0, 8 * KIB), "it is in use"


def test_what_is_larger_than_all_and_a_store_of_nothing() -> None:
    store = ArrayStore(16 * KIB)
    keep(store, 1)
    large = keep(store, 2, size=17 * KIB)
    assert large.array.data is not None
    assert has(store, 1), "nothing goes for what has no room anyway"
    nothing = ArrayStore(0)
    assert keep(nothing, 1).array.data == numbers(1)
    assert (len(nothing), nothing.kept_bytes) == (0, 0)


def test_a_quota_bounds_what_one_has() -> None:
    quotas = Quotas()
    quotas.replace({"alice": ["array-bytes=16KiB"]})
    store = ArrayStore(1 << 20, quotas)
    for n in range(5):
        keep(store, n)
        keep(store, n, BOB)
    assert (store.bytes_of("@alice"), store.bytes_of("@bob")) == (16 * KIB, 40 * KIB)
    assert [has(store, n) for n in range(5)] == [False, False, False, True, True]
    everyone = ArrayStore(1 << 20, Quotas(limits_of(["array-bytes=8KiB"])))
    keep(everyone, 1, "ipv4:10.0.0.1 4")
    keep(everyone, 2, "ipv4:10.0.0.1 9")
    assert len(everyone) == 1, "hosts have one too"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(1, 5), st.booleans()), max_size=60))
def test_the_bound_holds_whatever_comes(asked: list[tuple[str, int, int, bool]]) -> None:
    store, held = ArrayStore(40 * KIB), []
    for owner, n, kib, holds in asked:
        array = keep(store, 10 * n + kib, f"@{owner} 1", 4 * KIB * kib)
        assert array.array.data == numbers(10 * n + kib, 4 * KIB * kib)
        if holds:
            held.append(array)
        assert store.kept_bytes <= 40 * KIB
        assert store.kept_bytes == sum(store.bytes_of(f"@{each}") for each in "abc")
        assert all(each.array.data is not None for each in held)


@pytest.mark.parametrize("size", [0, 1, 100])
def test_small_arrays_count_enough_to_bound_their_number(size: int) -> None:
    store = ArrayStore(64 * KIB)
    for n in range(100):
        data = bytes([n]) * size
        store.keep(sha256(data + bytes([n])).digest(), data, ALICE)
    assert len(store) == 16
