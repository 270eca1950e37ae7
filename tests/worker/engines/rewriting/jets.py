"""Programs as they are written, with all partials up to order 2 and a bound of what rounding may change.

Taylor arithmetic on numpy numbers, after Griewank and Walther, "Evaluating Derivatives", 2nd ed. (2008), chapter 13:
nothing of an engine, of the rules that programs are derived by, or of what rewrites them, is used. Beside each
number goes its magnitude, what its formula gives with every term taken without its sign (Higham, "Accuracy and
Stability of Numerical Algorithms", 2nd ed. (2002), section 3.3): rounding changes a number by a few units in the last
place of its magnitude, however much of it cancels.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.engines.structured.planning.plan import SEPARATED

__all__ = ["Jet", "jets", "values"]

Array = NDArray[np.float64]


class Jet(NamedTuple):
    """A number and its magnitude with their partials by some inputs.

    Args:
        value: [2, 1, 1, points], the number and its magnitude.
        first: [2, inputs, 1, points].
        second: [2, inputs, inputs, points].
    """

    value: Array
    first: Array
    second: Array

    def plus(self, other: Jet) -> Jet:
        """The sum."""
        return Jet(self.value + other.value, self.first + other.first, self.second + other.second)

    def negative(self) -> Jet:
        """The same with the other sign; the magnitude stays."""
        return Jet(self.value * _SIGNS, self.first * _SIGNS, self.second * _SIGNS)

    def times(self, other: Jet) -> Jet:
        """The product."""
        crossed = self.first * other.first.swapaxes(1, 2)
        return Jet(
            self.value * other.value,
            self.value * other.first + other.value * self.first,
            self.value * other.second + other.value * self.second + crossed + crossed.swapaxes(1, 2),
        )

    def through(self, *derivatives: Array) -> Jet:
        """A function of it, whose value and first three derivatives at it are given, [1, 1, points] each.

        Rounding of the argument reaches each of them through the next one.
        """
        size = self.value[1]
        f0, f1, f2 = (
            np.stack([here, np.abs(here) + np.abs(above) * size]) for here, above in itertools.pairwise(derivatives)
        )
        return Jet(f0, f1 * self.first, f2 * self.first * self.first.swapaxes(1, 2) + f1 * self.second)

    def partial(self, wrt: tuple[int, ...]) -> tuple[Array, Array]:
        """The partial by some inputs, at most two, and its magnitude, [points] each."""
        row, column = (*wrt, 0, 0)[:2]
        exact, size = (self.value, self.first, self.second)[len(wrt)][:, row, column]
        return exact, size


_SIGNS = np.array([-1.0, 1.0])[:, None, None, None]


def jets(program: Program, inputs: Mapping[str, Array]) -> list[Jet]:
    """The components of a program.

    Args:
        program: of sums, products, quotients, powers with constant exponents, and some functions.
        inputs: [points] each; partials are by these, in this order.
    """
    with np.errstate(all="ignore"):
        found: list[Jet] = []
        for node in program.nodes:
            found.append(_node(node, found, inputs))
        return [found[output] for output in program.outputs]


def values(nodes: Sequence[Node], inputs: Mapping[str, Array]) -> list[Array]:
    """The values of all nodes of a program, [points] each; `separated` is the sum of the products of its arguments."""
    shape = next(iter(inputs.values())).shape
    found: list[Array] = []
    with np.errstate(all="ignore"):
        for node in nodes:
            if node.op == "const":
                found.append(np.full(shape, node.number))
            elif node.op == "input":
                found.append(inputs[str(node.value)])
            else:
                found.append(_VALUES[node.op](*[found[i] for i in node.args]))
    return found


def _sum_of_products(*factors: Array) -> Array:
    half = len(factors) // 2
    return np.asarray(np.add.reduce([np.multiply(*pair) for pair in zip(factors[:half], factors[half:], strict=True)]))


def _sinc_derivative(n: Array, x: Array) -> Array:
    """The first or second, at numbers that are not small."""
    first = (np.cos(np.pi * x) - np.sinc(x)) / x
    return np.where(n == 1, first, -(np.pi**2) * np.sinc(x) - 2 * first / x)


_VALUES: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "neg": np.negative,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "log": np.log,
    "sqrt": np.sqrt,
    "eq": np.equal,
    "where": np.where,
    "sinc": np.sinc,  # as which sin(u)/u is derived
    "sinc_derivative": _sinc_derivative,
    SEPARATED: _sum_of_products,
}


def _node(node: Node, found: list[Jet], inputs: Mapping[str, Array]) -> Jet:
    arguments = [found[i] for i in node.args]
    if node.op == "const":
        return _leaf(np.full(next(iter(inputs.values())).shape, node.number), len(inputs))
    if node.op == "input":
        jet = _leaf(inputs[str(node.value)], len(inputs))
        jet.first[:, list(inputs).index(str(node.value))] = 1.0
        return jet
    if node.op == "pow":
        return _power(*arguments)
    return _OPERATIONS[node.op](*arguments)


def _leaf(number: Array, count: int) -> Jet:
    value = np.stack([number, np.abs(number)])[:, None, None]
    return Jet(value, np.zeros((2, count, 1, number.size)), np.zeros((2, count, count, number.size)))


def _power(x: Jet, exponent: Jet) -> Jet:
    """A power whose exponent is constant: where that is an integer, of numbers below 0 too."""
    (n,) = set(exponent.value[0].ravel().tolist())
    derivatives, factor = [], 1.0
    for order in range(4):
        derivatives.append(factor * x.value[0] ** (n - order) if factor else np.zeros_like(x.value[0]))
        factor *= n - order
    return x.through(*derivatives)


def _function(*derivatives: Callable[[Array], Array]) -> Callable[[Jet], Jet]:
    return lambda x: x.through(*(derivative(x.value[0]) for derivative in derivatives))


_one_over = _function(lambda v: 1 / v, lambda v: -1 / v**2, lambda v: 2 / v**3, lambda v: -6 / v**4)

_OPERATIONS: dict[str, Callable[..., Jet]] = {
    "add": Jet.plus,
    "sub": lambda x, y: x.plus(y.negative()),
    "neg": Jet.negative,
    "mul": Jet.times,
    "div": lambda x, y: x.times(_one_over(y)),
    "exp": _function(np.exp, np.exp, np.exp, np.exp),
    "sin": _function(np.sin, np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v)),
    "cos": _function(np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v), np.sin),
    "log": _function(np.log, lambda v: 1 / v, lambda v: -1 / v**2, lambda v: 2 / v**3),
    "sqrt": _function(np.sqrt, lambda v: 0.5 / np.sqrt(v), lambda v: -0.25 * v**-1.5, lambda v: 0.375 * v**-2.5),
}
