"""The walk through the derivatives, against torch.func.jacfwd called once for each of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gridgrad_worker.engines.functional.partials import Derivative, walk

pytestmark = pytest.mark.processor

ALL = [order for n in range(5) for order in itertools.combinations_with_replacement(range(3), n)]


def function(x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    return torch.exp(x * y) / (1 + z**2), torch.sin(x) * y


def points() -> list[Tensor]:
    random = torch.Generator().manual_seed(1)
    return [torch.rand(20, generator=random, dtype=torch.float64) for _ in range(3)]


def by_jacfwd(order: Derivative) -> Callable[..., tuple[Tensor, ...]]:
    nested: Callable[..., tuple[Tensor, ...]] = function
    for argument in reversed(order):
        nested = torch.func.jacfwd(nested, argnums=argument)
    return nested


@pytest.mark.parametrize("wanted", [ALL, [(0, 1, 2)], [(), (2,), (0, 0)], [(1, 1), (0,)]], ids=len)
def test_the_walk_has_the_bits_of_jacfwd(wanted: list[Derivative]) -> None:
    arguments = points()
    got = torch.func.vmap(walk(function, wanted, "forward"))(*arguments)
    want = [component for order in wanted for component in torch.func.vmap(by_jacfwd(order))(*arguments)]
    assert len(got) == len(want)
    assert all(map(torch.equal, got, want))


def test_reverse_mode_agrees() -> None:
    arguments = points()
    wanted = [order for order in ALL if len(order) <= 3]
    got = torch.func.vmap(walk(function, wanted, "reverse"))(*arguments)
    want = torch.func.vmap(walk(function, wanted, "forward"))(*arguments)
    for left, right in zip(got, want, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-13, atol=1e-13)


def counted(wanted: list[Derivative], mode: str) -> int:
    calls = []

    def counting(x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        calls.append(1)
        return function(x, y, z)

    walk(counting, wanted, mode)(*(each[0] for each in points()))
    return len(calls)


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        ([()], 1),
        ([(), (0,)], 1),  # the value comes along with the partial
        ([(), (0,), (0, 0), (0, 0, 0), (0, 0, 0, 0)], 1),
        ([(), (0,), (1,), (2,)], 3),
        ([(), (0,), (1,), (0, 0), (0, 1), (1, 1)], 3),
        ([(0, 1)], 1),
    ],
)
def test_the_function_is_called_once_for_each_leaf(wanted: list[Derivative], calls: int) -> None:
    assert counted(wanted, "forward") == calls


def test_reverse_mode_takes_one_call_for_all_first_partials() -> None:
    assert counted([(), (0,), (1,), (2,)], "reverse") == 1


@pytest.mark.parametrize(
    ("function", "slopes"),
    [
        (
            lambda t: torch.linalg.det(torch.stack([t, 2 + 0 * t, 3 + 0 * t, t * t]).reshape(2, 2)),
            lambda t: (3 * t**2, 6 * t),
        ),
        (
            lambda t: torch.logdet(torch.stack([t, 1 + 0 * t, 1 + 0 * t, 3 + 0 * t]).reshape(2, 2)),
            lambda t: (3 / (3 * t - 1), -9 / (3 * t - 1) ** 2),
        ),
    ],
    ids=["det", "logdet"],
)
def test_reverse_mode_differentiates_factorisations(
    function: Callable[[Tensor], Tensor], slopes: Callable[[Tensor], tuple[Tensor, Tensor]]
) -> None:
    t = torch.tensor([0.5, 1.25, 2.0, 7.0], dtype=torch.float64)
    got = torch.func.vmap(walk(lambda t: (function(t),), [(0,), (0, 0)], "reverse"))(t)
    torch.testing.assert_close(got, slopes(t), rtol=1e-12, atol=0)
