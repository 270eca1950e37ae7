"""Powers of one base that meet in a product: x·(1/√x) is √x, which is 0 at 0 where the product is 0·∞.

Derivatives of roots and other broken powers have poles, and what they are multiplied with often vanishes there. So
where a negative power meets a positive one of the same base, and one of them is broken, their exponents are added while
they are symbols. √u is u^½, ∛u the power ⅓ that keeps its sign, |u|^p a power of |u|, of which u is sign(u)·|u|; and
direction(x, y) is x over hypot(x, y). Where the value is nan, outside the domain of a root, the derivative may be a
number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from gridgrad_core.lang.program.nodes import Node

__all__ = ["Powers"]

_DEEPEST = 6
_DIGITS = 12  # of exponents: 0.1 + 0.2 - 0.3 is 0
_ROOTS = {"sqrt": ("real", 1 / 2), "cbrt": ("cbrt", 1 / 3), "abs": ("abs", 1.0), "square": ("whole", 2.0)}
"""How these read as powers of their argument."""


class _Factor(NamedTuple):
    """A power in a product.

    Args:
        base: its node.
        kind: "real" where a negative base is outside the domain, "cbrt" where the sign is kept, "abs" where it is
            lost, "whole" for a whole power, which goes with all of them.
        exponent: of the base.
    """

    base: int
    kind: str
    exponent: float


class _Operations(Protocol):
    """What powers are written with."""

    def op(self, name: str, *arguments: int) -> int: ...
    def const(self, value: float, /) -> int: ...
    def constant(self, node: int, /) -> float | None: ...
    def find(self, name: str, *arguments: int) -> int | None: ...


class Powers:
    """Adds exponents.

    Args:
        operations: writes nodes.
        nodes: all nodes.

    Attributes:
        singular: the slopes of roots and broken powers, and products with them, each with the bases of those.
    """

    def __init__(self, operations: _Operations, nodes: Sequence[Node]) -> None:
        self.singular: dict[int, tuple[int, ...]] = {}
        self._operations = operations
        self._nodes = nodes

    def merged(self, name: str, x: int, y: int) -> int | None:
        """A product or quotient of which one factor is singular, if powers of one base meet in it."""
        if not (self._meets(x, y) or self._meets(y, x)):
            return None
        first, second = self._factors(x, 1), self._factors(y, 1 if name == "mul" else -1)
        for base in first.keys() & second.keys():
            factors = (*first[base], *second[base])
            kinds = {factor.kind for factor in factors} - {"whole"}
            exponents = [sum(factor.exponent for factor in each[base]) for each in (first, second)]
            if len(kinds) == 1 and exponents[0] * exponents[1] < 0:
                rest = self._operations.op(name, self._without(x, base), self._without(y, base))
                return self._operations.op("mul", self._power(base, kinds.pop(), factors), rest)
        return None

    def base(self, x: int) -> int:
        """What a node is a power of; of a distance, the distance itself."""
        return self._nodes[x].args[0] if self._nodes[x].op in _ROOTS else x

    def _meets(self, singular: int, other: int) -> bool:
        """Whether a base of a singular product may be that of a factor of the other."""
        bases = self.singular.get(singular, ())
        stack = [other] if bases else []
        while stack:
            op, arguments, _ = self._nodes[node := stack.pop()]
            if op in ("mul", "div", "neg"):
                stack += arguments
            elif node in bases or op == "direction" or (arguments and self.base(arguments[0]) in bases):
                return True
        return False

    def factors(self, x: int) -> dict[int, float]:
        """The bases in a product, each with its exponent. Powers of |u| and ∛u are bases of their own."""
        found: dict[int, list[_Factor]] = defaultdict(list)
        self._collect(x, 1, found, 0, self._read_signed)
        sums = {base: round(sum(factor.exponent for factor in each), _DIGITS) for base, each in found.items()}
        return {base: exponent for base, exponent in sums.items() if exponent}

    def _factors(self, x: int, sign: int) -> dict[int, list[_Factor]]:
        """The powers in a product, by their base."""
        found: dict[int, list[_Factor]] = defaultdict(list)
        self._collect(x, sign, found, 0, self._read)
        return found

    def _collect(
        self, x: int, exponent: float, found: dict[int, list[_Factor]], depth: int, read: Callable[[int], _Factor]
    ) -> None:
        op, arguments, _ = self._nodes[x]
        if op in ("mul", "div", "neg") and depth < _DEEPEST:
            for place, argument in enumerate(arguments):
                self._collect(argument, -exponent if op == "div" and place else exponent, found, depth + 1, read)
            if op == "neg":
                sign = self._operations.const(-1.0)
                found[sign].append(_Factor(sign, "whole", exponent))
            return
        factor = read(x)
        found[factor.base].append(factor._replace(exponent=factor.exponent * exponent))
        if op == "direction" and (distance := self._distance(x)) is not None:
            found[distance].append(_Factor(distance, "real", -exponent))

    def _read(self, x: int) -> _Factor:
        op, arguments, _ = self._nodes[x]
        if op in _ROOTS:
            return _Factor(arguments[0], *_ROOTS[op])
        power = self._operations.constant(arguments[1]) if op == "pow" else None
        if power is not None:
            inner = self._nodes[arguments[0]]
            if inner.op in _ROOTS:
                kind, exponent = _ROOTS[inner.op]
                return _Factor(inner.args[0], "abs" if kind == "whole" else kind, exponent * power)
            return _Factor(arguments[0], "whole" if power.is_integer() else "real", power)
        if op == "direction" and self._distance(x) is not None:
            return _Factor(arguments[0], "whole", 1.0)
        return _Factor(x, "real" if op == "hypot" else "whole", 1.0)

    def _read_signed(self, x: int) -> _Factor:
        """The same, but |u| and ∛u are bases themselves, so that no sign is lost."""
        factor = self._read(x)
        if factor.kind in ("real", "whole"):
            return factor
        op, arguments, _ = self._nodes[x]
        exponent = self._operations.constant(arguments[1]) if op == "pow" else None
        return _Factor(x, "whole", 1.0) if exponent is None else _Factor(arguments[0], "real", exponent)

    def _distance(self, direction: int) -> int | None:
        """The hypot(x, y) of a direction(x, y), if there is one."""
        x, y = self._nodes[direction].args
        found = self._operations.find("hypot", x, y)
        return self._operations.find("hypot", y, x) if found is None else found

    def _without(self, x: int, base: int, depth: int = 0) -> int:
        """A product without its powers of a base."""
        op, arguments, _ = self._nodes[x]
        make = self._operations.op
        if op in ("mul", "div", "neg") and depth < _DEEPEST:
            return make(op, *[self._without(argument, base, depth + 1) for argument in arguments])
        if op == "direction" and (distance := self._distance(x)) is not None:
            return arguments[0] if base == distance else make("div", self._operations.const(1.0), distance)
        return self._operations.const(1.0) if self._read(x).base == base else x

    def _power(self, base: int, kind: str, factors: Sequence[_Factor]) -> int:
        make, const = self._operations.op, self._operations.const
        exponent = round(sum(factor.exponent for factor in factors), _DIGITS)
        if kind == "cbrt":
            thirds = float(round(3 * exponent))
            whole = thirds % 3 == 0
            return make("pow", base, const(thirds / 3)) if whole else make("pow", make("cbrt", base), const(thirds))
        if kind == "real":
            return make("sqrt", base) if exponent == 0.5 else make("pow", base, const(exponent))
        odd = sum(factor.exponent for factor in factors if factor.kind == "whole") % 2
        if exponent.is_integer() and exponent % 2 == odd:
            return make("pow", base, const(exponent))
        power = make("pow", make("abs", base), const(exponent))
        return make("mul", make("sign", base), power) if odd else power
