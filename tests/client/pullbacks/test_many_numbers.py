"""Derivatives by many numbers of arrays: which requests they are, and which are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad import Request
from gridgrad.pullbacks.many_numbers import by_many_numbers
from gridgrad.requests.prepare import prepare
from gridgrad_core.errors import TooLargeError

N = np.linspace(1, 2, 300)
X = np.linspace(0, 1, 4)


def asked(function: Any = "sum(n*x)*k", arrays: Any = None, **more: Any) -> Request:
    given = {"wrt": ["x", "n"], **more} if "derivatives" not in more else more
    return Request(function, {"x": X, "k": 2.0}, coefficients=arrays or {"n": N}, **given)


def test_few_numbers_and_other_functions_go_in_one_request() -> None:
    assert by_many_numbers(asked(arrays={"n": N[:100]})) is None
    assert by_many_numbers(asked(wrt="x")) is None
    assert by_many_numbers(asked(lambda x, k, n: x * k * n[0] + n[1], wrt="n")) is None, "nothing is summed over"
    assert by_many_numbers(asked(gridgrad.registered("f"))) is None
    assert by_many_numbers(asked(lambda x, k, n, c=1.0: np.sum(n) * x * k * c, {"n": N[:9]}, wrt=["n", "c"])) is None
    table = gridgrad.table([1.0, 2.0], x=[0.0, 1.0], method="linear")
    both = Request("sum(n)*V(x)", {"x": X, "V": table}, ["n", "V"], coefficients={"n": N[:9]})
    assert by_many_numbers(both) is None


@pytest.mark.parametrize("function", ["sum(n*x)*k", lambda x, k, n: np.sum(n * x) * k])
def test_many_are_asked_for_on_a_dim_of_their_own(function: Any) -> None:
    many = by_many_numbers(asked(function, derivatives=["x", ("x", "n"), "n"]))
    assert many is not None
    assert many.main.derivatives == (("x",),)
    assert many.beside.derivatives == [("x",)]
    assert [*many.beside.inputs] == ["x", "k"], "it is the same at all places"
    squares = by_many_numbers(asked("sum(n**2*x)*k", wrt="n"))
    assert squares is not None
    assert [*squares.beside.inputs] == ["n_at", "x", "k"]
    assert squares.beside.inputs["n_at"][0] == "at"
    assert prepare(squares.beside).template.grid.shape == (300, 4)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (asked("sum(n*x) + sum(m)*k", {"n": N, "m": N[:9]}, wrt=["n", "m"]), "of 300 and 9 numbers; ask by one of"),
        (asked(derivatives=[("n", "n")]), "a derivative by two of 300 numbers each"),
        (asked(wrt="n", order=2), "a derivative by two of 300 numbers each"),
        (
            Request(
                "sum(n)*V(x)",
                {"x": X, "V": gridgrad.table([1.0, 2.0], x=[0.0, 1.0], method="linear")},
                derivatives=[("n", "V")],
                coefficients={"n": N},
            ),
            "by an array of 300 numbers and a table",
        ),
        (asked(reduce="sum"), "with reduce; leave out reduce"),
        (asked(out=np.zeros((302, 4))), "with out; leave out out"),
    ],
)
def test_what_can_not_be_asked_is_refused(request_: Request, said: str) -> None:
    with pytest.raises(TooLargeError, match=said):
        by_many_numbers(request_)


def test_elsewhere_there_are_no_more_than_scalars() -> None:
    with pytest.raises(TooLargeError, match=r"of n, which have 600 together; ask client.gradient for first"):
        prepare(asked(arrays={"n": np.ones(600)}, wrt="n"))
