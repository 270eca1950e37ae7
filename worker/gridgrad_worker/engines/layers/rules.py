"""How each operation of torch carries jets on: by its name in torch.ops.aten, with torch's conventions at ties.

A rule takes the derivatives' `Orders` and the operation's own arguments, some of which are jets and the others as torch
has them, and returns a jet. An operation without a rule here is not carried: what has it is computed otherwise.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.layers import activations, structure
from gridgrad_worker.engines.layers.jet import Jet, Orders, constant, linear
from gridgrad_worker.engines.layers.matrix_products import PRODUCTS

__all__ = ["RULES", "Rule"]

Rule = Callable[..., Any]
"""Takes the `Orders` first."""

_aten: Any = torch.ops.aten


def _both(one: Any, other: Any) -> tuple[Jet, Jet]:
    """Two arguments as jets; what is the same at all points has the dtype of the other, as torch has it."""
    like = next((each.value for each in (one, other) if isinstance(each, Jet)), None)
    dtype, device = (None, None) if like is None else (like.dtype, like.device)
    given = [
        each if isinstance(each, Jet) else torch.as_tensor(each, dtype=dtype, device=device) for each in (one, other)
    ]
    left, right = (each if isinstance(each, Jet) else constant(each) for each in given)
    return left, right


def _elementwise(activation: activations.Activation) -> Rule:
    def rule(orders: Orders, u: Jet, **parameters: Any) -> Jet:
        return orders.composed(u, activation(u.value, orders.most, **parameters))

    return rule


def _add(_: Orders, one: Any, other: Any, alpha: float = 1.0) -> Jet:
    one, other = _both(one, other)
    shape = np.broadcast_shapes(one.shape, other.shape)
    parts: dict[Derivative, Tensor] = {}
    for derivative in {**one.parts, **other.parts}:
        left, right = one.parts.get(derivative), other.parts.get(derivative)
        if left is not None and right is not None:
            parts[derivative] = torch.add(left, right, alpha=alpha)
        elif left is not None:
            parts[derivative] = _spread(left, shape)
        elif right is not None:
            parts[derivative] = _spread(right if alpha == 1.0 else alpha * right, shape)
    return Jet(shape, parts)


def _spread(part: Tensor, shape: Sequence[int]) -> Tensor:
    return part.expand(*shape, part.shape[-1])


def _sub(orders: Orders, one: Any, other: Any, alpha: float = 1.0) -> Jet:
    return _add(orders, one, other, -alpha)


def _rsub(orders: Orders, one: Any, other: Any, alpha: float = 1.0) -> Jet:
    return _add(orders, other, one, -alpha)


def _mul(orders: Orders, one: Any, other: Any) -> Jet:
    for jet, factor in ((one, other), (other, one)):
        if not isinstance(factor, Tensor | Jet):
            return linear(jet, lambda part, factor=factor: part * factor)  # type: ignore[misc] # bound at once
    return orders.product(*_both(one, other))


def _div(orders: Orders, one: Any, other: Any) -> Jet:
    if not isinstance(other, Tensor | Jet):
        return linear(one, lambda part: part / other)
    one, other = _both(one, other)
    if len(other.parts) == 1:
        shape = np.broadcast_shapes(one.shape, other.shape)
        return linear(one, lambda part: part / other.value, shape)
    inverse = orders.composed(other, activations.ELEMENTARY["reciprocal"](other.value, orders.most))
    found = orders.product(one, inverse)
    return Jet(found.shape, {**found.parts, (): one.value / other.value})


def _pow(orders: Orders, base: Any, exponent: Any) -> Jet | None:
    if isinstance(exponent, int | float):
        return orders.composed(base, activations.power(base.value, orders.most, float(exponent)))
    if isinstance(base, int | float) and base > 0:
        return orders.composed(exponent, activations.exponential(exponent.value, orders.most, float(base)))
    return None


def _chosen(orders: Orders, condition: Tensor | Jet, one: Any, other: Any) -> Jet:  # noqa: ARG001 - as all rules
    one, other = _both(one, other)
    asked = condition.value if isinstance(condition, Jet) else condition.unsqueeze(-1)
    shape = np.broadcast_shapes(asked.shape[:-1], one.shape, other.shape)
    parts = {
        derivative: _spread(torch.where(asked, one.parts.get(derivative, 0.0), other.parts.get(derivative, 0.0)), shape)
        for derivative in {**one.parts, **other.parts}
    }
    return Jet(shape, parts)


def _extreme(value: Callable[[Tensor, Tensor], Tensor], is_first: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    """The larger or smaller of two, which share the partials where they are equal."""

    def rule(_: Orders, one: Any, other: Any) -> Jet:
        one, other = _both(one, other)
        shape = np.broadcast_shapes(one.shape, other.shape)
        tied, first = one.value == other.value, is_first(one.value, other.value)
        zero = torch.zeros((), dtype=one.value.dtype, device=one.value.device)
        parts: dict[Derivative, Tensor] = {(): value(one.value, other.value)}
        for derivative in {**one.parts, **other.parts}:
            if derivative:
                left, right = one.parts.get(derivative, zero), other.parts.get(derivative, zero)
                parts[derivative] = _spread(
                    torch.where(tied, (left + right) / 2, torch.where(first, left, right)), shape
                )
        return Jet(shape, parts)

    return rule


def _pieces(value: Rule, slope: Rule) -> Rule:
    """What is linear in pieces.

    Args:
        value: of the argument and the parameters.
        slope: likewise, an array or a number for each point; a boolean one stands for 1 and 0.
    """

    def rule(_: Orders, u: Jet, *parameters: Any, **named: Any) -> Jet:
        by = slope(u.value, *parameters, **named)

        def pushed(part: Tensor) -> Tensor:
            return torch.where(by, part, 0.0) if by.dtype == torch.bool else by * part

        return Jet(u.shape, {**linear(u, pushed).parts, (): value(u.value, *parameters, **named)})

    return rule


def _within(u: Tensor, low: float | None = None, high: float | None = None) -> Tensor:
    inside = torch.ones_like(u, dtype=torch.bool) if low is None else u >= low
    return inside if high is None else inside & (u <= high)


def _flat(function: Callable[..., Tensor]) -> Rule:
    """What has no slope anywhere: steps and comparisons."""

    def rule(_: Orders, one: Any, *others: Any) -> Jet:
        if not others:
            return Jet(one.shape, {(): function(one.value)})
        if not isinstance(one, Jet) or not isinstance(others[0], Jet):
            one, others = _comparable(one), tuple(map(_comparable, others))
        values = [each.value if isinstance(each, Jet) else each for each in (one, *others)]
        value = function(*values)
        return Jet(tuple(value.shape[:-1]), {(): value})

    return rule


def _comparable(argument: Any) -> Any:
    return constant(argument) if isinstance(argument, Tensor) else argument


def _normalised(orders: Orders, u: Jet, dim: int, _half_to_float: bool = False) -> Jet:
    """Softmax, shifted by the largest as torch's."""
    powers, total = _powers(orders, u, dim)
    return _div(orders, powers, total)


