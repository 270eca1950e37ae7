"""What is kept when the callers of a cache want more than it has, against a model that counts."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.shared_cache import SharedCache

MOST = 6


def filled(cache: SharedCache[str, int], caller: str, count: int) -> list[str]:
    """Has a caller bring so many values; returns what was forgotten for them."""
    return [gone for number in range(count) for gone in cache.put(f"{caller}{number}", number, caller)]


def test_a_thousand_of_one_caller_throw_out_none_of_others() -> None:
    cache: SharedCache[str, int] = SharedCache(MOST)
    filled(cache, "neighbour", 2)
    assert filled(cache, "flood", 1000)[-1] == "flood995"
    assert len(cache) == MOST
    assert [cache.get(f"neighbour{n}", "neighbour") for n in range(2)] == [0, 1]


def test_of_the_own_that_was_used_longest_ago_goes_first() -> None:
    cache: SharedCache[str, int] = SharedCache(3)
    assert filled(cache, "a", 3) == []
    assert cache.get("a0", "a") == 0
    assert cache.peek("a1") == 1  # which is no use
    assert cache.put("more", 4, "a") == ["a1"]
    assert cache.put("more", 5, "a") == []
    assert cache.get("more", "a") == 5


def test_who_wants_room_counts_with_it() -> None:
    cache: SharedCache[str, int] = SharedCache(1000, lambda value: value)
    cache.put("neighbour's", 500, "neighbour")
    cache.put("first", 400, "flood")
    assert cache.put("second", 400, "flood") == ["first"]


def test_what_several_use_passes_to_another_of_them() -> None:
    cache: SharedCache[str, int] = SharedCache(MOST)
    filled(cache, "flood", 3)
    assert cache.get("flood0", "neighbour") == 0
    assert "flood0" not in {gone for n in range(3, 1000) for gone in cache.put(f"flood{n}", n, "flood")}
    assert cache.get("flood0", "neighbour") == 0


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.integers(0, 9)), max_size=200))
def test_it_is_bounded_and_whoever_has_an_equal_share_or_less_loses_nothing(uses: list[tuple[bool, str, int]]) -> None:
    cache: SharedCache[str, str] = SharedCache(MOST)
    kept: dict[str, str] = {}
    for put, caller, number in uses:
        key = f"{caller}{number}"  # callers use nothing of each other's
        if put:
            owned = Counter(kept.values())
            owned[caller] += 1
            for gone in cache.put(key, caller, caller):
                assert owned[kept.pop(gone)] == max(owned.values())
            kept[key] = caller
        assert cache.get(key, caller) == kept.get(key)
        assert len(cache) == len(kept) <= MOST
        assert sorted(cache.values()) == sorted(kept.values())


def test_what_counts_for_several_takes_the_room_of_several() -> None:
    cache: SharedCache[str, int] = SharedCache(MOST, weigh=lambda value: value)
    assert [cache.put(name, 2, name) for name in "abc"] == [[], [], []]
    assert cache.put("large", 3, "d") == ["a", "b"]
    assert cache.put("more", 1, "d") == []
    assert cache.put("whole", 99, "e") == ["large", "c", "more"]
    assert len(cache) == 1
    assert cache.put("last", 1, "e") == ["whole"]
