"""A dictionary that forgets the oldest keys."""

from __future__ import annotations

import threading

import pytest

from gridgrad_core.bounded_dict import BoundedDict


@pytest.mark.parametrize("most", [1, 3])
def test_the_oldest_are_forgotten_when_it_is_full(most: int) -> None:
    kept: BoundedDict[int, str] = BoundedDict(most)
    for key in range(10):
        kept[key] = str(key)
    assert kept == {key: str(key) for key in range(10 - most, 10)}
    assert kept.get(9) == "9"
    assert kept.get(0) is None


def test_a_key_that_is_there_gets_its_new_value_and_nothing_is_forgotten() -> None:
    kept: BoundedDict[str, int] = BoundedDict(2)
    kept["a"], kept["b"], kept["a"] = 1, 2, 3
    assert kept == {"a": 3, "b": 2}


def test_threads_that_write_at_once_leave_it_whole_and_bounded() -> None:
    kept: BoundedDict[int, int] = BoundedDict(5)
    failures: list[BaseException] = []
    ready = threading.Barrier(4)

    def write(start: int) -> None:
        ready.wait()
        try:
            for key in range(start, start + 20_000):
                kept[key] = -key
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            failures.append(error)

    threads = [threading.Thread(target=write, args=(start,)) for start in range(0, 400_000, 100_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert 1 <= len(kept) <= 5 + len(threads)
    assert all(value == -key for key, value in kept.items())
