from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gridgrad
from gridgrad.arguments.call_metadata import CallMetadata


def metadata(token: str | Callable[[], str] | None) -> tuple[CallMetadata, list[Any]]:
    made: list[Any] = []

    def make(pairs: Any) -> Any:
        made.append(pairs)
        return pairs

    return CallMetadata((("a", "b"),), token, make), made


@pytest.mark.parametrize(("token", "own"), [(None, ()), ("one", (("authorization", "Bearer one"),))])
def test_a_token_that_stays_costs_nothing_at_a_call(token: str | None, own: tuple[tuple[str, str], ...]) -> None:
    each, made = metadata(token)
    assert each.get() is each.get()
    assert made == [(("a", "b"), *own)]


def test_a_function_is_asked_before_each_call() -> None:
    tokens: Iterator[str] = iter(["one", "one", "two", "a b"])
    each, made = metadata(lambda: next(tokens))
    one = each.get()
    assert dict(one) == {"a": "b", "authorization": "Bearer one"}
    assert each.get() is one
    assert dict(each.get())["authorization"] == "Bearer two"
    assert len(made) == 3
    with pytest.raises(gridgrad.RequestError, match="is no token"):
        each.get()
    with pytest.raises(StopIteration):
        each.get()
