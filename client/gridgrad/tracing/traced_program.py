"""From nodes that were written down to a program."""

from __future__ import annotations

from gridgrad.tracing.outputs import Outcome
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.printer import inputs_as_read
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.typed_builder import TypedBuilder

__all__ = ["program_from", "spelled"]


def program_from(operations: TypedBuilder, outcome: Outcome) -> Program:
    """The program of what was written down."""
    nodes, places = finished(collecting(operations.builder.nodes, outcome.nodes))
    return Program(
        nodes=tuple(nodes),
        outputs=tuple(places[node] for node in outcome.nodes),
        components=outcome.names,
        tuple_valued=outcome.tuple_valued,
        inputs=tuple(str(node.value) for node in nodes if node.op == "input"),
    )


def spelled(program: Program) -> Program:
    """The program with its inputs in the order in which its text names them, as if it had been written by hand.

    Raises:
        TracingError: its text is too long to travel.
    """
    if len(program.text) > limits.MAX_TEXT:
        found = f"a function of {len(program.text):,} characters when it is written out"
        remedy = f"take fewer steps in its loops; at most {limits.MAX_TEXT:,} characters"
        raise TracingError("function", found, remedy)
    inputs = inputs_as_read(program)
    if inputs == program.inputs:
        return program
    return Program(program.nodes, program.outputs, program.components, program.tuple_valued, inputs)
