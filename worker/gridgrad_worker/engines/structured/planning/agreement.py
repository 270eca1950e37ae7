"""Agreement: at a random point, a rewritten program is compared with what it was made from.

What rewrites sums knows sums, products, quotients and exponentials, and keeps all other functions as they are: what
it does is right if it is right whatever those functions are. So each of them is stood in for by a smooth, bounded
function, and exp by exp of a fraction where numbers would get too large: no point lies outside a domain, no
condition hides a branch, and nothing overflows. Choices of 0 where something is 0 are taken for their other side. Two
programs that are not the same agree at a random point with a probability of about 0.

Beside each number goes a bound of its rounding, in units of 2**-53 (`running_error.py`), so that what cancels raises
no alarm, and a term that is lost is seen as long as it is above the rounding of what it is added to.
"""

from __future__ import annotations

import functools
import math
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.algebra.vanishing import looks_vanishing
from gridgrad_core.lang.program.nodes import Node
from gridgrad_worker.engines.structured.planning.plan import SEPARATED
from gridgrad_worker.engines.structured.planning.running_error import RunningError

__all__ = ["Deviation", "deviation"]

_UNIT = 2.0**-53
_RUNNING = RunningError(_UNIT, 2.0**-1021)

_MEETING = 128
"""Roundings of a constant that others were multiplied into: the most factors of a term."""

_LARGEST_EXPONENT = 30.0
_ATTEMPTS = 4
_UNKNOWN = (math.nan, math.inf)

Number = tuple[float, float]
"""A value and the bound of its rounding."""


class Deviation(NamedTuple):
    """Where two programs have not the same values.

    Args:
        output: which of the outputs.
        written, rewritten: its values there.
        allowed: how much rounding may make of the difference.
    """

    output: int
    written: float
    rewritten: float
    allowed: float


def deviation(
    written: tuple[Sequence[Node], Sequence[int]], rewritten: tuple[Sequence[Node], Sequence[int]]
) -> Deviation | None:
    """The first output in which two programs differ by more than rounding, else None.

    Outputs that are no finite numbers are not compared.

    Args:
        written: nodes, arguments first, and outputs.
        rewritten: what was made of it; its nodes may be separated sums.
    """
    names = [str(node.value) for node in written[0] if node.op == "input"]
    draw = random.Random(",".join(sorted(names)))  # noqa: S311 - no secret, and the same each time
    point = {name: draw.choice((-1.0, 1.0)) * draw.uniform(0.5, 2.0) for name in names}
    fraction = 1.0
    for _ in range(_ATTEMPTS):
        evaluations = [_Evaluation(point, fraction) for _ in range(2)]
        values = [each.outputs(*program) for each, program in zip(evaluations, (written, rewritten), strict=True)]
        largest = max(each.largest_exponent for each in evaluations)
        if largest <= _LARGEST_EXPONENT:
            break
        fraction *= _LARGEST_EXPONENT / 2 / largest
    return _first_differing(*values)


def _first_differing(written: Sequence[Number], rewritten: Sequence[Number]) -> Deviation | None:
    for output, ((right, error), (found, other)) in enumerate(zip(written, rewritten, strict=True)):
        # Twice, for what the bounds leave out: products of errors, and their own rounding
        allowed = 2 * _UNIT * (error + other)
        if math.isfinite(allowed) and abs(right - found) > allowed:
            return Deviation(output, right, found, allowed)
    return None


class _Evaluation:
    """Evaluates a program.

    Args:
        point: the inputs.
        fraction: of arguments, that exp is taken of.

    Attributes:
        largest_exponent: the largest argument of an exp, of either sign, after that.
    """

    def __init__(self, point: Mapping[str, float], fraction: float) -> None:
        self.largest_exponent = 0.0
        self._point = point
        self._fraction = fraction

    def outputs(self, nodes: Sequence[Node], outputs: Sequence[int]) -> list[Number]:
        """The outputs of a program."""
        found: list[Number] = []
        for index, (op, args, value) in enumerate(nodes):
            if op == "input":
                found.append((self._point[str(value)], 0.0))
            elif op == "const":
                number = 0.0 if value is None else float(value)
                found.append((number, _MEETING * abs(number)))
            elif op == "exp":
                found.append(self._exp(*found[args[0]]))
            elif op == "where" and looks_vanishing(nodes, index):
                found.append(found[args[2]])
            elif op in _KNOWN:
                found.append(_KNOWN[op](*[found[i] for i in args]))
            else:
                found.append(_stand_in(op, [found[i] for i in args]))
        return [found[i] for i in outputs]

    def _exp(self, value: float, error: float) -> Number:
        exponent, change = self._fraction * value, self._fraction * error * _UNIT
        self.largest_exponent = max(self.largest_exponent, abs(exponent))
        if not (abs(exponent) <= _LARGEST_EXPONENT and change < 1):
            return _UNKNOWN
        power = math.exp(exponent)
        return power, power * (math.expm1(change) / _UNIT + abs(exponent) + 2)


def _div(x: Number, y: Number) -> Number:
    least = _RUNNING.least(y)
    return _RUNNING.div(x, y, least) if least > 0 else _UNKNOWN


def _sum_of_products(*factors: Number) -> Number:
    half = len(factors) // 2
    return functools.reduce(_RUNNING.add, map(_RUNNING.mul, factors[:half], factors[half:]))


_KNOWN: dict[str, Callable[..., Number]] = {
    "add": _RUNNING.add,
    "sub": _RUNNING.sub,
    "neg": _RUNNING.neg,
    "mul": _RUNNING.mul,
    "div": _div,
    SEPARATED: _sum_of_products,
}
"""What is rewritten, and what it is rewritten to, besides exp."""


def _stand_in(op: str, arguments: Sequence[Number]) -> Number:
    """A function that is kept as it is: one between 1 and 2 that changes about as much as its arguments."""
    angle, error = _phase(op), 0.0
    for weight, (value, its_error) in zip(_WEIGHTS, arguments, strict=False):
        angle += weight * value
        error += its_error + 2 * abs(value)
    if not math.isfinite(angle):
        return _UNKNOWN
    return 1.5 + 0.5 * math.sin(angle), error + abs(angle) + 4


_WEIGHTS = (1.0, 0.83, 0.61, 0.47, 0.37)


@functools.lru_cache(maxsize=1024)
def _phase(op: str) -> float:
    return zlib.crc32(op.encode()) / 2**30
