"""Products and compositions of jets, against mpmath and closed forms."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import torch

from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.layers.jet import Jet, Orders, constant, linear, over_points

WANTED: list[Derivative] = [(0, 0, 1, 1), (0, 1, 2), (2, 2, 2, 2)]
AT = (0.7, -1.3, 0.4)


def number(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


def known(orders: Orders, function: Callable[..., Any]) -> Jet:
    """The jet of a function of three numbers, by mpmath."""
    with mpmath.workdps(40):
        counts = {each: tuple(each.count(place) for place in range(3)) for each in orders.derivatives}
        return Jet((), {each: number(float(mpmath.diff(function, AT, count))) for each, count in counts.items()})


def assert_same(got: Jet, expected: Jet) -> None:
    for each, part in expected.parts.items():
        assert got.parts[each].item() == pytest.approx(part.item(), rel=1e-12, abs=1e-13), each


def test_a_closed_set_has_all_parts_of_what_is_wanted() -> None:
    orders = Orders([(0, 0, 1)])
    assert orders.derivatives == ((), (0,), (1,), (0, 0), (0, 1), (0, 0, 1))
    assert orders.most == 3
    assert Orders([]).derivatives == ((),)


def test_products_follow_leibniz() -> None:
    orders = Orders(WANTED)
    one: Callable[..., Any] = lambda x, y, z: mpmath.sin(x * y) + z  # noqa: E731 - a formula
    other: Callable[..., Any] = lambda x, y, z: mpmath.exp(x - y * z)  # noqa: E731 - as above
    product = orders.product(known(orders, one), known(orders, other))
    assert_same(product, known(orders, lambda x, y, z: one(x, y, z) * other(x, y, z)))


def test_compositions_follow_faa_di_bruno() -> None:
    orders = Orders(WANTED)
    inner: Callable[..., Any] = lambda x, y, z: x * y + mpmath.cos(y * z) + x * z**2  # noqa: E731 - a formula
    u = known(orders, inner)
    slopes = [torch.exp(u.value)] * 5
    assert_same(orders.composed(u, slopes), known(orders, lambda x, y, z: mpmath.exp(inner(x, y, z))))


def test_what_is_zero_everywhere_is_left_out() -> None:
    orders = Orders([(0, 0), (1,)])
    x = Jet((), {(): number(3.0), (0,): number(1.0)})
    square = orders.product(x, x)
    assert {each: part.item() for each, part in square.parts.items()} == {(): 9, (0,): 6, (0, 0): 2}
    cut = orders.composed(x, [number(9.0), number(6.0), None])
    assert set(cut.parts) == {(), (0,)}


def test_arrays_have_points_last() -> None:
    fixed = constant(torch.eye(2))
    assert fixed.value.shape == (2, 2, 1)
    assert linear(fixed, torch.neg).value[0, 0] == -1
    spread = over_points([torch.zeros(2, 1), torch.zeros(2, 5)])
    assert [each.shape for each in spread] == [(2, 5)] * 2


def test_every_partition_is_counted() -> None:
    orders = Orders([(0, 1, 2, 3)])  # Bell's number of four different inputs is 15
    ones = {each: number(1.0) for size in range(5) for each in itertools.combinations(range(4), size)}
    assert orders.composed(Jet((), ones), [number(1.0)] * 5).parts[0, 1, 2, 3].item() == 15
