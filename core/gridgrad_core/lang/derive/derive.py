"""Symbolic derivatives: a program in, one program out that computes it and all its asked derivatives.

("t", "k") is the derivative by t of that by k, as in ∂²f/∂t∂k and in the functional engine: at singular
points the order can matter. All share one builder, so what several of them need is there once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from gridgrad_core.lang.derive.forward_mode import Tangents
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["Derived", "derive", "deriving"]


class Derived(NamedTuple):
    """A program with its derivatives.

    Args:
        program: computes all; a component for each derivative of each component, in wire order
            [derivative, component]. Those of the value are called as they were, their derivatives
            such as f_t_k.
        derivatives: the tuples of input names, the value () first.
        source: what was derived.
    """

    program: Program
    derivatives: tuple[tuple[str, ...], ...]
    source: Program

    def outputs_of(self, derivative: tuple[str, ...]) -> tuple[int, ...]:
        """The nodes of one derivative, one for each component."""
        components = len(self.source.outputs)
        start = self.derivatives.index(derivative) * components
        return self.program.outputs[start : start + components]

    def alone(self, derivative: tuple[str, ...]) -> Program:
        """One derivative as a program of its own, such as to show its text."""
        nodes, places = finished(collecting(self.program.nodes, self.outputs_of(derivative)))
        used = {node.value for node in nodes if node.op == "input"}
        return Program(
            nodes=tuple(nodes),
            outputs=tuple(places[output] for output in self.outputs_of(derivative)),
            components=self.source.components,
            tuple_valued=self.source.tuple_valued,
            inputs=tuple(name for name in self.source.inputs if name in used),
            tables=self.source.tables,
        )


def derive(program: Program, derivatives: Sequence[tuple[str, ...]], *, limit: int = limits.MAX_DERIVED) -> Derived:
    """Derives a program symbolically, in forward mode.

    The derivatives of what does not depend on an input are left out (structural zeros), and so is what
    `gridgrad_core.lang.algebra.simplify` lists. What is not chosen by a `where` never counts, finite or not.

    Args:
        program: what to derive.
        derivatives: tuples of input names, canonical so that they share most; names that the program
            does not use give zero. The value comes first whether listed or not, and all only once.
        limit: how many operations may be written down, those in between included.

    Raises:
        TooLargeError: there were more.
    """
    return finished(deriving(program, derivatives, limit=limit))


def deriving(
    program: Program, derivatives: Sequence[tuple[str, ...]], *, limit: int = limits.MAX_DERIVED
) -> Generator[None, None, Derived]:
    """Does what `derive` does, in steps of about a millisecond."""
    wanted = tuple(dict.fromkeys(((), *derivatives)))
    builder = Builder()
    yield from _copying(program, builder)
    known: dict[tuple[str, ...], tuple[int | None, ...]] = {(): program.outputs}
    tangents = Tangents(builder, limit)
    steps = list(dict.fromkeys(each[start:] for each in wanted for start in reversed(range(len(each)))))
    last = {name: position for position, (name, *_) in enumerate(steps)}
    for position, (name, *rest) in enumerate(steps):
        known[name, *rest] = yield from _next(tangents, known[tuple(rest)], name)
        if position == last[name]:
            tangents.forget(name)
    outputs = [builder.const(0.0) if node is None else node for derivative in wanted for node in known[derivative]]
    tangents.forget()
    while builder.forget(limits.STEP_NODES):
        yield
    nodes, places = yield from collecting(builder.nodes, outputs, spent=builder.nodes)
    derived = Program(
        nodes=tuple(nodes),
        outputs=tuple(places[output] for output in outputs),
        components=_components(program, wanted),
        tuple_valued=True,
        inputs=program.inputs,
        tables=program.tables,
    )
    return Derived(derived, wanted, program)


def _copying(program: Program, builder: Builder) -> Generator[None, None, None]:
    """Gives an empty builder the nodes of a program; they keep their places, since none is there twice."""
    for index, node in enumerate(program.nodes):
        if not index % limits.STEP_NODES:
            yield
        builder.take(node)


def _next(
    tangents: Tangents, nodes: tuple[int | None, ...], name: str
) -> Generator[None, None, tuple[int | None, ...]]:
    derived: tuple[int | None, ...] = ()
    for node in nodes:
        derived += ((yield from tangents.deriving(node, name)),)
    return derived


def _components(program: Program, derivatives: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """f for the value, f_t_k for a derivative; longer where an input or a component is called so already."""
    names = list(program.components)
    taken = {*names, *program.inputs}
    for derivative in derivatives[1:]:
        for component in program.components:
            name = "_".join((component, *derivative))
            while name in taken:
                name += "_"
            taken.add(name)
            names.append(name)
    return tuple(names)
