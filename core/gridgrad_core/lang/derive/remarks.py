"""What can be seen of a program that makes derivatives other than most would expect, in words.

* A condition that is an equality chooses one point, where derivatives are those of the side chosen alone.
* A quotient of two expressions that vanish together loses digits beside that point, in higher derivatives all of them.
* At the end of a domain an infinite slope may meet one that vanishes, and a derivative be nan where the value is not:
  such ends are looked for where they are numbers of single inputs, and tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.algebra.float_values import float_values
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program

__all__ = ["remarks"]

_EQUALITY = (
    "where({0} {1} ...) chooses a single point, and derivatives there are those of the side chosen alone: give that "
    "side the same slope, or write a function that needs no guard, such as sinc(r/pi) for sin(r)/r or expm1(x) for "
    "exp(x) - 1"
)
_QUOTIENT = (
    "numerator and denominator of a quotient vanish together at {0} = 0, where it is nan and beside which higher "
    "derivatives lose digits: write a series near 0"
)
_BETTER = "{1} is nan at {0} = 0: write {2}"
_OF_NUMERATOR = {
    "sin": ("sin({0})/{0}", "sinc({0}/pi)"),
    "tanh": ("tanh({0})/{0}", "tanhc({0})"),
    "expm1": ("expm1({0})/{0}", "exprel({0})"),
    "log1p": ("log1p({0})/{0}", "log1prel({0})"),
}
_OF_DIVISOR = ("{0}/expm1({0})", "bernoulli({0})")
_OF_DIFFERENCE = ("1/tanh({0}) - 1/{0}", "langevin({0})")
"""What is written, and the function that it is."""

_UNDEFINED = (
    "the derivative by {0} is nan at {1} where the value is finite: an infinite slope meets one that vanishes there, "
    "or another infinite one; leave the point out, or write what the function is beside it"
)
_ENDS: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("sqrt", "cbrt", "log", "hypot", "direction", "pow", "div", "reciprocal"), (0.0,)),
    "arcsin": (-1.0, 1.0), "arccos": (-1.0, 1.0), "arccosh": (1.0,), "log1p": (-1.0,),
}  # fmt: skip
"""Where the arguments of functions have ends or poles; of a quotient its divisor."""
_LARGEST, _LARGEST_DERIVED = 300, 3000
_MOST_POINTS = 8
_ELSEWHERE = 0.7318
"""About what other inputs are there."""
_SIGNS = {"eq": "==", "ne": "!="}
_VANISHING = frozenset({
    "sin", "tan", "tanh", "sinh", "arcsin", "arctan", "arcsinh", "arctanh", "expm1", "log1p", "erf", "erfinv",
})  # fmt: skip
"""Functions that are 0 at 0 as x is."""
_ONE_AT_0 = frozenset({"exp", "cos", "cosh"})


def remarks(program: Program, derivatives: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """What to know of a program's derivatives, a sentence for each; empty for most programs.

    Args:
        program: what is derived.
        derivatives: the tuples of input names.
    """
    wrt = {name for derivative in derivatives for name in derivative}
    if not wrt:
        return ()
    depends = _dependences(program)
    found = [*_equalities(program, depends, wrt), *_quotients(program, wrt), *_undefined(program, derivatives)]
    return tuple(dict.fromkeys(found))


def _dependences(program: Program) -> list[frozenset[str]]:
    """The inputs that each node depends on."""
    found: list[frozenset[str]] = []
    for node in program.nodes:
        own = {str(node.value)} if node.op == "input" else set()
        found.append(frozenset(own).union(*(found[argument] for argument in node.args)))
    return found


def _equalities(program: Program, depends: list[frozenset[str]], wrt: set[str]) -> Iterable[str]:
    for node in program.nodes:
        if node.op == "where":
            condition = program.nodes[node.args[0]]
            inputs = sorted(depends[node.args[0]] & wrt)
            if condition.op in _SIGNS and inputs and (depends[node.args[1]] | depends[node.args[2]]) & wrt:
                yield _EQUALITY.format(_text(program.nodes[condition.args[0]], inputs), _SIGNS[condition.op])


def _text(node: Node, inputs: list[str]) -> str:
    return str(node.value) if node.op == "input" else f"... {', '.join(inputs)} ..."


def _quotients(program: Program, wrt: set[str]) -> Iterable[str]:
    zeros = _zeros(program.nodes)
    for node in program.nodes:
        if node.op == "div":
            numerator, divisor = (zeros[argument] for argument in node.args)
            together = numerator and divisor and numerator.name == divisor.name and numerator.name in wrt
            if numerator and divisor and together and (numerator.curved or divisor.curved):
                yield _better(program.nodes, node, numerator.name) or _QUOTIENT.format(numerator.name)
        elif node.op == "sub" and (name := _of_langevin(program.nodes, node)) in wrt:
            yield _named(name, *_OF_DIFFERENCE)


def _better(nodes: Sequence[Node], quotient: Node, name: str) -> str:
    """What to write for a quotient of an input and a function of it; empty if there is nothing better."""
    first, second = (nodes[argument] for argument in quotient.args)
    if second.op == "input" and first.op in _OF_NUMERATOR and first.args == quotient.args[1:]:
        return _named(name, *_OF_NUMERATOR[first.op])
    if first.op == "input" and second == Node("expm1", quotient.args[:1]):
        return _named(name, *_OF_DIVISOR)
    return ""


def _named(name: str, written: str, better: str) -> str:
    return _BETTER.format(name, written.format(name), better.format(name))


def _of_langevin(nodes: Sequence[Node], difference: Node) -> str:
    """The input x of 1/tanh(x) - 1/x; empty if it is something else."""
    first, second = (nodes[argument] for argument in difference.args)
    if first.op != "div" or second.op != "div" or nodes[second.args[1]].op != "input":
        return ""
    x = second.args[1]
    ones = all(nodes[each.args[0]] == Node("const", (), 1.0) for each in (first, second))
    return str(nodes[x].value) if ones and nodes[first.args[1]] == Node("tanh", (x,)) else ""


def _undefined(program: Program, derivatives: Iterable[Sequence[str]]) -> Iterable[str]:
    points = _ends(program) if len(program.nodes) <= _LARGEST else []
    if not points:
        return
    try:
        derived = derive(program, [tuple(wrt) for wrt in derivatives], limit=_LARGEST_DERIVED)
    except RequestError:
        return
    components = len(program.outputs)
    for point in points[:_MOST_POINTS]:
        others = {name: _ELSEWHERE + 0.117 * place for place, name in enumerate(program.inputs)}
        values = float_values(derived.program, others | point)
        for place, wrt in enumerate(derived.derivatives):
            planes = zip(values[:components], values[place * components :], strict=False)
            if any(_is_finite(value) and each is not None and math.isnan(each) for value, each in planes):
                where = ", ".join(f"{name} = {number:.6g}" for name, number in point.items())
                yield _UNDEFINED.format(", ".join(wrt), where)
                break


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _ends(program: Program) -> list[dict[str, float]]:
    """Points at which a function is at the end of its domain, or at a pole, as far as they are numbers of inputs."""
    found: dict[tuple[tuple[str, float], ...], dict[str, float]] = {}
    for node in program.nodes:
        arguments = node.args if node.op in ("hypot", "direction") else node.args[-1:]
        arguments = node.args[:1] if node.op == "pow" else arguments
        for end in () if _is_whole(program.nodes, node) else _ENDS.get(node.op, ()):
            each = [_inputs_at(program.nodes, argument, end) for argument in arguments]
            if all(each):
                point = {name: number for one in each if one for name, number in one.items()}
                found[tuple(point.items())] = point
    return list(found.values())


def _is_whole(nodes: Sequence[Node], node: Node) -> bool:
    """Whether a node is a whole power, which has no end and no pole."""
    exponent = nodes[node.args[1]] if node.op == "pow" else None
    return exponent is not None and exponent.op == "const" and exponent.number >= 0 and exponent.number.is_integer()


def _inputs_at(nodes: Sequence[Node], index: int, value: float) -> dict[str, float] | None:
    """What inputs are where a node has a value; None if that is not so simple."""
    op, arguments, name = nodes[index]
    if op == "input":
        return {str(name): value}
    if op == "add" and value == 0 and all(_is_square(nodes, argument) for argument in arguments):
        both = [_inputs_at(nodes, argument, 0.0) for argument in arguments]
        return both[0] | both[1] if both[0] and both[1] else None
    if op in ("square", "sqrt", "abs", "neg") or (op == "pow" and nodes[arguments[1]].op == "const"):
        return _inputs_at(nodes, arguments[0], 0.0) if value == 0 else None
    if op == "mul" and value == 0:
        return next((found for argument in arguments if (found := _inputs_at(nodes, argument, 0.0))), None)
    for place, other in ((0, 1), (1, 0)) if op in ("add", "sub") else ():
        constant = nodes[arguments[other]]
        if constant.op == "const":
            shift = constant.number
            wanted = value - shift if op == "add" else value + shift if place == 0 else shift - value
            return _inputs_at(nodes, arguments[place], wanted)
    return None


def _is_square(nodes: Sequence[Node], index: int) -> bool:
    """Whether a node is a square, or a sum of squares."""
    op, arguments, _ = nodes[index]
    if op == "add":
        return all(_is_square(nodes, argument) for argument in arguments)
    exponent = nodes[arguments[1]] if op == "pow" else None
    even = exponent is not None and exponent.op == "const" and exponent.number == 2
    return op == "square" or even or (op == "mul" and arguments[0] == arguments[1])


class _Zero(NamedTuple):
    """How a node vanishes.

    Args:
        name: the input with which it does.
        curved: whether it is more than a power of it.
    """

    name: str
    curved: bool


def _zeros(nodes: Sequence[Node]) -> list[_Zero | None]:
    """How each node vanishes, where it does so with one input."""
    found: list[_Zero | None] = []
    for node in nodes:
        if node.op == "input":
            found.append(_Zero(str(node.value), False))
        else:
            found.append(_zero_of(node, nodes, found))
    return found


def _less_one(node: Node, nodes: Sequence[Node], found: Sequence[_Zero | None]) -> _Zero | None:
    """How ln(1 + u), eᵘ - 1, 1 - cos(u) and such vanish, where u does."""
    if node.op == "log":
        node = nodes[node.args[0]]
    for one, other in (node.args, node.args[::-1]) if node.op in ("add", "sub") else ():
        if nodes[one] == Node("const", (), 1.0):
            u = other if node.op == "add" else nodes[other].args[0] if nodes[other].op in _ONE_AT_0 else one
            zero = found[u]
            return zero and zero._replace(curved=True)
    return None


def _zero_of(node: Node, nodes: Sequence[Node], found: Sequence[_Zero | None]) -> _Zero | None:
    zeros = [found[argument] for argument in node.args]
    if node.op in _VANISHING:
        return zeros[0] and zeros[0]._replace(curved=True)
    if node.op in ("neg", "square"):
        return zeros[0]
    if node.op in ("log", "sub"):
        return _less_one(node, nodes, found)
    if node.op == "pow":
        exponent = nodes[node.args[1]]
        return zeros[0] if exponent.op == "const" and exponent.number > 0 else None
    if node.op != "mul":
        return None
    constant = [nodes[argument].op == "const" for argument in node.args]
    if constant[0] or constant[1]:
        return zeros[1] if constant[0] else zeros[0]
    first, second = zeros
    same = first is not None and second is not None and first.name == second.name
    return _Zero(first.name, first.curved or second.curved) if same and first and second else None
