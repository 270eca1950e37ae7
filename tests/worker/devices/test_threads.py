"""Few numbers are computed by one thread, and what follows by as many as before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from gridgrad_worker.devices.threads import SHORT, one_thread, one_thread_where_short


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("numbers", "threads"), [(1, 1), (SHORT, 1), (SHORT + 1, 3)])
def test_few_numbers_are_computed_by_one(numbers: int, threads: int) -> None:
    with one_thread_where_short(numbers):
        assert torch.get_num_threads() == threads
    assert torch.get_num_threads() == 3


def test_what_is_longer_leaves_the_one_thread_of_what_holds_it() -> None:
    with one_thread(), one_thread_where_short(SHORT + 1):
        assert torch.get_num_threads() == 1


def test_there_are_as_many_as_before_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), one_thread():
        raise ZeroDivisionError
    assert torch.get_num_threads() == 3
