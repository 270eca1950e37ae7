"""Functions with derivatives of their own: at any order, under vmap, and with batches of different shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from gridgrad_worker.torch_ops.custom_jvp import ruled

Scalar = Callable[..., Tensor]


def push_of_product(arguments: Sequence[Tensor], tangents: Sequence[Tensor | None]) -> Tensor | None:
    (x, y), (dx, dy) = arguments, tangents
    parts = [y * dx] if dx is not None else []
    parts += [x * dy] if dy is not None else []
    return sum(parts[1:], parts[0]) if parts else None


@pytest.fixture
def product() -> Scalar:
    """x*y, whose rule says the same as mathematics."""
    return ruled(torch.mul, push_of_product)


@pytest.fixture
def doubled() -> Scalar:
    """x + x, whose rule says that its slope is 5: so that it shows whether the rule is asked."""
    return ruled(lambda x: x + x, lambda _, tangents: None if tangents[0] is None else 5 * tangents[0])


X = torch.linspace(0.5, 2, 7, dtype=torch.float64)


def test_without_a_transform_it_is_the_value(doubled: Scalar) -> None:
    assert torch.equal(doubled(X), 2 * X)


def test_the_rule_is_what_derivatives_are(doubled: Scalar) -> None:
    value, slope = torch.func.jvp(doubled, (X,), (torch.ones_like(X),))  # type: ignore[misc] # torch says two or three
    assert torch.equal(value, 2 * X)
    assert torch.equal(slope, torch.full_like(X, 5))
    assert torch.equal(torch.func.vmap(torch.func.jacfwd(doubled))(X), torch.full_like(X, 5))


def test_higher_orders_differentiate_the_rule(product: Scalar) -> None:
    def cube(x: Tensor) -> Tensor:
        return product(product(x, x), x)

    for order, expected in enumerate([X**3, 3 * X**2, 6 * X, torch.full_like(X, 6), torch.zeros_like(X)]):
        function = cube
        for _ in range(order):
            function = torch.func.jacfwd(function)
        torch.testing.assert_close(torch.func.vmap(function)(X), expected)


def test_mixed_derivatives(product: Scalar) -> None:
    def function(x: Tensor, y: Tensor) -> Tensor:
        return product(x, product(y, y))

    mixed = torch.func.vmap(torch.func.jacfwd(torch.func.jacfwd(function, argnums=0), argnums=1))
    torch.testing.assert_close(mixed(X, X + 1), 2 * (X + 1))


@pytest.mark.parametrize("in_dims", [(0, None), (None, 0), (0, 0), (1, 0), (-1, None)])
def test_batches_lie_along_any_dim(product: Scalar, in_dims: tuple[int | None, int | None]) -> None:
    x, y = torch.arange(6.0).view(2, 3), torch.arange(6.0, 12.0).view(2, 3)
    if in_dims[0] in (1, -1):
        y = y.t().contiguous()
    got = torch.func.vmap(product, in_dims=in_dims)(x, y)
    torch.testing.assert_close(got, torch.func.vmap(torch.mul, in_dims=in_dims)(x, y))


def test_nested_batches_of_different_ranks_broadcast(product: Scalar) -> None:
    def outer(scale: Tensor, rows: Tensor) -> Tensor:
        return torch.func.vmap(product, in_dims=(None, 0))(scale, rows)

    scales, rows = torch.tensor([1.0, 2.0, 3.0]), torch.arange(12.0).view(3, 4)
    torch.testing.assert_close(torch.func.vmap(outer)(scales, rows), scales[:, None] * rows)


def test_a_constant_argument_has_no_tangent(product: Scalar) -> None:
    (slope,) = torch.func.vmap(torch.func.jacfwd(lambda x: (product(x, torch.tensor(3.0).double()),)))(X)
    assert torch.equal(slope, torch.full_like(X, 3))


def test_reverse_mode_is_refused_and_not_wrong(product: Scalar) -> None:
    with pytest.raises(NotImplementedError, match="forward mode"):
        torch.func.grad(product)(torch.tensor(1.0), torch.tensor(2.0))
