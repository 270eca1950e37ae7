"""Products that are 0 at the pole of one factor, which the others outgrow: x²/√(x² + y² + z²), or t²/√(t - sin(t)).

The derivatives of roots and other broken powers have poles where their base is 0. Where the base is a sum of squares it
is 0 at one point alone, and each of their roots is at most the root of the sum: a product is 0 there that has more of
them than the pole takes. Where the base is a function of one input that is 0, power series tell how fast all of it
vanishes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.algebra.power_series import PowerSeries, UnknownSeriesError, constant, series_of, variable
from gridgrad_core.lang.program.nodes import Node

__all__ = ["PoleLimits"]

_MOST_SQUARES = 6
_LARGEST = 24
"""Nodes of a function whose power series is looked at."""
_TERMS = 12

_Powers = Mapping[int, float]
"""Factors of a product, each with its exponent."""


class _Function(NamedTuple):
    """A node as a function of some inputs; of several, or of many nodes, without a series.

    Args:
        inputs: their nodes.
        series: where the only one is 0.
    """

    inputs: frozenset[int]
    series: PowerSeries | None


class PoleLimits:
    """Finds such products.

    Args:
        nodes: all nodes.
        constant: the value of a node that is known to be constant, else None.
        factors: the bases in a product, each with its exponent.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        constant: Callable[[int], float | None],
        factors: Callable[[int], dict[int, float]],
    ) -> None:
        self._nodes = nodes
        self._constant = constant
        self._factors = factors
        self._squares: dict[int, Sequence[_Powers]] = {}
        self._functions: dict[int, _Function | None] = {}

    def zero_of(self, product: int, base: int) -> int | None:
        """The node whose zero is the pole, if a product that has a negative power of a base is 0 there."""
        squares, at = self._squares_of(base), self._vanishing_with(base)
        if not squares and at is None:
            return None
        factors = self._factors(product)
        if factors.get(base, 0.0) >= 0:
            return None
        if squares and self._outgrown(factors, base, squares):
            return base
        return at if at is not None and self._order(factors, at) > 0 else None

    def _vanishing_with(self, base: int) -> int | None:
        """The input that a node is a function of which is 0 with it, by its series."""
        function = self._function(base)
        if function is None or function.series is None or function.series.low < 1:
            return None
        return next(iter(function.inputs))

    def _outgrown(self, factors: _Powers, base: int, squares: Sequence[_Powers]) -> bool:
        """Whether a product has more roots of squares than a power of their sum takes, and no other pole."""
        left = dict(factors)
        pole = -left.pop(base)
        roots = sum(_taken(left, square) for square in squares)
        below = {each for square in squares for each, exponent in square.items() if exponent < 0}
        poles = [each for each, exponent in left.items() if exponent < 0 and each not in below]
        return 2 * pole < roots and all(map(self._constant, poles))

    def _squares_of(self, total: int) -> Sequence[_Powers]:
        """The factors of each term of a sum, if those are squares of what is not constant; else none."""
        if total not in self._squares:
            terms = self._terms(total) if self._nodes[total].op == "add" else []
            found = [self._square(term) for term in terms]
            known = [square for square in found if square]
            self._squares[total] = known if len(known) == len(found) else ()
        return self._squares[total]

    def _terms(self, total: int) -> list[int]:
        terms: list[int] = []
        stack = [total]
        while stack:
            op, arguments, _ = self._nodes[term := stack.pop()]
            if op == "add" and len(stack) + len(terms) < _MOST_SQUARES:
                stack += arguments
            else:
                terms.append(term)
        return terms

    def _square(self, term: int) -> _Powers | None:
        """The factors of a square of what is not constant, those of powers of products apart."""
        found: dict[int, float] = defaultdict(float)
        for base, power in self._factors(term).items():
            number = self._constant(base)
            if number is not None and number <= 0:
                return None
            for each, exponent in self._factors(base).items() if number is None else ():
                found[each] += power * exponent
        is_square = max(found.values(), default=0) > 0 and not any(exponent % 2 for exponent in found.values())
        return found if is_square else None

    def _order(self, factors: _Powers, at: int) -> float:
        """As which power of an input a product vanishes with it; 0 or less if it does not, or that is not known."""
        order = 0.0
        for base, exponent in factors.items():
            function = self._function(base)
            known = function is not None and function.inputs == {at} and function.series is not None
            if known and function and function.series:
                order += exponent * function.series.low
            elif not self._is_finite(base, function, exponent, at):
                return 0.0
        return order

    def _is_finite(self, base: int, function: _Function | None, exponent: float, at: int) -> bool:
        """Whether a factor has no part in it: a constant, or one of other inputs that is no pole."""
        if self._constant(base) is not None:
            return True
        return function is not None and at not in function.inputs and exponent > 0

    def _function(self, root: int) -> _Function | None:
        """A node of few others as a function of its inputs; None for larger ones."""
        if root not in self._functions:
            self._functions[root] = self._read(root)
        return self._functions[root]

    def _read(self, root: int) -> _Function | None:
        seen, stack = {root}, [root]
        while stack:
            new = [each for each in self._nodes[stack.pop()].args if each not in seen]
            seen.update(new)
            stack += new
            if len(seen) > _LARGEST:
                return None
        inputs = frozenset(each for each in seen if self._nodes[each].op == "input")
        return _Function(inputs, self._series(sorted(seen)) if len(inputs) == 1 else None)

    def _series(self, nodes: Sequence[int]) -> PowerSeries | None:
        """The power series of the last of some nodes, arguments first."""
        found: dict[int, PowerSeries] = {}
        try:
            for index in nodes:
                op, arguments, _ = node = self._nodes[index]
                if op == "const":
                    found[index] = constant(node.number, _TERMS)
                else:
                    known = [found[each] for each in arguments]
                    found[index] = variable(_TERMS) if op == "input" else series_of(op, *known)
        except UnknownSeriesError:
            return None
        series = found[nodes[-1]]
        return series if series.coefficients else None


def _taken(factors: dict[int, float], square: _Powers) -> int:
    """How many roots of a square are in a product, which loses them."""
    positive = {base: exponent / 2 for base, exponent in square.items() if exponent > 0}
    count = max(0, min(int(factors.get(base, 0.0) // exponent) for base, exponent in positive.items()))
    for base, exponent in square.items():
        factors[base] = factors.get(base, 0.0) - count * exponent / 2
    return count
