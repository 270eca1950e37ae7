"""Functions of a root or a distance where it vanishes: cos(√x) at 0, sinc(hypot(x, y)) at the centre.

By the chain rule their derivatives are 0·∞ there, or ∞ - ∞. With r for the root, and h for r²/2, which has a derivative
where r has none, the derivative of g(r) is

    (g'(r)/r)·h'

and g'(r)/r again is a function of r. What it is at r = 0 its power series tells: a number, or ±inf where the root
itself is left. Where g'(r) is a difference of what is almost equal beside 0, as from the second derivative on, the
series is used there too. The same goes for r = arccos(u) at 1 and r = arccosh(u), where r·r' is -u'/sinc(r/π) and
u'·r/sinh(r).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gridgrad_core.lang.algebra.angles import multiple_of_angle, power_of_sine, sine_of_inverse
from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.algebra.power_series import (
    SERIES,
    PowerSeries,
    UnknownSeriesError,
    constant,
    series_of,
    variable,
)
from gridgrad_core.lang.algebra.series_nodes import polynomial, range_of
from gridgrad_core.lang.program.nodes import Node

__all__ = ["RadialSlope", "Radials"]

_ROOTS = frozenset({"sqrt", "hypot", "arccos", "arccosh"})
_ANGLES = frozenset({"arccos", "arccosh"})
_RATIONAL = frozenset({"add", "sub", "mul", "div", "neg", "pow", "square", "reciprocal", "sqrt", "abs", "positive"})
_LINEAR = frozenset({"neg", "mul", "div"})
_SUMS = frozenset({"add", "sub"})
_CHAINED = _LINEAR | {"hypot"}
"""Where a root is left the chain rule holds: at a cone's centre its slope is 0, the mean of all directions, and so is
that of exp(k·√x) where k is 0."""
_SIGNED = frozenset({"abs", "sqrt"})
_LARGEST = 200  # operations in what is derived as a function of a root
_FEW, _MANY = 14, 40
"""Terms of a series that tells what is at 0 alone, and of one that is used beside it."""
_CONSTANT = -1


class _Radial(NamedTuple):
    """A node as a function of one other node, or a constant.

    Args:
        base: the root, or its product with what does not vanish with it; `_CONSTANT` of a constant.
        degree: 1 for a multiple of the base, 2 for a function of its square, 0 for any other.
        curved: whether it is more than a rational function of it.
        divided: whether a g'(r)/r is in it, so that its own derivative may be a difference of what is almost equal.
        size: how many operations it takes; what is in it twice counts twice.
    """

    base: int
    degree: int = 0
    curved: bool = False
    divided: bool = False
    size: int = 0


class RadialSlope(NamedTuple):
    """The derivative of a node, as a product.

    Args:
        of: the node whose derivative is one factor.
        slope: the other factor.
    """

    of: int
    slope: int


class Radials:
    """Finds functions of roots among a builder's nodes.

    Args:
        algebra: writes nodes.
        nodes: all nodes.
        derived: the derivative of a node by another one; None if it is structurally zero.
    """

    def __init__(self, algebra: ChainRule, nodes: Sequence[Node], derived: Callable[[int, int], int | None]) -> None:
        self._algebra = algebra
        self._nodes = nodes
        self._derived = derived
        self._read = 0
        self._found: dict[int, _Radial] = {}
        self._series: dict[tuple[int, int], PowerSeries] = {}
        self._multiples: dict[int, float] = {}
        self._origins: dict[int, int] = {}
        self._beside: dict[int, int] = {}
        self._slopes: dict[int, RadialSlope | None] = {}
        self._products: dict[frozenset[tuple[int, float]], tuple[int, float]] = {}

    def any(self) -> bool:
        """Whether there are functions of roots among the nodes that were written since it was asked last."""
        first = self._read
        self._reading(len(self._nodes))
        return any(
            index in self._found and self._is_undefined(self._found[index]) for index in range(first, self._read)
        )

    def skip(self) -> None:
        """Leaves out the nodes that were written since: derivatives of a program without functions of roots."""
        self._read = len(self._nodes)

    def get(self, index: int) -> RadialSlope | None:
        """How to derive a node, if it is a function of a root that the chain rule knows nothing of where that is 0."""
        if index >= self._read:
            self._reading(index + 1)
        node = self._found.get(index)
        if node is None or not self._is_undefined(node):
            return None
        if index not in self._slopes:
            self._slopes[index] = None if self._is_chained(index) else self._slope(index, node)
        return self._slopes[index]

    def _is_undefined(self, node: _Radial) -> bool:
        """Whether the chain rule may not tell its derivative where the root is 0."""
        if node.base == _CONSTANT or node.degree == 1:
            return False
        return self._nodes[node.base].op in _ANGLES or (node.curved and node.degree != 2)

    def _reading(self, end: int) -> None:
        for index in range(self._read, end):
            node = self._nodes[index]
            if (self._found or node.op in _ROOTS or node.op == "pow") and index not in self._found:
                found = self._read_node(index, node)
                if found is not None:
                    self._found[index] = found
        self._read = end

    def _read_node(self, index: int, node: Node) -> _Radial | None:
        """What a node is, from what its arguments are."""
        arguments = [self._argument(argument) for argument in node.args]
        if all(each is not None and each.base == _CONSTANT for each in arguments):
            return _Radial(_CONSTANT) if arguments and node.op in SERIES else None
        bases = {each.base for each in arguments if each is not None} - {_CONSTANT}
        if not bases:
            is_root = node.op in _ROOTS or (node.op == "pow" and self._algebra.constant(node.args[1]) == 0.5)
            return _Radial(index, 1) if is_root else None
        polynomials = multiple_of_angle, power_of_sine
        if any(known(self._algebra, self._nodes, node) is not None for known in polynomials):
            return None  # a polynomial or its root, which the chain rule knows at both ends
        if None in arguments:
            return self._product(index) if self._is_product(node, arguments) else None
        known = [each for each in arguments if each is not None and each.base != _CONSTANT]
        if len(bases) > 1 or node.op not in SERIES or (node.op in _SIGNED and not self._is_positive(known[0].base)):
            return None
        size = 1 + sum(each.size for each in known)
        if size > _LARGEST:
            return None
        curved = node.op not in _RATIONAL or any(each.curved for each in known)
        degree = self._degree(node, [each.degree for each in known])
        return _Radial(known[0].base, degree, curved, any(each.divided for each in known), size)

    def _argument(self, index: int) -> _Radial | None:
        found = self._found.get(index)
        return _Radial(_CONSTANT) if found is None and self._algebra.constant(index) is not None else found

    def _is_product(self, node: Node, arguments: Sequence[_Radial | None]) -> bool:
        """Whether it is a root's product with, or quotient by, what is no function of the root."""
        place = next(place for place, each in enumerate(arguments) if each is not None)
        root = arguments[place]
        if root is None or root.degree != 1 or self._nodes[root.base].op in _ANGLES:
            return False
        return node.op == "mul" or (node.op == "div" and place == 0)

    def _product(self, index: int) -> _Radial | None:
        """A product as a multiple of the first one of the same factors but for constants, if those come to a number."""
        number, factors = 1.0, set[tuple[int, float]]()
        for base, power in self._algebra.factors(index).items():
            value = self._algebra.constant(base)
            if value is None:
                factors.add((base, power))
            else:
                number *= _power(value, power)
        if not number or not math.isfinite(number):
            return None
        base, first = self._products.setdefault(frozenset(factors), (index, number))
        if base != index:
            self._multiples[index] = number / first
        return _Radial(base, 1)

    def _is_positive(self, base: int) -> bool:
        """Whether it is a root and no product, of which the sign is not known."""
        return self._nodes[base].op not in _LINEAR

    def _degree(self, node: Node, degrees: Sequence[int]) -> int:
        if all(degree == 2 for degree in degrees):
            return 2
        if any(degree != 1 for degree in degrees):
            return 0
        exponent = self._algebra.constant(node.args[1]) if node.op == "pow" else None
        if node.op == "square" or (node.op == "mul" and len(degrees) == 2) or (exponent and exponent % 2 == 0):
            return 2
        linear = node.op in _SUMS and len(degrees) == 2
        scaled = node.op in _LINEAR and len(degrees) == 1 and (node.op != "div" or self._found.get(node.args[0]))
        return 1 if linear or scaled else 0

    def _is_chained(self, index: int) -> bool:
        """Whether it is a constant times another node, which is then what to derive by its series, or a root itself."""
        op, arguments, _ = node = self._nodes[index]
        if op in _LINEAR:
            return op == "neg" or any(self._argument(each) == _Radial(_CONSTANT) for each in arguments)
        return sine_of_inverse(self._algebra, self._nodes, node) is not None

    def _slope(self, index: int, node: _Radial) -> RadialSlope | None:
        try:
            divided = self._series_at(index, node.base, _MANY if node.divided else _FEW).divided_slope()
            divided.known_at(0)
        except UnknownSeriesError:
            return None
        if divided.low < 0 and self._nodes[node.base].op in _CHAINED:
            return None
        if not node.curved and divided.low == 0 and not any(divided.coefficients[1:]):
            slope = self._algebra.const(divided.at(0))
        else:
            slope = self._divided(index, node, divided)
            self._found[slope], self._origins[slope] = _Radial(node.base, curved=True, divided=True, size=1), index
        return self._by_square(node.base, slope)

    def _divided(self, index: int, node: _Radial, series: PowerSeries) -> int:
        """g'(r)/r of a node g(r): by its series at 0, and beside it if it is a difference there."""
        make, const, base = self._algebra, self._algebra.const, node.base
        derivative = self._derived(self._beside.get(index, index), base)
        if derivative is None:
            return const(0.0)
        beside = make.div(derivative, base)
        if self._nodes[derivative].op in _SUMS and not node.divided:
            series = self._series_at(index, base, _MANY).divided_slope()
        near = range_of(series) if len(series.coefficients) > _FEW else 0.0
        size = base if self._is_positive(base) else make.op("abs", base)
        inside = make.op("lt", size, const(near)) if near else make.op("eq", base, const(0.0))
        limit = math.copysign(math.inf, series.coefficients[0]) if series.low < 0 else series.at(0)
        chosen = make.where(inside, polynomial(make, series, base, near) if near else const(limit), beside)
        self._beside[chosen] = beside
        return chosen

    def _by_square(self, base: int, slope: int) -> RadialSlope:
        """What has r·r' as its derivative, or that and a factor."""
        op, arguments, _ = self._nodes[base]
        make = self._algebra
        if op == "arccos":
            sine = make.op("sinc", make.mul(make.const(1 / math.pi), base))
            return RadialSlope(arguments[0], make.neg(make.div(slope, sine)))
        if op == "arccosh":
            inverse = make.mul(make.op("bernoulli", make.mul(make.const(2.0), base)), make.op("exp", base))
            return RadialSlope(arguments[0], make.mul(slope, inverse))
        return RadialSlope(self._half_square(base), slope)

    def _half_square(self, base: int) -> int:
        op, arguments, _ = self._nodes[base]
        make, half = self._algebra, self._algebra.const(0.5)
        if op == "hypot":
            return make.mul(half, make.add(*[make.mul(each, each) for each in arguments]))
        if op == "neg":
            return self._half_square(arguments[0])
        if op not in ("mul", "div"):
            return make.mul(half, arguments[0])
        root, other = arguments if self._is_root(arguments[0]) else arguments[::-1]
        return make.op(op, self._half_square(root), make.mul(other, other))

    def _is_root(self, index: int) -> bool:
        found = self._found.get(index)
        return found is not None and found.base != _CONSTANT

    def _series_at(self, index: int, base: int, terms: int) -> PowerSeries:
        """The power series of a node."""
        number = self._algebra.constant(index)
        if number is not None:
            return constant(number, terms)
        if index == base:
            return variable(terms)
        known = self._series.get((index, terms))
        if known is not None:
            return known
        if index in self._multiples:
            series = series_of("mul", constant(self._multiples[index], terms), variable(terms))
        elif index in self._origins:
            series = self._series_at(self._origins[index], base, terms).divided_slope()
        else:
            node = self._nodes[index]
            series = series_of(node.op, *[self._series_at(argument, base, terms) for argument in node.args])
        self._series[index, terms] = series
        return series


def _power(base: float, exponent: float) -> float:
    """A power of constants; nan where it is no finite number."""
    try:
        found = base**exponent
    except (ZeroDivisionError, OverflowError):
        return math.nan
    return math.nan if isinstance(found, complex) else found
