"""The tangent of a function: what it moves by when its inputs do, as a function of the inputs and of how they move."""

from __future__ import annotations

import functools

from gridgrad_core.lang.algebra.chain_rule import ChainRule
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished

__all__ = ["tangent_program"]

_KEPT = 64


@functools.lru_cache(_KEPT)
def tangent_program(program: Program, moving: tuple[tuple[str, str], ...]) -> Program | None:
    """Σ ∂f/∂x·ẋ for each component f.

    Args:
        program: computes the components.
        moving: the names of each x and of its ẋ, which nothing in the program is called.

    Returns:
        A program of the same components; None where none of them depends on any x.

    Raises:
        TooLargeError: it has too many operations.
    """
    derived = derive(program, [(name,) for name, _ in moving])
    builder = Builder()
    places = [builder.take(node) for node in derived.program.nodes]
    algebra, outputs = ChainRule(builder), []
    for number in range(len(program.outputs)):
        total: int | None = None
        for name, tangent in moving:
            slope = places[derived.outputs_of((name,))[number]]
            if builder.nodes[slope].op == "const" and builder.nodes[slope].number == 0:
                continue
            term = algebra.chained(slope, builder.input(tangent))
            total = term if total is None else algebra.total(total, term)
        outputs.append(builder.const(0.0) if total is None else total)
    if not any(builder.has_input(tangent) for _, tangent in moving):
        return None
    nodes, kept = finished(collecting(builder.nodes, outputs))
    used = {node.value for node in nodes if node.op == "input"}
    return Program(
        nodes=tuple(nodes),
        outputs=tuple(kept[output] for output in outputs),
        components=program.components,
        tuple_valued=program.tuple_valued,
        inputs=tuple(name for name in (*program.inputs, *(tangent for _, tangent in moving)) if name in used),
        tables=program.tables,
    )
