"""Forward mode on nodes: the derivative of each by an input, written with the rules of the table.

Nodes are shared, and so are their derivatives: each node that a result depends on is visited once for
each input, whatever was asked for before. None stands for a structural zero, the derivative of what
does not depend on the input; it is never written down, so it can't meet an infinity. Derivatives are
nodes like any other, and have derivatives of their own.
"""

from __future__ import annotations

import functools
from collections.abc import Generator, Sequence

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.algebra.chain_rule import CHOICES, ChainRule
from gridgrad_core.lang.algebra.choices import CHOSEN, Choice
from gridgrad_core.lang.derive.edges import VANISHING, poles, power_tangent, vanishing
from gridgrad_core.lang.derive.fractions import Fractions
from gridgrad_core.lang.derive.radial import Radials
from gridgrad_core.lang.derive.replaced import Replaced
from gridgrad_core.lang.derive.rules import rule
from gridgrad_core.lang.derive.selections import SELECTIONS, Selections
from gridgrad_core.lang.derive.spellings import SPELLINGS, spelling
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.local.folds import Folds
from gridgrad_core.lang.local.implicit import Implicit
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["Tangents"]

_NO_NODE = -3

_ROOTS = frozenset({"sqrt", "cbrt", "hypot"})
"""The functions whose slopes have poles that powers of the same base make up for."""


class _Sloped(dict[str, tuple[int, ...]]):
    """By operation; made when it is first asked for, since texts make operations too."""

    def __missing__(self, op: str) -> tuple[int, ...]:
        sloped = tuple(i for i, derivative in enumerate(FUNCTIONS[op].derivatives) if derivative != "0")
        if not isinstance(op, LocalOperation):
            self[op] = sloped
        return sloped


_SLOPED = _Sloped({"input": (), "const": ()})
"""The positions of an operation's arguments by which its derivative is not structurally zero."""

_SPECIAL = SELECTIONS | SPELLINGS.keys() | CHOSEN | {"pow", "where"}
"""The operations that may not be derived as they are written, by the rule of the table."""


class _Alone(dict[int, "int | None"]):
    """Derivatives, of which those that are not there are structurally zero."""

    def __missing__(self, _: int) -> None:
        return None


