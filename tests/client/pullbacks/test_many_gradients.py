"""Pull-backs by many numbers of arrays: which requests they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad import Request
from gridgrad.pullbacks.many_gradients import by_many_gradients
from gridgrad.requests.prepare import prepare
from gridgrad.requests.reduction import GivenPullback

N = np.linspace(1, 2, 600)
X, K = np.linspace(0, 1, 4), np.linspace(0, 1, 3)


def asked(function: Any = "sum(n**2*x)*a", cotangent: Any = None, **more: Any) -> Request:
    given: dict[str, Any] = {"wrt": ["x", "n"], "coefficients": {"n": N}, **more}
    return Request(function, {"x": X, "k": K, "a": 2.0}, order=1, reduce=GivenPullback(cotangent), **given)


def test_few_numbers_and_other_functions_go_in_one_request() -> None:
    assert by_many_gradients(asked(coefficients={"n": N[:512]})) is None
    assert by_many_gradients(asked(wrt="x")) is None
    assert by_many_gradients(asked(gridgrad.registered("f"))) is None
    assert by_many_gradients(asked(lambda x, k, a, n: x * k * a * n[0], wrt="n")) is None, "nothing is summed over"


@pytest.mark.parametrize(
    "cotangent", [None, "k", np.ones((4, 3)), ("k", K), (("k", "x"), np.ones((3, 4))), 2.0, np.ones((1, 4, 3)), ("k",)]
)
def test_an_array_has_a_dim_of_its_own(cotangent: Any) -> None:
    many = by_many_gradients(asked(cotangent=cotangent))
    assert many is not None
    assert many.main.wrt == ["x"]
    beside = many.beside["n"]
    assert beside is not None
    request, by = beside
    call = prepare(request)
    assert call.template.derivatives == ((by,),)
    assert {spec.name: spec.shape for spec, _ in call.template.inputs}.items() >= {
        "x": (4,),
        "k": (3,),
        by: (600,),
    }.items()


def test_numbers_that_the_function_does_not_use_take_no_request() -> None:
    many = by_many_gradients(asked("sum(floor(n)) + x*k*a"))
    assert many is not None
    assert many.beside == {"n": None}
