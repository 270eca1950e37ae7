"""From nodes that were written down to a program, and the tables that are called meanwhile."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gridgrad.arguments.coefficients import element_names
from gridgrad.arguments.lookup_table import GivenTable, LookupTable
from gridgrad.elements.spline_calls import SplineCall
from gridgrad.tracing import refusal
from gridgrad.tracing.outputs import Outcome
from gridgrad.tracing.recorder import Recorder
from gridgrad.tracing.tracer import Traced
from gridgrad_core.errors import RequestError, TracingError
from gridgrad_core.grid import MAX_ORDER
from gridgrad_core.lang.functions.tabulated import CALLS, MAX_ARRAY, CalledTable, TableSpec, called_tables
from gridgrad_core.lang.local.gathered_sums import gathered
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.printer import inputs_as_read
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.typed_builder import TypedBuilder

__all__ = [
    "TracedProgram",
    "TracedTable",
    "called_spline",
    "found_table",
    "over_arrays",
    "program_from",
    "spelled",
    "traced_tables",
]


class TracedProgram(Program):
    """The program of a Python function, with the tables that the function has itself.

    Attributes:
        found: these tables, which travel with it.
    """

    found: tuple[GivenTable, ...] = ()

    def with_tables(self, found: Sequence[GivenTable]) -> TracedProgram:
        """The same with these tables."""
        self.found = tuple(found)
        return self


def program_from(operations: TypedBuilder, outcome: Outcome, tables: tuple[TableSpec, ...] = ()) -> TracedProgram:
    """The program of what was written down, with the tables that it may call."""
    nodes, places = finished(collecting(operations.builder.nodes, outcome.nodes))
    return TracedProgram(
        nodes=tuple(nodes),
        outputs=tuple(places[node] for node in outcome.nodes),
        components=outcome.names,
        tuple_valued=outcome.tuple_valued,
        inputs=tuple(str(node.value) for node in nodes if node.op == "input"),
        tables=tables,
    )


def over_arrays(recorder: Recorder, outcome: Outcome, shapes: Iterable[tuple[str, Any]]) -> Outcome:
    """An outcome with sums over arrays of coefficients for long ones that were written out.

    Args:
        recorder: the trace; it gets to know the arrays.
        outcome: what the function came to.
        shapes: of arrays of coefficients, by name; what has none is no such array.
    """
    first = sum(len(spec.names) for spec in recorder.specs)
    long = [(name, shape) for name, shape in shapes if type(shape) is tuple and len(shape) == 1]
    arrays = [(name, shape) for name, shape in long if limits.WRITTEN_OUT < shape[0] <= MAX_ARRAY]
    recorder.specs += [TableSpec(name, 0, 0, "") for name, _ in arrays]
    elements = {number: element_names(name, shape) for number, (name, shape) in enumerate(arrays, first)}
    nodes = gathered(recorder.operations.builder, outcome.nodes, recorder.sums, elements)
    return outcome._replace(nodes=nodes)


def spelled(program: TracedProgram) -> TracedProgram:
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
    shape = program.components, program.tuple_valued, inputs, program.tables
    return TracedProgram(program.nodes, program.outputs, *shape).with_tables(program.found)


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
        """The value of the table, or a tuple of those of its components; of a derivative with orders behind places."""
        spec = self._called.spec
        if len(arguments) not in (spec.dims, 2 * spec.dims):
            found = f"{spec.name}, a table of {spec.dims} argument{'s' * (spec.dims > 1)}, called with {len(arguments)}"
            raise self._recorder.refuse(refusal.doing(found, "call it with one value for each of its axes"))
        orders = [self._order(each) for each in arguments[spec.dims :]] or [0] * spec.dims
        values = [self._value(number, arguments[: spec.dims], orders) for number in self._called.numbers]
        return tuple(values) if spec.components else values[0]

    def __getitem__(self, component: int) -> TracedTable:
        """One of its components."""
        return TracedTable(
            self._recorder, CalledTable(self._called.spec._replace(components=0), (self._called.numbers[component],))
        )

    def _order(self, given: Any) -> int:
        try:
            order = operator.index(given)
        except TypeError:
            order = -1
        if not 0 <= order <= MAX_ORDER:
            found = f"an order of a derivative of {self._called.spec.name} that is no integer from 0 to {MAX_ORDER}"
            raise self._recorder.refuse(
                refusal.doing(found, "give plain integers behind the places, or leave them out")
            )
        return order

    def _value(self, number: int, arguments: Sequence[Any], orders: Sequence[int]) -> Any:
        function = CALLS[f"table_{len(orders)}"]
        return self._recorder.apply(function, float(number), *map(float, orders), *arguments)


def traced_tables(recorder: Recorder, specs: Sequence[TableSpec]) -> dict[str, TracedTable]:
    """The tables of a trace by name."""
    recorder.specs[:] = specs
    called = called_tables(specs)
    return {spec.name: TracedTable(recorder, called[spec.name]) for spec in specs}


def found_table(recorder: Recorder, table: LookupTable) -> TracedTable:
    """A table that the function has itself and calls, by a name of its own; one for those of the same numbers."""
    known = next((each for each in recorder.found if each.table.identity == table.identity), None)
    if known is None:
        names = (f"interp_{n}" for n in itertools.count())
        known = GivenTable(next(name for name in names if name not in recorder.taken), table)
        recorder.taken.add(known.name)
        recorder.found.append(known)
        recorder.specs.append(known.spec)
    return TracedTable(recorder, called_tables(recorder.specs)[known.name])


def called_spline(traced: Traced, call: SplineCall | RequestError) -> Traced:
    """What a call of one of scipy's splines comes to: its tables, called.

    Args:
        traced: one of the values that it was given.
        call: the call, or what is wrong with it.

    Raises:
        TracingError: that is it.
    """
    recorder: Any = traced.recorder
    if isinstance(call, RequestError):
        raise recorder.refuse(refusal.doing(call.found, call.remedy)) from None
    values = [found_table(recorder, each)(*call.places, *call.orders) for each in call.tables.tables]
    stacked: Traced = recorder.stacked(values)
    return stacked.view(np.reshape(stacked.nodes, call.tables.shape or values[0].shape))
