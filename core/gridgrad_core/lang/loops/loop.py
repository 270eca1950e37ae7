"""Loops: what an engine runs for an operation with a sub-program, as programs of the language.

So each engine needs no more than to run a program again and again, and all of them run the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.lang.loops.quantity import Quantities, Quantity
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["Loop", "program_of", "state_name"]


class Loop(NamedTuple):
    """Programs that are run one after the other, the second again and again.

    Their inputs are the arguments of the operation, called by their positions, and the numbers that the loop goes on
    with, called as `state_name` does.

    Args:
        start: computes from the arguments the numbers to begin with.
        step: computes them anew. The last one is 1 while a point goes on and 0 once it has ended; what a point has
            ended with stays as it is.
        result: computes from them what the operation comes to.
        limit: how often it goes round at most.
    """

    start: Program
    step: Program
    result: Program
    limit: int


def state_name(position: int) -> str:
    """What an input of a loop's programs is called that is one of the numbers that it goes on with."""
    return f"s{position}"


def program_of(terms: Quantities, outputs: Sequence[Quantity]) -> Program:
    """A program that computes terms, and has the inputs that it uses."""
    nodes, places = finished(collecting(terms.builder.nodes, [output.node for output in outputs]))
    return Program(
        nodes=tuple(nodes),
        outputs=tuple(places[output.node] for output in outputs),
        components=tuple(f"f{position}" for position in range(len(outputs))),
        tuple_valued=True,
        inputs=tuple(str(node.value) for node in nodes if node.op == "input"),
    )
