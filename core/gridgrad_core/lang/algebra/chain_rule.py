"""The products, quotients and sums that the chain rule asks for, with choices outermost.

What is not chosen has the derivative 0, whatever it is multiplied with: slope·where(c, t, 0) is where(c, slope·t, 0),
so that an infinite slope has no part in it.
"""

from __future__ import annotations

from collections.abc import Callable

from gridgrad_core.lang.algebra.simplify import Algebra
from gridgrad_core.lang.program.nodes import Builder

__all__ = ["CHOICES", "ChainRule"]

CHOICES = frozenset({"where", "heaviside"})
"""The operations that a derivative may be which is 0 where it is not chosen."""

_DEEPEST = 4  # choices in each other; a function of many pieces is multiplied as a whole


class ChainRule(Algebra):
    """An algebra that knows which of its factors are derivatives.

    Args:
        builder: where the nodes go; it may have some, and others may add to it.
    """

    def __init__(self, builder: Builder) -> None:
        super().__init__(builder)
        self._guards: set[int] = set()

    def guarded(self, condition: int, x: int) -> int:
        """0 where a condition holds, else x. From now on choices by it are made of whole sums, once."""
        self._guards.add(condition)
        return self.where(condition, self.const(0.0), x)

    def choice_sum(self, x: int, y: int) -> int:
        """The sum of what may be choices by the same condition, each with a side that is 0."""
        first, second = self._nodes[x], self._nodes[y]
        for each in (first, second) if self._guards else ():
            if each.op == "where" and each.args[0] in self._guards:
                return self._guarded_sum(each.args[0], x, y)
        if first.op != "where" or second.op != "where" or first.args[0] != second.args[0]:
            return self.add(x, y)
        sides = [self._without_zero(a, b) for a, b in zip(first.args[1:], second.args[1:], strict=True)]
        taken, other = sides
        return self.add(x, y) if taken is None or other is None else self.where(first.args[0], taken, other)

    def _guarded_sum(self, condition: int, x: int, y: int) -> int:
        sides = []
        for place in (1, 2):
            a, b = self._side(condition, x, place), self._side(condition, y, place)
            only = self._without_zero(a, b)
            sides.append(self.choice_sum(a, b) if only is None else only)
        return self.where(condition, *sides)

    def total(self, x: int, y: int) -> int:
        """The sum of derivatives: of guarded ones as in `choice_sum`."""
        return self.choice_sum(x, y) if self._guards else self.add(x, y)

    def difference(self, x: int, y: int) -> int:
        """The difference of what may be choices by the same condition, each with a side that is 0."""
        return self.choice_sum(x, self.negated(y)) if self._may_be_dead(y) else self.sub(x, y)

    def chained(self, slope: int, tangent: int) -> int:
        """The product that the chain rule asks for; a slope of 1/y divides, which is rounded once.

        What is not chosen has the derivative 0 whatever it is multiplied with: the choice is made of the products.
        Which of them are 0 at a pole is decided anew.
        """
        if slope in self.limits or tangent in self.limits:
            return self.limited(self.chained(self.limits.get(slope, slope), self.limits.get(tangent, tangent)))
        if self._nodes[tangent].op in CHOICES or self._nodes[slope].op in CHOICES:
            product = self._alive(slope, tangent)
            if product is not None:
                return product
        constant, op, rest = self._split(slope)
        if op != "div" or constant not in (1, -1) or self.constant(tangent) is not None:
            return self.mul(slope, tangent)
        if slope in self._singular:
            return self._with_poles("mul", slope, tangent)
        quotient = self.div(tangent, rest)
        return quotient if constant == 1 else self.neg(quotient)

    def _alive(self, slope: int, tangent: int) -> int | None:
        """The product if one factor is a choice with a side that is 0, or a step."""
        if self._may_be_dead(tangent):
            return self._sides(tangent, lambda side: self.chained(slope, side))
        if self._may_be_dead(slope):
            return self._sides(slope, lambda side: self.chained(side, tangent))
        for step, other in ((tangent, slope), (slope, tangent)):
            if self._nodes[step].op == "heaviside" and self.constant(other) != 1:
                below = self.op("lt", self._nodes[step].args[0], self.const(0.0))
                return self.where(below, self.const(0.0), self.mul(step, other))
        return None

    def negated(self, tangent: int) -> int:
        """A derivative with the other sign, with choices outside as in `chained`."""
        return self.chained(self.const(-1.0), tangent) if self._may_be_dead(tangent) else self.neg(tangent)

    def quotient(self, tangent: int, divisor: int) -> int:
        """A derivative over what it is divided by, with choices outside as in `chained`."""
        if tangent in self.limits:
            return self.limited(self.div(self.limits[tangent], divisor))
        if self._may_be_dead(tangent):
            return self._sides(tangent, lambda side: self.quotient(side, divisor))
        return self.div(tangent, divisor)

    def _may_be_dead(self, x: int, depth: int = 0) -> bool:
        """Whether it is a choice with a side that is 0, itself or a few choices further down."""
        op, arguments, _ = self._nodes[x]
        if op != "where" or depth == _DEEPEST:
            return False
        if arguments[0] in self._guards:
            return True
        return any(self.constant(side) == 0 or self._may_be_dead(side, depth + 1) for side in arguments[1:])

    def _sides(self, selection: int, product: Callable[[int], int]) -> int:
        """A selection with each side that is not 0 multiplied for itself."""

        def multiplied(side: int) -> int:
            return side if self.constant(side) == 0 else product(side)

        choice = self.choices.get(selection)
        if choice is not None:
            return self.choices.made(choice.key, multiplied(choice.above), multiplied(choice.below))
        condition, *sides = self._nodes[selection].args
        return self.where(condition, *map(multiplied, sides))

    def _without_zero(self, x: int, y: int) -> int | None:
        """The sum, if one of both is 0."""
        if self.constant(x) == 0:
            return y
        return x if self.constant(y) == 0 else None