def _log_normalised(orders: Orders, u: Jet, dim: int, _half_to_float: bool = False) -> Jet:
    _, total = _powers(orders, u, dim)
    largest = u.value.amax(structure.place(u, dim), keepdim=True)
    logs = orders.composed(total, activations.ELEMENTARY["log"](total.value, orders.most))
    shifted = Jet(u.shape, {**u.parts, (): u.value - largest})
    return _sub(orders, shifted, logs)


def _powers(orders: Orders, u: Jet, dim: int) -> tuple[Jet, Jet]:
    """Exponentials, and their sum."""
    largest = u.value.amax(structure.place(u, dim), keepdim=True)
    powers = orders.composed(u, activations.ELEMENTARY["exp"](u.value - largest, orders.most))
    return powers, structure.summed(powers, [dim], keepdim=True)


def _variance(
    orders: Orders, u: Jet, dim: Any = None, *, correction: float | None = None, keepdim: bool = False
) -> Jet:
    places = structure.places(u, dim)
    count = functools.reduce(lambda product, each: product * u.shape[each], places, 1)
    centred = _sub(orders, u, structure.mean(u, places, keepdim=True))
    total = structure.summed(orders.product(centred, centred), places, keepdim=keepdim)
    return linear(total, lambda part: part / (count - (1.0 if correction is None else correction)))


def _addcmul(orders: Orders, base: Any, one: Any, other: Any, *, value: float = 1.0) -> Jet:
    return _add(orders, base, _product(orders, one, other), value)


def _product(orders: Orders, one: Any, other: Any) -> Any:
    return _mul(orders, one, other) if isinstance(one, Jet) or isinstance(other, Jet) else one * other


def _interpolated(orders: Orders, start: Any, end: Any, weight: Any) -> Jet:
    return _add(orders, start, _product(orders, weight, _sub(orders, end, start)))


def _log_of_sum(orders: Orders, u: Jet, dim: Any, keepdim: bool = False) -> Jet:
    largest = u.value.amax(structure.places(u, dim), keepdim=True)
    powers = orders.composed(u, activations.ELEMENTARY["exp"](u.value - largest, orders.most))
    total = structure.summed(powers, dim, keepdim=keepdim)
    logs = orders.composed(total, activations.ELEMENTARY["log"](total.value, orders.most))
    return Jet(logs.shape, {**logs.parts, (): torch.logsumexp(u.value, structure.places(u, dim), keepdim=keepdim)})


def _gated(orders: Orders, u: Jet, dim: int = -1) -> Jet:
    """The first half of the features, times the logistic function of the second."""
    half = u.shape[structure.place(u, dim)] // 2
    one, other = structure.RULES[_aten.split.Tensor](orders, u, half, dim)
    return orders.product(one, _elementwise(activations.ELEMENTARY["sigmoid"])(orders, other))


