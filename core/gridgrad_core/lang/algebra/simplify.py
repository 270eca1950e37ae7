"""Operations that leave out what need not be computed: how derivatives are written down.

What is left out changes no result but in its last digit or the sign of a zero, whatever the inputs
are, infinite or not:

* x*1, x/1, x**1, x**0 (which is 1 for every x), -(-x), and a choice between equals;
* signs move out of products and quotients, and into sums: a + (-b) is a - b;
* x + x is 2*x, and what exists as a*b is taken for b*a too;
* constants meet: 3*(2*x) is 6*x, (2*x)/4 is 0.5*x, 2*(0.5/x) is 1/x, as long as their product is
  within float32's normal numbers, so that nothing overflows or vanishes that did not before;
* +, -, *, / and integer powers of constants are computed in float64, where the result is finite, and
  comparisons of constants are decided.

0*x stays, since x may be infinite, and so does x + 0. A derivative that is zero whatever the inputs
are is never written down in the first place.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from gridgrad_core.lang.algebra.choices import Choices
from gridgrad_core.lang.algebra.conditions import Conditions
from gridgrad_core.lang.algebra.pole_limits import PoleLimits
from gridgrad_core.lang.algebra.powers import Powers
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.operations import COMPARISONS

__all__ = ["Algebra"]

_SMALLEST, _LARGEST = 2.0**-126, 2.0**127
_COMMUTATIVE = ("add", "mul")


class Algebra(Conditions):
    """Adds operations to a builder, as few as it can.

    Args:
        builder: where the nodes go; it may have some, and others may add to it.

    Attributes:
        find: an operation that exists already, else None.
        factors: the bases in a product, each with its exponent.
        choices: the choices among the nodes.
        limits: the choices of 0 at a pole that were made of products, and these.
    """

    def __init__(self, builder: Builder) -> None:
        super().__init__(builder)
        self.choices = Choices(self, self._nodes)
        self.find = builder.find
        self._powers = Powers(self, self._nodes)
        self._singular = self._powers.singular
        self.factors = self._powers.factors
        self.limits: dict[int, int] = {}
        self._pole_limits = PoleLimits(self._nodes, self.constant, self.factors)
        self._choosing = False

    def op(self, name: str, *arguments: int) -> int:
        """The operation of that name in the table of functions."""
        if name in COMPARISONS:
            return self.compare(name, *arguments)
        operation = _SIMPLER.get(name)
        return operation(self, *arguments) if operation else self._builder.op(name, *arguments)

    def plain(self, name: str, *arguments: int) -> int:
        """The operation as it is called, nothing left out."""
        return self._write(name, *arguments)

    def choose(self) -> None:
        """From now on it counts which nodes contain choices. Before the first there is nothing to be asked."""
        self._choosing = True
        self._write = lambda name, *arguments: self.choices.marked(self._builder.op(name, *arguments))

    def add(self, x: int, y: int) -> int:
        """The sum."""
        known = self._known("add", x, y)
        if known is None and self._choosing:
            known = self.choices.sum("add", x, y)
        if known is not None:
            return known
        if x == y:
            return self._scaled(x, 2.0)
        if self._nodes[y].op == "neg":
            return self._write("sub", x, self._nodes[y].args[0])
        if self._nodes[x].op == "neg":
            return self._write("sub", y, self._nodes[x].args[0])
        return self._write("add", x, y)

    def sub(self, x: int, y: int) -> int:
        """The difference."""
        known = self._known("sub", x, y)
        if known is None and self._choosing:
            known = self.choices.sum("sub", x, y)
        if known is not None:
            return known
        if self._nodes[y].op == "neg":
            return self.add(x, self._nodes[y].args[0])
        if self._nodes[x].op == "neg" and self._nodes[x].args[0] == y:
            return self._scaled(y, -2.0)
        return self._write("sub", x, y)

    def neg(self, x: int) -> int:
        """The same with the other sign."""
        value = self.constant(x)
        if value is not None:
            return self.const(-value)
        if self._nodes[x].op == "neg":
            return self._nodes[x].args[0]
        made = self._write("neg", x)
        if x in self._singular:
            self._singular[made] = self._singular[x]
        return made

    def mul(self, x: int, y: int) -> int:
        """The product."""
        known = self._known("mul", x, y)
        if known is None and self._choosing:
            known = self.choices.product("mul", x, y)
        if known is not None:
            return known
        for constant, other in ((x, y), (y, x)):
            value = self.constant(constant)
            if value is not None:
                return self._scaled(other, value)
        if x in self._singular or y in self._singular:
            return self._with_poles("mul", x, y)
        return self._unknown("mul", x, y)

    def div(self, x: int, y: int) -> int:
        """The quotient."""
        known = self._known("div", x, y)
        if known is None and self._choosing:
            known = self.choices.product("div", x, y)
        if known is not None:
            return known
        divisor = self.constant(y)
        if divisor is not None and abs(divisor) == 1:
            return x if divisor > 0 else self.neg(x)
        if divisor and math.isfinite(divisor):
            constant, op, rest = self._split(x)
            if constant is not None and _is_plain(constant / divisor):
                return self._product(constant / divisor, op, rest)
        if x in self._singular:
            return self._with_poles("div", x, y)
        return self._unknown("div", x, y)

    def pow(self, x: int, y: int) -> int:
        """The power."""
        exponent = self.constant(y)
        if exponent == 0:
            return self.const(1.0)
        if exponent == 1:
            return x
        return self._made("pow", x, y)

    def singular(self, slope: int, base: int) -> int:
        """The slope of a root or a broken power, which may meet another power of the same base."""
        self._singular[slope] = (self._powers.base(base),)
        return slope

    def _known(self, op: str, x: int, y: int) -> int | None:
        """The operation as a constant, or as the node that exists already."""
        if self.constant(x) is not None and self.constant(y) is not None:
            value = self._constants.computed(op, (x, y))
            if value is not None:
                return self.const(value)
        found = self.find(op, x, y)
        if found is None and op in _COMMUTATIVE:
            found = self.find(op, y, x)
        return self.choices.marked(found) if found is not None and self._choosing else found

    def _made(self, op: str, x: int, y: int) -> int:
        known = self._known(op, x, y)
        return self._write(op, x, y) if known is None else known

    def _unsigned(self, x: int) -> int:
        return self._nodes[x].args[0] if self._nodes[x].op == "neg" else x

    def _unknown(self, op: str, x: int, y: int) -> int:
        """A product or quotient of which it is known that there is none yet."""
        nodes = self._nodes
        if nodes[x].op == "neg" or nodes[y].op == "neg":
            return self._with_signs(op, x, y)
        return self._write(op, x, y)

    def _with_signs(self, op: str, x: int, y: int) -> int:
        """A product or quotient, with the signs of both moved out."""
        plain_x, plain_y = self._unsigned(x), self._unsigned(y)
        result = self._made(op, plain_x, plain_y)
        return result if (plain_x != x) == (plain_y != y) else self.neg(result)

    def _with_poles(self, op: str, x: int, y: int) -> int:
        """A product or quotient of roots, of which the powers of one base are added up."""
        merged = self._powers.merged(op, x, y)
        if merged is not None:
            return merged
        made = self._with_signs(op, x, y)
        bases = self._singular.get(x, ()) + self._singular.get(y, ())
        self._singular[made] = self._singular[self._unsigned(made)] = bases
        return self.limited(made)

    def limited(self, product: int) -> int:
        """A product, or the choice of 0 at a pole of it where that is its limit."""
        for base in self._singular.get(product, ()):
            zero = self._pole_limits.zero_of(product, base)
            if zero is not None:
                made = self.where(self.compare("eq", zero, self.const(0.0)), self.const(0.0), product)
                self.limits[made] = product
                return made
        return product

    def _scaled(self, x: int, factor: float) -> int:
        """The product with a constant."""
        if abs(factor) == 1:
            return x if factor > 0 else self.neg(x)
        constant, op, rest = self._split(x)
        if constant is not None and _is_plain(constant * factor):
            return self._product(constant * factor, op, rest)
        plain = self._unsigned(x)
        made = self._made("mul", self.const(factor if plain == x else -factor), plain)
        if plain in self._singular:
            self._singular[made] = self._singular[plain]
        return made

    def _split(self, x: int) -> tuple[float | None, str, int]:
        """Takes 3*t or 3/t apart; the constant is None if there is none."""
        plain = self._unsigned(x)
        op, arguments, _ = self._nodes[plain]
        if op in ("mul", "div"):
            for constant, rest in (arguments, arguments[::-1])[: 2 if op == "mul" else 1]:
                value = self.constant(constant)
                if value is not None:
                    return value if plain == x else -value, op, rest
        return None, op, plain

    def _product(self, constant: float, op: str, rest: int) -> int:
        """What `_split` takes apart."""
        if op == "mul" and abs(constant) == 1:
            return rest if constant > 0 else self.neg(rest)
        made = self._made(op, self.const(constant), rest)
        if rest in self._singular:
            self._singular[made] = self._singular[rest]
        return made

    def opposite(self, x: int, y: int) -> bool:
        """Whether one is the other with the other sign, as far as that can be seen."""
        first, op, rest = self._split(x)
        second, other_op, other_rest = self._split(y)
        if first is None and second is None:
            return self._unsigned(x) == self._unsigned(y) and (self._unsigned(x) != x) != (self._unsigned(y) != y)
        known, other = self.constant(x), self.constant(y)
        if known is not None and other is not None:
            return known == -other
        return first is not None and second == -first and (op, rest) == (other_op, other_rest)


_SIMPLER: dict[str, Callable[..., int]] = {
    "add": Algebra.add,
    "sub": Algebra.sub,
    "mul": Algebra.mul,
    "div": Algebra.div,
    "neg": Algebra.neg,
    "pow": Algebra.pow,
    "where": Algebra.where,
    "and": Algebra.both,
    "or": Algebra.either,
    "not": Algebra.no,
    "sign": lambda algebra, x: algebra.choices.sign(x),
    "copysign": lambda algebra, x, y: algebra.choices.copysign(x, y),
}


def _is_plain(value: float) -> bool:
    """Whether it is a normal number in float32 too."""
    return _SMALLEST <= abs(value) <= _LARGEST
