"""From nodes that were written down to a program, and the tables that are called meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridgrad.tracing import refusal
from gridgrad.tracing.outputs import Outcome
from gridgrad.tracing.recorder import Recorder
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.functions.tabulated import CALLS, CalledTable, TableSpec, called_tables
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.printer import inputs_as_read
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.typed_builder import TypedBuilder

__all__ = ["TracedTable", "program_from", "spelled", "traced_tables"]


def program_from(operations: TypedBuilder, outcome: Outcome, tables: tuple[TableSpec, ...] = ()) -> Program:
    """The program of what was written down, with the tables that it may call."""
    nodes, places = finished(collecting(operations.builder.nodes, outcome.nodes))
    return Program(
        nodes=tuple(nodes),
        outputs=tuple(places[node] for node in outcome.nodes),
        components=outcome.names,
        tuple_valued=outcome.tuple_valued,
        inputs=tuple(str(node.value) for node in nodes if node.op == "input"),
        tables=tables,
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
    return Program(program.nodes, program.outputs, program.components, program.tuple_valued, inputs, program.tables)


class TracedTable:
    """A table while a function is traced: called, it writes the call down.

    Args:
        recorder: the trace.
        called: what it calls.
    """

    def __init__(self, recorder: Recorder, called: CalledTable) -> None:
        self._recorder = recorder
        self._called = called

    def __call__(self, *arguments: Any) -> Any:
        """The value of the table, or a tuple of those of its components."""
        spec = self._called.spec
        if len(arguments) != spec.dims:
            found = f"{spec.name}, a table of {spec.dims} argument{'s' * (spec.dims > 1)}, called with {len(arguments)}"
            raise self._recorder.refuse(refusal.doing(found, "call it with one value for each of its axes"))
        values = [self._value(number, arguments) for number in self._called.numbers]
        return tuple(values) if spec.components else values[0]

    def __getitem__(self, component: int) -> TracedTable:
        """One of its components."""
        return TracedTable(
            self._recorder, CalledTable(self._called.spec._replace(components=0), (self._called.numbers[component],))
        )

    def _value(self, number: int, arguments: Sequence[Any]) -> Any:
        dims = self._called.spec.dims
        return self._recorder.apply(CALLS[f"table_{dims}"], float(number), *(0.0,) * dims, *arguments)


def traced_tables(recorder: Recorder, specs: Sequence[TableSpec]) -> dict[str, TracedTable]:
    """The tables of a trace by name."""
    called = called_tables(specs)
    return {spec.name: TracedTable(recorder, called[spec.name]) for spec in specs}