def _by_sign(orders: Orders, u: Jet, slope: Any) -> Jet:
    """The argument above 0, and times a slope elsewhere; at 0 torch's forward derivative is 1."""
    return _chosen(orders, Jet(u.shape, {(): u.value >= 0}), u, _mul(orders, u, slope))


def _full(number: float) -> Rule:
    def rule(_: Orders, u: Jet, **_named: Any) -> Jet:
        return Jet(u.shape, {(): torch.full_like(u.value, number)})

    return rule


def _log_sigmoid(orders: Orders, u: Jet) -> tuple[Jet, None]:
    return orders.composed(u, activations.log_sigmoid(u.value, orders.most)), None


def _softplus(orders: Orders, u: Jet, beta: float = 1.0, threshold: float = 20.0) -> Jet:
    return orders.composed(u, activations.softplus(u.value, orders.most, beta, threshold))


def _elu(orders: Orders, u: Jet, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Jet:
    return orders.composed(u, activations.elu(u.value, orders.most, alpha, scale, input_scale))


def _square(orders: Orders, u: Jet) -> Jet | None:
    return _pow(orders, u, 2)


RULES: dict[Any, Rule] = {
    **{getattr(_aten, name).default: _elementwise(each) for name, each in activations.ELEMENTARY.items()},
    **PRODUCTS,
    **structure.RULES,
    _aten.gelu.default: _elementwise(activations.gelu),
    _aten.softplus.default: _softplus,
    _aten.elu.default: _elu,
    _aten.log_sigmoid_forward.default: _log_sigmoid,
    _aten.add.Tensor: _add,
    _aten.sub.Tensor: _sub,
    _aten.rsub.Scalar: _rsub,
    _aten.rsub.Tensor: _rsub,
    _aten.mul.Tensor: _mul,
    _aten.div.Tensor: _div,
    _aten.pow.Tensor_Scalar: _pow,
    _aten.pow.Scalar: _pow,
    _aten.square.default: _square,
    _aten.addcmul.default: _addcmul,
    _aten.neg.default: lambda _, u: linear(u, torch.neg),
    _aten.lerp.Scalar: _interpolated,
    _aten.lerp.Tensor: _interpolated,
    _aten.logsumexp.default: _log_of_sum,
    _aten.glu.default: _gated,
    _aten.zeros_like.default: _full(0.0),
    _aten.ones_like.default: _full(1.0),
    _aten.hardswish.default: _elementwise(activations.hard_swish),
    _aten._prelu_kernel.default: _by_sign,
    _aten.where.self: _chosen,
    _aten.maximum.default: _extreme(torch.maximum, torch.gt),
    _aten.minimum.default: _extreme(torch.minimum, torch.lt),
    _aten.relu.default: _pieces(torch.relu, lambda u: u > 0),
    _aten.abs.default: _pieces(torch.abs, torch.sgn),
    _aten.leaky_relu.default: _pieces(
        torch.nn.functional.leaky_relu, lambda u, slope=0.01: torch.where(u > 0, torch.ones_like(u), slope)
    ),
    _aten.clamp.default: _pieces(torch.clamp, _within),
    _aten.clamp_min.default: _pieces(torch.clamp_min, _within),
    _aten.clamp_max.default: _pieces(torch.clamp_max, lambda u, high: u <= high),
    _aten.hardtanh.default: _pieces(torch.nn.functional.hardtanh, lambda u, low=-1.0, high=1.0: (u > low) & (u < high)),
    _aten.threshold.default: _pieces(torch.threshold, lambda u, least, _value: u > least),
    _aten.hardshrink.default: _pieces(torch.hardshrink, lambda u, width=0.5: u.abs() > width),
    _aten.softshrink.default: _pieces(torch.nn.functional.softshrink, lambda u, width=0.5: u.abs() > width),
    _aten._softmax.default: _normalised,
    _aten._log_softmax.default: _log_normalised,
    _aten.var.correction: _variance,
    **{getattr(_aten, name).Tensor: _flat(getattr(torch, name)) for name in ("bitwise_and", "bitwise_or")},
    **{
        getattr(getattr(_aten, name), overload): _flat(getattr(torch, name))
        for name in ("gt", "ge", "lt", "le", "eq", "ne")
        for overload in ("Tensor", "Scalar")
    },
    **{
        getattr(_aten, name).default: _flat(getattr(torch, name))
        for name in ("sign", "floor", "ceil", "trunc", "round")
    },
    **{
        getattr(_aten, name).default: _flat(getattr(torch, name))
        for name in ("logical_and", "logical_or", "logical_not", "bitwise_not", "isnan", "isfinite", "isinf")
    },
}
"""By the operation's overload. A rule returns None for arguments that it can't carry."""
