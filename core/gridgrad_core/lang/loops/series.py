"""The loops of sums, products and integrals: a term after the other."""

from __future__ import annotations

from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.legendre import points_and_weights
from gridgrad_core.lang.loops.loop import Loop, program_of, state_name
from gridgrad_core.lang.loops.pick import Pick
from gridgrad_core.lang.loops.quantity import Quantities, Quantity

__all__ = ["integral", "series"]


def series(operation: LocalOperation) -> Loop:
    """The loop of a sum or product; nan where its bounds are no integers, or too far apart.

    Args:
        operation: the sum or product.
    """
    begin, step, end = Quantities(), Quantities(), Quantities()
    first, last = begin.input("0"), begin.input("1")
    fits = first.is_whole() & last.is_whole() & (last - first < float(max(operation.rounds, 1)))
    nothing = 0.0 if operation.kind == "sum" else 1.0
    start = [fits.then(nothing, float("nan")), first, (fits & (first <= last)).then(1.0, 0.0)]
    total, index, final = step.input(state_name(0)), step.input(state_name(1)), step.input("1")
    term = _term(step, operation, index)
    joined = total + term if operation.kind == "sum" else total * term
    following = index + 1.0
    new = [joined, following, (following <= final).then(1.0, 0.0)]
    result = program_of(end, [end.input(state_name(0))])
    return Loop(program_of(begin, start), program_of(step, new), result, max(operation.rounds, 1))


def integral(operation: LocalOperation) -> Loop:
    """The loop of an integral, by points of Gauss and Legendre.

    Args:
        operation: the integral.
    """
    begin, step, end = Quantities(), Quantities(), Quantities()
    points, weights = points_and_weights(operation.rounds)
    lower, upper = step.input("0"), step.input("1")
    total, index = step.input(state_name(0)), step.input(state_name(1))
    half = (upper - lower) * 0.5
    at = lower + half * (_picked(index, points) + 1.0)
    following = index + 1.0
    new = [
        total + _term(step, operation, at) * _picked(index, weights),
        following,
        (following < float(operation.rounds)).then(1.0, 0.0),
    ]
    start = [begin.input("0") * 0.0 + begin.input("1") * 0.0, begin.const(0.0), begin.const(1.0)]
    result = end.input(state_name(0)) * ((end.input("1") - end.input("0")) * 0.5)
    return Loop(program_of(begin, start), program_of(step, new), program_of(end, [result]), operation.rounds)


def _term(terms: Quantities, operation: LocalOperation, at: Quantity) -> Quantity:
    found = terms.splice(operation.body.nodes, {operation.names[0]: at})
    return found[operation.body.outputs[0]]


def _picked(index: Quantity, numbers: tuple[float, ...]) -> Quantity:
    return Quantity(index.builder, index.builder.op(Pick(numbers), index.node))