class Tangents:
    """The derivatives of a builder's nodes.

    Args:
        builder: has the nodes, and takes those of the derivatives.
        limit: how many nodes the builder may have.

    Attributes:
        visits: how many derivatives of nodes were written down or found to be zero.
    """

    def __init__(self, builder: Builder, limit: int) -> None:
        self.visits = 0
        self._builder = builder
        self._nodes = builder.nodes
        self._limit = limit
        self._algebra = ChainRule(builder)
        self._fractions = Fractions(self._algebra, builder.nodes)
        self._selections = Selections(self._algebra, builder.nodes)
        self._radials = Radials(self._algebra, builder.nodes, self._by_root)
        self._rooted = False
        self._roots: dict[int, Replaced] = {}
        derive = functools.partial(_derivative_of, limit)
        self._implicit = Implicit(self._algebra, builder, derive)
        self._folds = Folds(self._algebra, builder, derive)
        self._spellings: dict[int, int | None] = {}
        self._tangents: dict[str, dict[int, int | None]] = {}
        self._slopes: dict[int, dict[int, int]] = {}

    def deriving(self, node: int | None, name: str, order: int = 1) -> Generator[None, None, int | None]:
        """The derivative of a node by an input, in steps of about a millisecond.

        Args:
            node: the node; None for a structural zero.
            name: the input.
            order: how often.

        Returns:
            Its node, or None if it is structurally zero.

        Raises:
            TooLargeError: the builder has more nodes than the limit.
        """
        yield from self.reading()
        tangents = self._tangents.setdefault(name, {})
        for _ in range(order):
            if node is None:
                break
            yield from self._walk(node, name, tangents)
            node = tangents[node]
        if not self._rooted:
            self._radials.skip()
        return node

    def forget(self, name: str | None = None) -> None:
        """Frees the memory of the derivatives by an input that is derived by no more; without one, of all."""
        if name is not None:
            self._tangents.pop(name, None)
            return
        self._tangents.clear()
        self._slopes.clear()
        self._spellings.clear()

    @property
    def algebra(self) -> ChainRule:
        """Writes nodes."""
        return self._algebra

    def reading(self) -> Generator[None, None, None]:
        """Looks at what nodes there are, before `arguments` and `slope` are asked for."""
        yield from self._algebra.reading()
        self._rooted = self._rooted or self._radials.any()

    def arguments(self, index: int) -> tuple[int, ...]:
        """The nodes by which a node is derived, each once: its arguments, or those of what it is derived as."""
        return tuple(dict.fromkeys(self._arguments(index)))

    def slope(self, index: int, argument: int) -> int | None:
        """The derivative of a node by one of its `arguments`; None if it is structurally zero."""
        found = self._tangent(index, "", _Alone({argument: self._algebra.const(1.0)}))
        self._count()
        return found

    def _walk(self, root: int, name: str, tangents: dict[int, int | None]) -> Generator[None, None, None]:
        """Writes down the derivatives of a node and of those that it is made of, arguments first."""
        stack = [root]
        steps = 0
        while stack:
            steps += 1
            if not steps % limits.STEP_TANGENTS:
                yield
            index = stack[-1]
            if index in tangents:
                stack.pop()
                continue
            needed = self._arguments(index)
            depth = len(stack)
            for argument in needed:
                if argument not in tangents:
                    if self._nodes[argument].op == "const":
                        tangents[argument] = None
                    else:
                        stack.append(argument)
            if len(stack) == depth:
                tangents[index] = self._tangent(index, name, tangents)
                self._count()

    def _arguments(self, index: int) -> Sequence[int]:
        """The nodes whose derivatives that of a node is made of."""
        node = self._nodes[index]
        radial = self._radials.get(index) if self._rooted else None
        if radial is not None:
            return (radial.of,)
        return self._needed(index, node) if node.op in _SPECIAL else [node.args[i] for i in _SLOPED[node.op]]

    def _needed(self, index: int, node: Node) -> Sequence[int]:
        """The nodes whose derivatives that of a node is made of, for one that may not be derived as it is written."""
        if (derived := self._derived_as(index, node)) is not None:
            return (derived,)
        if node.op in CHOSEN and (choice := self._algebra.choices.get(index)) is not None:
            return choice.above, choice.below
        if node.op == "div" and (fraction := self._fractions.get(index)) is not None:
            return fraction.needed
        return [node.args[i] for i in self._positions(node)]

    def _count(self) -> None:
        self.visits += 1
        if len(self._nodes) > self._limit:
            remedy = "ask for fewer derivatives or lower orders, or split the function into several requests"
            raise TooLargeError("derivatives", f"derivatives of more than {self._limit:,} operations", remedy)

    def _positions(self, node: Node) -> tuple[int, ...]:
        """Which arguments of an operation its derivative looks at."""
        if node.op == "pow" and self._algebra.constant(node.args[1]) == 0:
            return ()
        return _SLOPED[node.op]

    def _tangent(self, index: int, name: str, tangents: dict[int, int | None]) -> int | None:
        """The derivative of a node, by the chain rule, from those of its arguments."""
        node = self._nodes[index]
        if node.op == "input":
            return self._algebra.const(1.0) if node.value == name else None
        if self._rooted and (radial := self._radials.get(index)) is not None:
            of = tangents[radial.of]
            return None if of is None else self._algebra.chained(radial.slope, of)
        if node.op in _SPECIAL:
            if (derived := self._derived_as(index, node)) is not None:
                return tangents[derived]
            if node.op in CHOSEN and (choice := self._algebra.choices.get(index)) is not None:
                return self._chosen(choice, tangents[choice.above], tangents[choice.below])
            if node.op in SELECTIONS:
                return self._selections.tangent(node, tangents)
            if node.op == "div" and (fraction := self._fractions.get(index)) is not None:
                return self._fractions.tangent(fraction, tangents)
        pushed = [(i, tangent) for i in self._positions(node) if (tangent := tangents[node.args[i]]) is not None]
        if not pushed:
            return None
        if isinstance(node.op, LocalOperation):
            differ = self._implicit if node.op.kind == "solve" else self._folds
            return differ.tangent(index, node, dict(pushed))
        if node.op == "div":
            return self._quotient(index, dict(pushed))
        if FUNCTIONS[node.op].selective:
            choices = (self._selected(node, position, tangent) for position, tangent in pushed)
            return functools.reduce(self._algebra.choice_sum, choices)
        if node.op == "pow" and len(pushed) == 2:
            return power_tangent(self._algebra, index, node, dict(pushed))
        if node.op in VANISHING and (divisors := poles(self._algebra, self._nodes, node)):
            position, tangent = pushed[0]
            return vanishing(self._algebra, divisors, node.op, self._slope(index, position), tangent)
        parts = [self._part(index, node, position, tangent) for position, tangent in pushed]
        return functools.reduce(self._algebra.total, parts)

    def _part(self, index: int, node: Node, position: int, tangent: int) -> int:
        """What an argument's derivative brings to that of a node; of a sum the derivative itself."""
        if node.op == "add" and self._nodes[tangent].op not in CHOICES:
            return tangent
        return self._algebra.chained(self._slope(index, position), tangent)

    def _by_root(self, node: int, root: int) -> int | None:
        """The derivative of a node by a root that it is a function of."""
        if root not in self._roots:
            self._roots[root] = Replaced(self._builder, root, self._limit, Tangents)
        return finished(self._roots[root].deriving(node, 1))

    def _derived_as(self, index: int, node: Node) -> int | None:
        """What a node is derived as, if not as it is written."""
        if node.op == "where":
            return self._algebra.limits.get(index)
        if node.op not in SPELLINGS:
            return None
        if index not in self._spellings:
            self._spellings[index] = spelling(self._algebra, self._nodes, index)
        return self._spellings[index]

    def _chosen(self, choice: Choice, above: int | None, below: int | None) -> int | None:
        """The derivative of a choice: each side's own, on its side."""
        if above is None and below is None:
            return None
        sides = (self._algebra.const(0.0) if side is None else side for side in (above, below))
        return self._algebra.choices.made(choice.key, *sides)

    def _quotient(self, quotient: int, tangents: dict[int, int]) -> int:
        """(x/y)' = (x' - (x/y)·y')/y: the quotient itself is there already."""
        algebra, divisor = self._algebra, self._nodes[quotient].args[1]
        if 1 not in tangents:
            return algebra.quotient(tangents[0], divisor)
        product = algebra.chained(quotient, tangents[1])
        numerator = algebra.difference(tangents[0], product) if 0 in tangents else algebra.negated(product)
        return algebra.quotient(numerator, divisor)

    def _slope(self, index: int, position: int) -> int:
        """The derivative of an operation by one of its arguments."""
        if self._nodes[index].op == "mul":  # the other factor, as its rule says
            return self._nodes[index].args[1 - position]
        slopes = self._slopes.setdefault(position, {})
        if index not in slopes:
            slopes[index] = self._ruled(self._nodes[index], position)
        return slopes[index]

    def _ruled(self, node: Node, position: int) -> int:
        exponent = self._algebra.constant(node.args[1]) if node.op == "pow" else None
        if exponent is not None:
            # What the rule comes to, without the nodes of its conditions
            base = self._algebra.pow(node.args[0], self._algebra.const(exponent - 1))
            if not exponent.is_integer():
                self._algebra.singular(base, node.args[0])
            return self._algebra.mul(self._algebra.const(exponent), base)
        program = self._rule(node, position)
        slope = self._spliced(program, node)
        if node.op not in _ROOTS:
            return slope
        distance = self._algebra.find(node.op, *node.args) if node.op == "hypot" else None
        return self._algebra.singular(slope, node.args[0] if distance is None else distance)

    def _rule(self, node: Node, position: int) -> Program:
        constants = (self._algebra.constant(argument) for argument in node.args[: _integers(node.op)])
        return rule(node.op, position, tuple(int(constant or 0) for constant in constants))

    def _spliced(self, program: Program, node: Node) -> int:
        """What a rule gives, with the arguments of an operation for its parameters."""
        arguments = dict(zip(FUNCTIONS[node.op].params, node.args, strict=True))
        spliced: list[int] = []
        for step in program.nodes:
            spliced.append(self._step(step, spliced, arguments))
        return spliced[program.outputs[0]]

    def _step(self, step: Node, spliced: list[int], arguments: dict[str, int]) -> int:
        if step.op == "const":
            return self._algebra.const(step.number)
        if step.op == "input":
            return arguments[str(step.value)]
        return self._algebra.op(step.op, *[spliced[argument] for argument in step.args])

    def _selected(self, node: Node, position: int, tangent: int) -> int:
        """The product of a tangent and a slope that is a choice, with the choice outside.

        So where(c, 1, 0) times t is where(c, t, 0), and a t that is infinite where c does not hold
        stays without effect.
        """
        program = self._rule(node, position)
        arguments = dict(zip(FUNCTIONS[node.op].params, node.args, strict=True))
        spliced: list[int] = []
        products: dict[int, int] = {}
        for index, step in enumerate(program.nodes):
            if step.op != "where":
                spliced.append(self._step(step, spliced, arguments))
                continue
            spliced.append(_NO_NODE)
            condition, *sides = step.args
            chosen = [products[s] if s in products else self._weighted(spliced[s], tangent) for s in sides]
            products[index] = self._algebra.where(spliced[condition], *chosen)
        return products[program.outputs[0]]

    def _weighted(self, slope: int, tangent: int) -> int:
        return slope if self._algebra.constant(slope) == 0 else self._algebra.chained(slope, tangent)


@functools.cache
def _integers(op: str) -> int:
    return len(FUNCTIONS[op].integers)


def _derivative_of(limit: int, builder: Builder, node: int, name: str) -> int | None:
    """The derivative of a sub-program's node."""
    return finished(Tangents(builder, limit).deriving(node, name))
