"""Runs the loops of `solve` in float64, with Python's own numbers."""

from __future__ import annotations

import mpmath as mp

from gridgrad.checks.mpmath_functions import call
from gridgrad.checks.mpmath_loops import run
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.loop import Loop, state_name
from gridgrad_core.lang.loops.lowering import loop_of
from gridgrad_core.lang.loops.residual import Rounding
from gridgrad_core.lang.parser.parser import parse

FLOAT64 = Rounding(2.0**-52, 2.0**-1022)


def operation(text: str) -> LocalOperation:
    """The last `solve` of a text."""
    return next(node.op for node in reversed(parse(text).nodes) if isinstance(node.op, LocalOperation))


def steps(loop: Loop, *arguments: float) -> tuple[float, int]:
    """What a loop comes to, and after how many steps."""
    with mp.workprec(53):
        given = {str(position): mp.mpf(argument) for position, argument in enumerate(arguments)}
        state = run(loop.start, given, call)
        for count in range(loop.limit + 1):
            named = {state_name(position): number for position, number in enumerate(state)}
            if not state[-1] or count == loop.limit:
                return float(run(loop.result, {**given, **named}, call)[0]), count
            state = run(loop.step, {**given, **named}, call)
    raise AssertionError


def solved(text: str, *arguments: float) -> float:
    """What a `solve` comes to: its guess or bounds, and then what its residual reads, in the order of the text."""
    return steps(loop_of(operation(text), FLOAT64), *arguments)[0]
