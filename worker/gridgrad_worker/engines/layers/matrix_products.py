"""Rules of matrix products: dense layers, whose products go over all points at once, and what multiplies two jets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gridgrad_worker.engines.layers.jet import Jet, Orders, constant, linear

__all__ = ["PRODUCTS"]

_aten: Any = torch.ops.aten


def _matrix_product(orders: Orders, one: Any, other: Any, bias: Tensor | None = None) -> Jet:
    """[n, k] by [k, m]."""
    if isinstance(other, Tensor):
        return _rows_by(one, other.T, bias)
    if isinstance(one, Tensor):
        found = _from_left(one, other)
    else:
        found = orders.bilinear(_by_points, one, other, (one.shape[0], other.shape[1]))
    return found if bias is None else _plus(found, constant(bias))


def _rows_by(u: Jet, matrix: Tensor, bias: Tensor | None = None) -> Jet:
    """Each row of features [..., k] multiplied by a matrix [m, k] of numbers; the bias [m] is added to the values."""
    shape = (*u.shape[:-1], matrix.shape[0])

    def multiplied(part: Tensor, added: Tensor | None) -> Tensor:
        rows = part.reshape(-1, *part.shape[-2:])
        products = [matrix @ row if added is None else torch.addmm(added, matrix, row) for row in rows]
        return (products[0] if len(products) == 1 else torch.stack(products)).reshape(*shape, part.shape[-1])

    column = None if bias is None else bias.reshape(-1, 1)
    parts = {each: multiplied(part, None if each else column) for each, part in u.parts.items()}
    return Jet(shape, parts)


def _from_left(matrix: Tensor, u: Jet) -> Jet:
    """A matrix of numbers by features [k, ...]."""

    def multiplied(part: Tensor) -> Tensor:
        return (matrix @ part.reshape(part.shape[0], -1)).reshape(matrix.shape[0], *part.shape[1:])

    return linear(u, multiplied, (matrix.shape[0], *u.shape[1:]))


def _by_points(one: Tensor, other: Tensor) -> Tensor:
    """[n, k, points] by [k, m, points], as the product of each point's matrices."""
    return (one.unsqueeze(2) * other.unsqueeze(0)).sum(1)


def _by_vector(orders: Orders, matrix: Any, vector: Any) -> Jet:
    if isinstance(matrix, Tensor):
        return _rows_by(vector, matrix)
    if isinstance(vector, Tensor):
        return _dropped(_rows_by(matrix, vector.unsqueeze(0)))
    return orders.bilinear(lambda one, other: (one * other).sum(1), matrix, vector, matrix.shape[:1])


def _inner(orders: Orders, one: Any, other: Any) -> Jet:
    if isinstance(one, Tensor):
        one, other = other, one
    if isinstance(other, Tensor):
        return _dropped(_rows_by(one, other.unsqueeze(0)))
    return orders.bilinear(lambda left, right: (left * right).sum(0), one, other, ())


def _dropped(u: Jet) -> Jet:
    """Features without their last dim, which is of length 1."""
    return linear(u, lambda part: part.squeeze(-2), u.shape[:-1])


def _batched(orders: Orders, one: Any, other: Any) -> Jet:
    """[b, n, k] by [b, k, m]."""
    one, other = (each if isinstance(each, Jet) else constant(each) for each in (one, other))
    shape = (*one.shape[:2], other.shape[2])
    return orders.bilinear(lambda left, right: (left.unsqueeze(3) * right.unsqueeze(1)).sum(2), one, other, shape)


def _added(product: Callable[..., Jet]) -> Callable[..., Jet]:
    """The rule of beta*base + alpha*product."""

    def rule(orders: Orders, base: Any, one: Any, other: Any, *, beta: float = 1, alpha: float = 1) -> Jet:
        if not isinstance(one, Jet) and not isinstance(other, Jet):
            found = constant(one @ other)
        elif beta == alpha == 1 and _is_bias(base, other) and product is _matrix_product:
            return _matrix_product(orders, one, other, base)
        else:
            found = product(orders, one, other)
        scaled = found if alpha == 1 else linear(found, lambda part: part * alpha)
        return _plus(scaled, base if isinstance(base, Jet) else constant(base), beta)

    return rule


def _is_bias(base: Any, weights: Any) -> bool:
    return isinstance(weights, Tensor) and isinstance(base, Tensor) and base.shape == weights.shape[1:]


def _plus(u: Jet, base: Jet, beta: float = 1) -> Jet:
    parts = dict(u.parts)
    for derivative, part in base.parts.items():
        own = parts.get(derivative)
        spread = part.expand(*u.shape, part.shape[-1])
        parts[derivative] = beta * spread if own is None else torch.add(own, spread, alpha=beta)
    return Jet(u.shape, parts)


def _linear(_: Orders, u: Any, weight: Any, bias: Any = None) -> Jet | None:
    """torch's linear of features [..., k], by weights of numbers."""
    is_constant = isinstance(u, Jet) and isinstance(weight, Tensor) and not isinstance(bias, Jet)
    return _rows_by(u, weight, bias) if is_constant else None


PRODUCTS: dict[Any, Callable[..., Jet | None]] = {
    _aten.mm.default: _matrix_product,
    _aten.mv.default: _by_vector,
    _aten.dot.default: _inner,
    _aten.bmm.default: _batched,
    _aten.addmm.default: _added(_matrix_product),
    _aten.addmv.default: _added(_by_vector),
    _aten.linear.default: _linear,
}
