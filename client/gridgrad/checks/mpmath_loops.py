"""Programs on mpmath's numbers, and the loops of operations that have a sub-program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath as mp

from gridgrad.checks.mpmath_tables import length_of_array
from gridgrad_core.lang.local.arrays import PLACE
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.loop import state_name
from gridgrad_core.lang.loops.lowering import loop_of
from gridgrad_core.lang.loops.residual import Rounding
from gridgrad_core.lang.program.program import Program

__all__ = ["Number", "looped", "run"]

Number = Any
"""mpmath's numbers, which have no types, or a bool."""

Call = Callable[..., Number]
"""From the name of a function of the language and its arguments to its value."""


def run(program: Program, inputs: Mapping[str, Number], call: Call) -> list[Number]:
    """The outputs of a program at one point, at the precision that mpmath works with.

    Args:
        program: what to compute.
        inputs: the point.
        call: the functions of the language.
    """
    values: list[Number] = []
    for node in program.nodes:
        if node.op == "input":
            values.append(mp.mpf(inputs[str(node.value)]))
        elif node.op == "const":
            values.append(mp.mpf(node.value))
        else:
            values.append(call(node.op, *(values[i] for i in node.args)))
    return [values[i] for i in program.outputs]


def looped(operation: LocalOperation, arguments: Sequence[Number], call: Call) -> Number:
    """An operation with a sub-program, as exact as mpmath's precision is.

    Args:
        operation: such as a `solve`.
        arguments: of it.
        call: the functions of the language.
    """
    given = {str(position): argument for position, argument in enumerate(arguments)}
    if operation.arrays:
        places = range(length_of_array(operation.which))
        return mp.fsum(run(operation.body, {**given, PLACE: mp.mpf(place)}, call)[0] for place in places)
    loop = loop_of(operation, Rounding(float(mp.eps), 0.0))
    state = run(loop.start, given, call)
    for _ in range(loop.limit):
        if not state[-1]:
            break
        state = run(loop.step, {**given, **_named(state)}, call)
    (found,) = run(loop.result, {**given, **_named(state)}, call)
    return found


def _named(state: Sequence[Number]) -> dict[str, Number]:
    return {state_name(position): number for position, number in enumerate(state)}
